"""Measuring recognition: real tools and ordinary programs, run against a site of this machine only."""
