"""Whose is a connection that nobody was seen to hold, and can anything leave this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.model.events import ProcessKey
from agent.sensors.connections import Traffic, contained
from agent.sensors.connections.diagwire import Row
from agent.sensors.connections.unseen import MAX_WAITING, NOBODY, Unseen

CRAWLER, OTHER = ProcessKey(10, 1), ProcessKey(11, 1)
FAR = (b"\1\2\3\4", 443)


def closed(cookie: int, address: bytes = FAR[0]) -> Row:
    return Row(cookie, 0, 0, 40000, address, 443, Traffic(1, 1, 1))


def settled(unseen: Unseen, now: float) -> list[tuple[ProcessKey, int]]:
    return [(key, row.cookie) for key, row in unseen.settle(now)]


def test_what_closed_at_a_far_end_is_of_the_one_who_alone_is_seen_there_also_when_seen_later() -> None:
    unseen = Unseen()
    unseen.watches(CRAWLER, 0)
    unseen.closed(closed(1), 1)
    assert settled(unseen, 1) == []
    assert unseen.unowned == 1
    unseen.talks(FAR, frozenset({CRAWLER}), 5)
    unseen.closed(closed(2), 5)
    unseen.closed(closed(3, b"\5\6\7\x08"), 5)
    assert settled(unseen, 5) == [(CRAWLER, 1), (CRAWLER, 2)]
    assert unseen.unowned == 1, "another far end"


def test_where_somebody_else_talks_to_it_too_it_stays_nobodys() -> None:
    for second in (NOBODY, frozenset({OTHER})):
        unseen = Unseen()
        unseen.watches(CRAWLER, 0)
        unseen.watches(OTHER, 0)
        unseen.talks(FAR, second, 1)
        unseen.talks(FAR, frozenset({CRAWLER}), 2)
        unseen.closed(closed(1), 3)
        assert settled(unseen, 3) == []


def test_a_stranger_is_forgotten_after_a_minute_and_a_candidate_when_it_ends() -> None:
    unseen = Unseen()
    unseen.watches(CRAWLER, 0)
    unseen.talks(FAR, NOBODY, 0)
    unseen.talks(FAR, frozenset({OTHER}), 1)
    unseen.drop(OTHER)
    unseen.talks(FAR, frozenset({CRAWLER}), 59)
    unseen.closed(closed(1), 59)
    assert settled(unseen, 59) == []
    assert settled(unseen, 61) == [(CRAWLER, 1)]


def test_with_the_last_one_that_is_watched_everything_is_forgotten_and_stays_counted() -> None:
    unseen = Unseen()
    for key in (CRAWLER, OTHER):
        unseen.watches(key, 0)
    unseen.talks(FAR, NOBODY, 1)
    unseen.closed(closed(1), 1)
    unseen.drop(OTHER)
    assert (len(unseen._talkers), len(unseen._waiting)) == (1, 1), (
        "a stranger's far end matters to the one still watched"
    )
    unseen.drop(CRAWLER)
    assert not unseen._talkers and not unseen._waiting
    assert unseen.unowned == 1


def test_what_closed_before_a_process_was_watched_is_not_its_doing() -> None:
    unseen = Unseen()
    unseen.closed(closed(1), 1)
    unseen.watches(CRAWLER, 2)
    unseen.talks(FAR, frozenset({CRAWLER}), 2)
    assert settled(unseen, 2) == []


def test_what_waits_too_long_or_is_too_much_is_given_up_and_stays_counted() -> None:
    unseen = Unseen()
    for cookie in range(MAX_WAITING + 10):
        unseen.closed(closed(cookie), 0)
    assert unseen.unowned == MAX_WAITING + 10
    assert settled(unseen, 100) == []
    unseen.watches(CRAWLER, 0)
    unseen.talks(FAR, frozenset({CRAWLER}), 100)
    assert settled(unseen, 100) == []
    assert unseen.unowned == MAX_WAITING + 10


# Contained.

HEAD = "Inter-|   Receive                            |  Transmit\n face |bytes    packets errs drop\n"
ROUTES = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with nothing but a loopback device."""
    network, devices = tmp_path / "net", tmp_path / "devices"
    network.mkdir()
    (devices / "lo").mkdir(parents=True)
    (devices / "lo" / "flags").write_text("0x9\n")
    (network / "dev").write_text(HEAD + "    lo: 100 1 0 0\n")
    (network / "route").write_text(ROUTES)
    zero = "0" * 32
    (network / "ipv6_route").write_text(f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n")
    return tmp_path


def ask(machine: Path) -> bool:
    return contained(machine / "devices", machine / "net")


def test_loopback_alone_is_contained(machine: Path) -> None:
    assert ask(machine)
    (machine / "net" / "ipv6_route").unlink()
    assert ask(machine), "a kernel without IPv6"


@pytest.mark.parametrize(("flags", "inside"), [("0x1002\n", True), ("0x1003\n", False), (None, False), ("?", False)])
def test_another_device_is_harmless_only_where_it_is_known_to_be_down(
    machine: Path, flags: str | None, inside: bool
) -> None:
    (machine / "net" / "dev").write_text(HEAD + "    lo: 100 1 0 0\n  eth0: 0 0 0 0\n")
    if flags is not None:
        (machine / "devices" / "eth0").mkdir()
        (machine / "devices" / "eth0" / "flags").write_text(flags)
    assert ask(machine) is inside


def test_any_route_that_is_not_loopbacks_leads_out(machine: Path) -> None:
    (machine / "net" / "route").write_text(ROUTES + "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n")
    assert not ask(machine)


def test_what_cannot_be_read_is_not_contained(machine: Path) -> None:
    (machine / "net" / "dev").unlink()
    assert not ask(machine)
    assert not contained(Path("/nonexistent"), Path("/nonexistent"))


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="needs root, unshare and ip to make a network namespace",
)
def test_a_real_namespace_with_loopback_alone_is_contained() -> None:
    asks = "from agent.sensors.connections.contained import contained; print(contained())"
    ask_it = f"{sys.executable} -c '{asks}'"
    card = "ip link add d0 type dummy && ip link set d0 up; ip addr add 192.0.2.1/24 dev d0"
    script = f"ip link set lo up; {ask_it}; {card}; {ask_it}"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    answers = done.stdout.split()
    assert answers[0] == "True"
    if done.stderr:
        pytest.skip("no card of a namespace's own can be made here")
    assert answers[1] == "False", "a card brings a way out"
