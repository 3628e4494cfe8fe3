"""`jobhive bench`: what the queue does on this machine, through the public API, with workers in their own processes.

Nothing is imported here: `workload` opens the store that the environment names, so that must be said first.
"""
