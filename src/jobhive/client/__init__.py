"""What handlers and callers touch: kinds, contexts, enqueueing, handles."""
