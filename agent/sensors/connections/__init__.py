"""What a suspected process does on the network, as counts.

A look at the system's sockets (`sockets` chooses how: `linux` with `diag`, `holding` and `proctable`, or `portable`)
gives `sightings`; `tally` adds them up for one process; `sampler` looks again and again while somebody is suspected and
is the `Connections` of `agent.model.ports`. `addresses` knows which platform a far end is, where that can be told.
No address and no host name leaves this package, and none is kept once a process is forgotten.
"""

from agent.sensors.connections.addresses import PlatformAddresses, resolve
from agent.sensors.connections.contained import contained
from agent.sensors.connections.platforms import PlatformConnections
from agent.sensors.connections.sampler import Sampler
from agent.sensors.connections.sightings import FarEnds, Sighting, Sockets, Traffic
from agent.sensors.connections.sockets import socket_lister

__all__ = [
    "FarEnds",
    "PlatformAddresses",
    "PlatformConnections",
    "Sampler",
    "Sighting",
    "Sockets",
    "Traffic",
    "contained",
    "resolve",
    "socket_lister",
]
