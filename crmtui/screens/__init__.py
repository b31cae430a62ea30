"""The screen program: textual. Nothing here decides, and nothing here reads the store but through a service."""
