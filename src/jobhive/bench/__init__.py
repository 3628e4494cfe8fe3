"""`jobhive bench`: what the queue does on this machine, measured through the public API, workers in their own processes.

Nothing is imported here: `workload` opens the store that the environment names, so that must be said first.
"""
