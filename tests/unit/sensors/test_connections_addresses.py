"""Whose address is it: configured map, hosts file, look-ups, own ranges; and when nobody can tell."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.content.platforms import load_platforms
from agent.content.ranges import Owner, RangeDataError, Ranges, load_ranges, parse_ranges
from agent.model.health import Condition
from agent.sensors.connections import PlatformAddresses
from agent.sensors.connections.endpoints import packed, parse_endpoint, parse_hosts, proxies_of

HOSTS = {
    "www.linkedin.com": "linkedin",
    "www.facebook.com": "facebook",
    "m.facebook.com": "facebook",
    "www.instagram.com": "instagram",
}
NOW = int(datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC).timestamp() * 1000)


class FixedClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        return NOW + int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


class Names:
    """A name server with fixed answers; remembers what it was asked."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {name.replace("__", "."): found for name, found in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("does not resolve")
        return self.answers[host]


def owner(key: str, *platforms: str, ranges: tuple[str, ...]) -> Owner:
    return Owner(key, platforms, "a public document", datetime.date(2026, 11, 1), "A", ranges)


async def test_names_are_resolved_when_asked_and_then_not_for_ten_minutes() -> None:
    names = Names(
        www__linkedin__com=["192.0.2.1", "192.0.2.9"], www__facebook__com=["192.0.2.2", "192.0.2.9", "::ffff:192.0.2.3"]
    )
    clock = FixedClock()
    known = PlatformAddresses(HOSTS.get, HOSTS, clock, hosts_file=None, resolver=names)
    assert known.platform_of(packed("192.0.2.1"), 443) is None
    assert names.asked == []
    await asyncio.gather(known.refresh(), known.refresh())
    assert sorted(names.asked) == sorted(HOSTS)
    assert known.platform_of(packed("192.0.2.1"), 443) == "linkedin"
    assert known.platform_of(packed("192.0.2.3"), 8443) == "facebook"
    assert known.platform_of(packed("192.0.2.1"), 22) is None, "only the web's ports"
    assert known.platform_of(packed("192.0.2.9"), 443) is None, "claimed by two platforms: nobody's"
    clock.seconds = 599
    await known.refresh()
    assert len(names.asked) == len(HOSTS)
    clock.seconds = 601
    known.refresh_soon()
    await known.refresh()
    assert len(names.asked) == 2 * len(HOSTS)
    await known.close()


async def test_an_address_that_another_service_shares_counts_for_nobody() -> None:
    names = Names(www__linkedin__com=["192.0.2.1", "192.0.2.2"], cdn__example__com=["192.0.2.2"])
    ranges = Ranges(others=("cdn.example.com",))
    known = PlatformAddresses(HOSTS.get, HOSTS, FixedClock(), ranges=ranges, hosts_file=None, resolver=names)
    await known.refresh()
    assert known.platform_of(packed("192.0.2.1"), 443) == "linkedin"
    assert known.platform_of(packed("192.0.2.2"), 443) is None


async def test_what_a_look_up_said_is_kept_for_an_hour_and_not_longer() -> None:
    names = Names(www__linkedin__com=["192.0.2.1"])
    clock = FixedClock()
    known = PlatformAddresses(HOSTS.get, HOSTS, clock, hosts_file=None, resolver=names)
    await known.refresh()
    names.answers["www.linkedin.com"] = ["192.0.2.5"]
    for seconds, there in ((700, "linkedin"), (3500, "linkedin"), (4300, None)):
        clock.seconds = seconds
        await known.refresh()
        assert known.platform_of(packed("192.0.2.1"), 443) == there
        assert known.platform_of(packed("192.0.2.5"), 443) == "linkedin"


