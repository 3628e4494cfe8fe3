"""The server as the terminal sees it."""
