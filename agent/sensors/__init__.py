"""What observes: processes, connections, installed packages, browser extensions.

Each sensor turns what the system shows into the plain events of `agent.model.events` and nothing else: it keeps no
file, sends nothing and decides nothing. `daemon.py` starts them while the gate is open and carries their events to
detection.
"""
