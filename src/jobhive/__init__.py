"""Durable jobs that run and stream live, on one machine or many."""
