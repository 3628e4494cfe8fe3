"""What a person at the terminal sees, and is asked."""
