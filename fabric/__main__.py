"""`python -m fabric`."""

from fabric.cli import main

main()