async def test_own_ranges_tell_the_owner_and_look_ups_which_of_its_platforms() -> None:
    names = Names(
        www__facebook__com=["198.51.100.1", "198.51.100.3"], www__instagram__com=["198.51.100.2", "198.51.100.3"]
    )
    ranges = Ranges(
        (
            owner("meta", "facebook", "instagram", ranges=("198.51.100.0/24", "2001:db8::/32")),
            owner("linkedin", "linkedin", ranges=("203.0.113.0/25",)),
        )
    )
    known = PlatformAddresses(HOSTS.get, HOSTS, FixedClock(), ranges=ranges, hosts_file=None, resolver=names)
    assert known.platform_of(packed("203.0.113.127"), 443) == "linkedin", "without any look-up"
    assert known.platform_of(packed("203.0.113.128"), 443) is None
    await known.refresh()
    found = [known.platform_of(packed(f"198.51.100.{last}"), 443) for last in (1, 2, 3, 4)]
    assert found == ["facebook", "instagram", "meta", "meta"]
    assert known.platform_of(packed("2001:db8::7"), 443) == "meta"


async def test_a_platform_that_the_organisation_switched_off_counts_nowhere() -> None:
    names = Names(www__facebook__com=["192.0.2.1"], www__linkedin__com=["192.0.2.2"])
    ranges = Ranges((owner("facebook", "facebook", ranges=("198.51.100.0/24",)),))
    known = PlatformAddresses(
        HOSTS.get,
        HOSTS,
        FixedClock(),
        ranges=ranges,
        watched=["linkedin"],
        loopback={"www.facebook.com": "127.0.0.1:8001"},
        hosts_file=None,
        resolver=names,
    )
    await known.refresh()
    assert known.platform_of(packed("192.0.2.1"), 443) is None
    assert known.platform_of(packed("198.51.100.1"), 443) is None
    assert known.platform_of(packed("127.0.0.1"), 8001) is None
    assert known.platform_of(packed("192.0.2.2"), 443) == "linkedin"


