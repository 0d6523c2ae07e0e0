"""Which programs this person starts and ends.

`choose_source` tests what works on this machine and hands back one `ProcessSource`: the kernel's process connector
where a live self-test saw it work, else a poll of process numbers. Either way a *reader* looks at one process (owner
first, then its command line), a *table* remembers what was already reported, and a *reconciliation* compares the two
now and then, so that whatever the quick way lost is found the slow way.
"""

from agent.sensors.processes.choose import choose_source, reader_for
from agent.sensors.processes.source import ProcessEvent, ProcessSource, SourceStats

__all__ = ["ProcessEvent", "ProcessSource", "SourceStats", "choose_source", "reader_for"]
