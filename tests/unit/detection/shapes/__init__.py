"""Whole little programs, as people write them: what collects (`collecting.py`) and what does not (`ordinary.py`)."""
