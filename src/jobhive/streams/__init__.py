"""Durable, resumable event streams: one writer per worker, any number of readers anywhere."""
