"""Ranges: whose network an address belongs to, as data with source, date and certainty.

`ranges.yaml` beside this file is the one source, its head says what may stand in it. `load_ranges` validates it once;
`sensors/connections` asks `Ranges.owner_of` for packed addresses and looks up the names it lists. An address that
nobody owns is nobody's: there is no guessing here.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec
import yaml

OLD_AFTER_DAYS = 365
"""After this many days ranges are shown as old: networks announce something new a few times a year."""


class RangeDataError(ValueError):
    """The shipped ranges are wrong; the message says which entry and why."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who announces some ranges as their own.

    Attributes:
        key: What counts where no look-up tells the owner's platforms apart; the platform's own key where there is one.
        platforms: Keys of the platforms that answer from these ranges.
        source: Where the ranges come from.
        date: When they were last compared with that source.
        certainty: A: the owner's own document was read; B: independent lists agree.
        ranges: The ranges, written as `address/length`.
    """

    key: str
    platforms: tuple[str, ...]
    source: str
    date: datetime.date
    certainty: Literal["A", "B"]
    ranges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ranges:
    """Everything in the file, ready to be asked.

    Attributes:
        owners: In the order of the file.
        lookups: Hosts to look up beside a platform's page hosts, by platform.
        others: Hosts of other services, looked up to find out who shares an address.
    """

    owners: tuple[Owner, ...] = ()
    lookups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    _by_prefix: tuple[tuple[int, int, dict[int, Owner]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[tuple[int, int], dict[int, Owner]] = {}
        for owner in self.owners:
            for text in owner.ranges:
                network = _network(owner.key, text)
                bits = network.max_prefixlen
                host_bits = bits - network.prefixlen
                starts = found.setdefault((bits // 8, host_bits), {})
                starts[int(network.network_address) >> host_bits] = owner
        # The narrowest range first: fewest host bits.
        ordered = sorted((length, bits, starts) for (length, bits), starts in found.items())
        object.__setattr__(self, "_by_prefix", tuple(ordered))

    def owner_of(self, address: bytes) -> Owner | None:
        """Return whose own range a packed address (4 or 16 bytes) lies in, or None."""
        number = int.from_bytes(address, "big")
        for length, host_bits, starts in self._by_prefix:
            if length == len(address) and (owner := starts.get(number >> host_bits)) is not None:
                return owner
        return None

    def oldest(self) -> datetime.date | None:
        """Return the date of the range data that were compared longest ago; None where there are none."""
        return min((owner.date for owner in self.owners), default=None)


Host = Annotated[str, msgspec.Meta(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=253)]


class _OwnerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    platforms: Annotated[list[str], msgspec.Meta(min_length=1)]
    source: Annotated[str, msgspec.Meta(min_length=8, max_length=300)]
    date: datetime.date
    certainty: Literal["A", "B"]
    ranges: Annotated[list[str], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    owners: list[_OwnerFile]
    lookups: dict[str, list[Host]]
    others: list[Host]


def parse_ranges(text: str) -> Ranges:
    """Read and check range data.

    Args:
        text: YAML, in the form that the head of `ranges.yaml` describes.

    Raises:
        RangeDataError: The data is not well formed, a range is no network, is not public, is too wide to be one owner's
            (IPv4 /8, IPv6 /20), or two owners overlap.
    """
    try:
        raw = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise RangeDataError(f"ranges.yaml is not well formed: {error}") from None
    owners = tuple(
        Owner(one.key, tuple(one.platforms), one.source, one.date, one.certainty, tuple(one.ranges))
        for one in raw.owners
    )
    _check(owners)
    lookups = {platform: tuple(hosts) for platform, hosts in raw.lookups.items()}
    if double := {host for hosts in lookups.values() for host in hosts} & set(raw.others):
        raise RangeDataError(f"ranges.yaml: {min(double)} is a platform's and another's at once; decide for one")
    return Ranges(owners, lookups, tuple(raw.others))


def _check(owners: tuple[Owner, ...]) -> None:
    seen: list[tuple[str, ipaddress.IPv4Network | ipaddress.IPv6Network]] = []
    for owner in owners:
        if len(owner.platforms) == 1 and owner.key != owner.platforms[0]:
            raise RangeDataError(f"ranges.yaml: {owner.key} has one platform, so its key must be that platform's")
        for text in owner.ranges:
            network = _network(owner.key, text)
            if not network.is_global or network.prefixlen < (9 if network.version == 4 else 21):
                raise RangeDataError(
                    f"ranges.yaml: {owner.key}: {text} is not public or far too wide to be one owner's"
                )
            for other, earlier in seen:
                if earlier.version == network.version and network.overlaps(earlier):
                    raise RangeDataError(f"ranges.yaml: {text} of {owner.key} overlaps with {earlier} of {other}")
            seen.append((owner.key, network))


def _network(key: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise RangeDataError(f"ranges.yaml: {key}: {text!r} is not a network such as 192.0.2.0/24") from None


@cache
def load_ranges() -> Ranges:
    """Return the ranges shipped with this release, read once.

    Raises:
        RangeDataError: The shipped data is wrong.
    """
    return parse_ranges((files(__package__) / "ranges.yaml").read_text("utf-8"))
