"""Measuring recognition: real tools and ordinary programs, really run, against a site that exists on this machine only."""