async def test_a_block_list_does_not_make_every_local_server_a_platform(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("0.0.0.0 www.linkedin.com\n127.0.0.1 www.facebook.com # blocked\n")
    names = Names(**{host.replace(".", "__"): ["127.0.0.1", "0.0.0.0", "::1"] for host in HOSTS})
    known = PlatformAddresses(HOSTS.get, HOSTS, FixedClock(), hosts_file=hosts, resolver=names)
    await known.refresh()
    for address in ("127.0.0.1", "0.0.0.0", "::1"):
        assert known.platform_of(packed(address), 443) is None


async def test_a_name_in_the_hosts_file_counts(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("nonsense\n\n# 192.0.2.8 www.linkedin.com\n192.0.2.7\tWWW.LinkedIn.com alias\n")
    known = PlatformAddresses(HOSTS.get, (), FixedClock(), hosts_file=hosts)
    await known.refresh()
    assert known.platform_of(packed("192.0.2.7"), 443) == "linkedin"
    assert known.platform_of(packed("192.0.2.8"), 443) is None


async def test_behind_a_proxy_its_port_is_one_of_the_webs_and_no_platforms() -> None:
    proxies = proxies_of(
        {"https_proxy": "http://proxy.example.com:3128", "HTTP_PROXY": "127.0.0.1:8888", "all_proxy": ":"}
    )
    assert proxies == {("proxy.example.com", 3128), ("127.0.0.1", 8888)}
    names = Names(proxy__example__com=["192.0.2.50"], **{"127__0__0__1": ["127.0.0.1"]})
    known = PlatformAddresses(HOSTS.get, (), FixedClock(), proxies=proxies, hosts_file=None, resolver=names)
    assert known.ports == {3128, 8888}
    await known.refresh()
    assert known.is_web(packed("192.0.2.50"), 3128)
    assert known.is_web(packed("127.0.0.1"), 8888)
    assert not known.is_web(packed("192.0.2.51"), 3128), "another machine's port of this number"
    assert known.platform_of(packed("192.0.2.50"), 3128) is None


def test_this_machine_is_loopback_and_its_cards() -> None:
    known = PlatformAddresses(
        HOSTS.get, (), FixedClock(), hosts_file=None, cards=lambda: frozenset({packed("192.0.2.77")})
    )
    assert [known.own(packed(one)) for one in ("127.0.0.1", "127.9.9.9", "::1", "192.0.2.77")] == [True] * 4
    assert not known.own(packed("192.0.2.78"))


async def test_health_says_what_is_old_or_does_not_resolve() -> None:
    ranges = Ranges((owner("linkedin", "linkedin", ranges=("203.0.113.0/24",)),))
    clock = FixedClock()
    known = PlatformAddresses(HOSTS.get, HOSTS, clock, ranges=ranges, hosts_file=None, resolver=Names())
    assert known.health().condition is Condition.WORKING
    await known.refresh()
    assert "do not resolve" in known.health().missed
    clock.seconds = 366 * 86_400
    assert "2026-11-01" in known.health().how
    assert known.health().condition is Condition.DEGRADED


async def test_a_name_server_that_never_answers_holds_nothing_up() -> None:
    async def never(_host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    known = PlatformAddresses(HOSTS.get, HOSTS, FixedClock(), hosts_file=None, resolver=never)
    known.refresh_soon()
    known.refresh_soon()
    await asyncio.sleep(0)
    assert known.platform_of(packed("192.0.2.1"), 443) is None
    await known.close()


@pytest.mark.parametrize("text", ["", "127.0.0.1", "localhost:80", "127.0.0.1:0", "127.0.0.1:70000", "::1:80:x"])
def test_a_broken_address_in_the_map_is_refused_and_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:8080"):
        parse_endpoint(text)


@given(text=st.text())
def test_no_hosts_file_and_no_proxy_setting_breaks_the_parser(text: str) -> None:
    list(parse_hosts(text))
    proxies_of({"http_proxy": text})


# The data we ship.


def test_shipped_ranges_are_public_dated_and_of_platforms_we_know() -> None:
    ranges, platforms = load_ranges(), load_platforms()
    assert {platform for one in ranges.owners for platform in one.platforms} <= platforms.keys
    assert ranges.lookups.keys() <= platforms.keys
    assert not [host for host in ranges.others if platforms.platform_of_host(host, assets=True)]
    assert "youtube" not in {one.key for one in ranges.owners}, "it shares its addresses with all of its owner"


@given(st.data())
def test_every_address_of_a_range_and_none_beside_it_has_its_owner(data: st.DataObject) -> None:
    ranges = load_ranges()
    one = data.draw(st.sampled_from(ranges.owners))
    network = ipaddress.ip_network(data.draw(st.sampled_from(one.ranges)))
    inside = network[data.draw(st.integers(0, network.num_addresses - 1))]
    assert ranges.owner_of(inside.packed) == one
    outside = ipaddress.ip_address(data.draw(st.binary(min_size=4, max_size=4)))
    inside_of = [o for o in ranges.owners for text in o.ranges if outside in ipaddress.ip_network(text)]
    assert ranges.owner_of(outside.packed) == (inside_of[0] if inside_of else None)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("ranges: [10.0.0.0/16]", "not public"),
        ("ranges: [8.0.0.0/8]", "far too wide"),
        ("ranges: [31.13.24.1/21]", "not a network"),
        ("ranges: [31.13.24.0/21, 31.13.25.0/24]", "overlaps"),
        ("ranges: []", "not well formed"),
        ("ranges: [31.13.24.0/21]\n  certainty: C", "not well formed"),
    ],
)
def test_broken_ranges_are_refused_with_the_entry_named(broken: str, said: str) -> None:
    certainty = "" if "certainty" in broken else "\n  certainty: B"
    text = (
        "schema_version: 1\nlookups: {}\nothers: []\nowners:\n- key: x\n  platforms: [x]\n"
        f"  source: a public document\n  date: 2026-11-01{certainty}\n  {broken}\n"
    )
    with pytest.raises(RangeDataError, match=said):
        parse_ranges(text)
