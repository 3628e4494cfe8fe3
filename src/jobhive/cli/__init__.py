"""The terminal: `root` puts the commands together, `exits` says how they end; a room for each thing they need."""

from jobhive.cli.root import main

__all__ = ["main"]
