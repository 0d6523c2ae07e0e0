"""Sensing: everything that observes, built and joined, behind the one gate of recognising bulk collection.

```
processes · connections ──► watching ──► detector ──► what changed, to one callback
installed things · new tables and media ──► inventory, artefacts ──► watching
```
`open` turns it on, `shut` off; in between nothing is looked at. `close` is the end. `slow` makes every sensor wait
longer between two looks, which is how the agent keeps to its budget.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.artefacts import Artefacts
from agent.content.catalogue import Catalogue, load_catalogue
from agent.content.platforms import load_platforms
from agent.content.ranges import load_ranges
from agent.detection.correlate.said import Judge
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.inventory import Inventory
from agent.model.approvals import Approval
from agent.model.events import PageLoad
from agent.model.findings import Finding
from agent.model.health import Health, Part
from agent.model.ports import Clock
from agent.model.purposes import Mode
from agent.opening import Opened
from agent.sensors.connections.addresses import PlatformAddresses, resolve
from agent.sensors.connections.contained import contained
from agent.sensors.connections.endpoints import proxies_of
from agent.sensors.connections.sampler import Sampler
from agent.sensors.connections.sockets import socket_lister
from agent.sensors.processes.choose import reader_for
from agent.sensors.tree import CachedTree
from agent.watching import Watching, WatchParts


@dataclass(frozen=True, slots=True)
class SenseParts:
    """What sensing is built from.

    Attributes:
        opened: The open instance.
        clock: Time.
        uid: Whose programs are seen.
        home: The person's home folder.
        count: Counts what had to be left out.
        start: Runs something beside the agent.
        on_findings: Told which findings changed.
        on_broken: Told of a part that works with a piece left out: which part, and what is wrong.
    """

    opened: Opened
    clock: Clock
    uid: int
    home: Path
    count: Callable[[str], None]
    start: Callable[[Coroutine[None, None, None]], None]
    on_findings: Callable[[Sequence[Finding]], None]
    on_broken: Callable[[Part, str], None]


async def nowhere(_host: str) -> Sequence[str]:
    """Resolve no name."""
    return ()


class Sensing:
    """Every sensor of an agent, with the detector that they feed."""

    def __init__(self, parts: SenseParts) -> None:
        """Build and join the sensors; nothing is observed before `open`."""
        opened, clock = parts.opened, parts.clock
        rules, policy, ruling = opened.rulebook, opened.rulebook.policy, opened.rulebook.ruling
        platforms = load_platforms()
        watched = platforms.keys - ruling.platforms_off
        catalogue = load_catalogue(on_error=lambda problem: parts.on_broken(Part.CATALOGUE, str(problem)))
        # For measuring how much rests on names: a test instance can be told to know none of a family.
        if rules.mode is Mode.TEST and (unknown := os.environ.get("GLEANWATCH_WITHOUT_FAMILY")):
            catalogue = Catalogue(tool for tool in catalogue.tools if tool.family != unknown)
        self._code = CodeReader(loopback=rules.config.loopback)
        reader = reader_for(parts.uid)
        tree = CachedTree(reader, agent=os.getpid())
        identifier = Identifier(
            catalogue, self._code, parts.home, above=tree.ancestors, mark=opened.key.mark, monotonic=clock.monotonic
        )
        addresses = PlatformAddresses(
            platforms.platform_of_host,
            [host for key in sorted(watched) for host in platforms.page_hosts(key)],
            clock,
            ranges=load_ranges(),
            watched=watched,
            loopback=rules.config.loopback,
            proxies=proxies_of(os.environ),
            # A demo or test stays on this machine, its questions to a name server included.
            resolver=nowhere if rules.mode is Mode.TEST and not contained() else resolve,
        )
        self._sockets = socket_lister(reader, addresses.ports)
        sampler = Sampler(self._sockets, addresses, clock)
        self.detector = Detector(
            identifier.identify,
            sampler,
            tree,
            clock,
            # An id is typed after a command: none may begin like an option.
            lambda: secrets.token_urlsafe(9).replace("-", "_"),
            hold_ms=(policy.detection.hold_hours if policy else 24) * 3_600_000,
            refine=identifier.refine,
            recognise=identifier.installed,
            judge=load_rules(),
            package_of=identifier.package_of,
            plain=identifier.plain,
            fetcher=identifier.fetcher,
            parent_of=tree.parent,
        )
        self._watching = Watching(
            WatchParts(
                self.detector,
                tree,
                sampler,
                addresses,
                clock,
                parts.uid,
                rules.config.sensing.poll_seconds,
                lambda pid: pid in (os.getpid(), self._code.pid),
            ),
            parts.on_findings,
            lambda active: parts.start(self._artefacts.attend(active)),
        )
        self._inventory = Inventory(parts.home, os.environ, self._watching.installed, count=parts.count)
        self._artefacts = Artefacts(
            parts.home, os.environ, clock, self._watching.exported, self._watching.media_grew, count=parts.count
        )

    @property
    def on(self) -> bool:
        """Whether anything is observed."""
        return self._watching.on

    async def open(self) -> None:
        """Begin to observe; nothing changes where that is so already."""
        await self._watching.open()
        self._inventory.open()

    async def shut(self) -> None:
        """Stop observing; `open` begins again."""
        await self._watching.close()
        await self._inventory.close()
        await self._artefacts.close()

    async def look_anew(self) -> None:
        """See as new what runs already, where anything is observed at all."""
        if self.on:
            await self._watching.close()
            await self._watching.open()

    async def close(self) -> None:
        """End everything; nothing can be opened again."""
        await self.shut()
        self._sockets.close()
        await self._code.close()

    def page_loads(self, loads: Sequence[PageLoad]) -> None:
        """Hand stored page loads to detection."""
        self._watching.page_loads(loads)

    def follow(self, judge: Judge, approvals: Sequence[Approval]) -> None:
        """Judge by these rules of the organisation from now on, and take these approvals as given."""
        self._watching.follow(judge, approvals)

    def slow(self, factor: int) -> None:
        """Make every sensor wait so many times as long; nothing that a person or a browser hands over waits."""
        for sensor in (self._watching, self._inventory, self._artefacts):
            sensor.slow(factor)

    def health(self) -> list[Health]:
        """Say how each sensor works and what it misses."""
        artefacts = self._artefacts.health()
        return [
            self._watching.health(),
            *(self._watching.network_health() if self._watching.on else ()),
            self._inventory.health(),
            *([] if artefacts is None else [artefacts]),
        ]

    def counts(self) -> Counter[str]:
        """Return what detection had to leave out, with code that could not be read."""
        return self._watching.counts() + Counter({f"code.{why}": n for why, n in self._code.unread.items()})
