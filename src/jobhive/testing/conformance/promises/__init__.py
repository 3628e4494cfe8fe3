"""What every engine keeps, one file per act. A comment names the requirement or promise that a test proves."""
