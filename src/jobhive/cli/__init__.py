"""The terminal: one noun per file. What is heavy loads inside the command that needs it."""

from jobhive.cli.root import main

__all__ = ["main"]
