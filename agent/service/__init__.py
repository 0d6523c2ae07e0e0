"""Being there when the person logs in: one agent as a service of their own, on each system in its own words.

`plan.py` says what is to run and where it may write; `systemd.py`, `launchd.py` and `scheduled_task.py` put that into
the system's own form, install it, take it away and say how it is; `choose.py` picks among them.
"""
