"""To which platforms a process talks, as counts.

`addresses` knows which address is whose, `sockets` lists the open connections of one process, `platforms` joins them
into the `Connections` protocol of `agent.model.ports`, and `sampler` adds up over time while somebody is being watched.
No address and no host name leaves this package.
"""

from agent.sensors.connections.addresses import PlatformAddresses
from agent.sensors.connections.platforms import PlatformConnections
from agent.sensors.connections.sampler import Sampler
from agent.sensors.connections.sockets import Endpoint, socket_lister

__all__ = ["Endpoint", "PlatformAddresses", "PlatformConnections", "Sampler", "socket_lister"]
