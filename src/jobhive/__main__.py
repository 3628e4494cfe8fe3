"""`python -m jobhive` is the program `jobhive`."""

from jobhive.cli import main

main()
