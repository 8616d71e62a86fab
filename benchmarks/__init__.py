"""Measurements of this project beside others; run by hand with `make bench`, never as tests."""
