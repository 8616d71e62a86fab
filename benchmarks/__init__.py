"""Measurements of this project beside others, on one machine in one run; started by hand with `make bench`."""
