"""The command line: argv in, characters and an exit code out."""
