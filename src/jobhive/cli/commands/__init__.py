"""The commands as they are typed, one noun per file; what is heavy loads inside the command that needs it."""
