"""Duties that keep jobs moving. Any number of processes may perform them at once: every statement is its own lock."""
