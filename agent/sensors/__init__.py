"""What observes: processes, connections, installed packages, browser extensions.

Each sensor turns what the system shows into the plain events of `agent.model.events` and nothing else: it keeps no
file, sends nothing and decides nothing. `sensing.py` joins them, and they look only while the gate is open.
"""
