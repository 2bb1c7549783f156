"""Timings: each module has `run()`, a dict of figures, and prints them when called as a script."""
