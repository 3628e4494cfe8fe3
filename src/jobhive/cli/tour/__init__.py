"""What `jobhive demo` shows."""
