"""The screens in a browser of the same machine."""
