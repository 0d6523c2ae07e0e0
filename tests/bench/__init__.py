"""Measurements against the goals, each beside a peer or limit of the same run. `python -m tests.bench` runs all."""
