"""The programs that stay until they are told to stop."""
