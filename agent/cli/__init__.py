"""The `gleanwatch` command: one file a subject, wired in `main.py`."""
