"""Pure facts and decisions: no I/O, no await, no clock of its own.

Everything above may import it; it imports nothing of ours.
"""
