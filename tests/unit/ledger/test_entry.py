"""An entry: one canonical spelling, a commitment that says nothing without its salt, and nothing else is one."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import entry as entries
from agent.ledger.entry import Entry, EntryError, canonical, commit, decode, encode

AT = 1_795_000_000_000

names = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
facts = st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True), values, max_size=4)
made = st.builds(
    Entry, st.sampled_from(sorted(entries.KINDS)), st.integers(0, 2**53), st.binary(min_size=32, max_size=32), facts
)


# Canonical JSON


SHORT = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\"}


def by_the_rfc(value: object) -> str:
    """RFC 8785 section 3.2 once more, character by character, for what occurs here."""
    if isinstance(value, str):
        return '"' + "".join(SHORT.get(c, c if c >= " " else f"\\u{ord(c):04x}") for c in value) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"{by_the_rfc(name)}:{by_the_rfc(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(by_the_rfc, value)) + "]"
    return "null" if value is None else str(value).lower()


@given(values)
def test_canonical_json_is_that_of_rfc_8785(value: entries.Json) -> None:
    assert canonical(value).decode() == by_the_rfc(value)


@given(values)
def test_canonical_json_says_the_same_and_does_not_depend_on_the_order_of_names(value: entries.Json) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written, object_pairs_hook=lambda pairs: dict(reversed(pairs)))) == written


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.5, "float"),
        ({"a": [1.0]}, "float"),
        (float("nan"), "float"),
        (b"bytes", "bytes"),
        ({"a": {1, 2}}, "set"),
        (2**53 + 1, "2**53"),
        ([-(2**53) - 1], "2**53"),
        ({"naïve": 1}, "plain ASCII"),
        ({1: 1}, "plain ASCII"),
        ("half \ud800", "surrogate"),
    ],
)
def test_what_has_no_canonical_form_is_refused(value: entries.Json, why: str) -> None:
    with pytest.raises(EntryError) as raised:
        canonical(value)
    assert why in str(raised.value)


# The entry


def test_an_entry_is_these_bytes() -> None:
    assert encode(Entry("act", AT, bytes(range(32)))) == (
        b'{"at":1795000000000,"commitment":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
        b'"kind":"act","v":1}'
    )
    assert encode(Entry("erased", AT, bytes(32), {"ground": "withdrawn", "entries": [[1, 2]]})) == (
        b'{"at":1795000000000,"commitment":"' + b"00" * 32 + b'",'
        b'"facts":{"entries":[[1,2]],"ground":"withdrawn"},"kind":"erased","v":1}'
    )


@given(made)
def test_an_entry_is_canonical_json_and_reads_back(entry: Entry) -> None:
    written = encode(entry)
    assert canonical(json.loads(written)) == written
    assert decode(written) == entry


@given(made, st.data())
def test_no_byte_of_it_can_change_unseen(entry: Entry, data: st.DataObject) -> None:
    """Another byte makes another entry or none; never another spelling of the same."""
    written = bytearray(encode(entry))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(EntryError):
        assert decode(bytes(written)) != entry


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    with pytest.raises(EntryError):
        decode(data)


GOOD = encode(Entry("act", AT, bytes(32), {"ground": "withdrawn"}))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 9000, "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "not an object"),
        (GOOD.replace(b'"v":1', b'"v":2'), "version"),
        (GOOD.replace(b'"v":1', b'"v":true'), "version"),
        (GOOD.replace(b'"v":1', b'"v":1,"w":1'), "not an object with"),
        (GOOD.replace(b"1795000000000", b'"now"'), "time"),
        (GOOD.replace(b"1795000000000", b"true"), "time"),
        (GOOD.replace(b"1795000000000", b"1795000000000.0"), "time"),
        (GOOD.replace(b"1795000000000", b"-1"), "time"),
        (GOOD.replace(b'"act"', b'"dance"'), "no kind"),
        (GOOD.replace(b'"act"', b'"Act"'), "kind is not a word"),
        (GOOD.replace(b'"act"', b"7"), "kind is not a word"),
        (GOOD.replace(b'{"ground":"withdrawn"}', b"[]"), "facts"),
        (GOOD.replace(b'{"ground":"withdrawn"}', b"{}"), "canonical"),
        (GOOD.replace(b"ground", b"Ground"), "fact's name"),
        (GOOD.replace(b"00" * 32, b"00" * 31), "32 bytes"),
        (GOOD.replace(b"00" * 32, b"zz" * 32), "32 bytes"),
        (GOOD.replace(b"00" * 32, b"AA" * 32), "canonical"),
        (GOOD + b"\n", "canonical"),
        (GOOD.replace(b",", b", "), "canonical"),
        (GOOD.replace(b'{"at"', b'{"at":1,"at"'), "canonical"),
        (GOOD.replace(b"withdrawn", b"\\u0077ithdrawn"), "canonical"),
        (GOOD.replace(b"withdrawn", b"w" * 20_000), "longer than 16384"),
    ],
)
def test_what_is_no_entry_is_refused_with_the_part_named(data: bytes, why: str) -> None:
    with pytest.raises(EntryError) as raised:
        decode(data)
    assert why in str(raised.value)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Entry("dance", AT, bytes(32)), "no kind of entry"),
        (Entry("act", AT, bytes(31)), "32 bytes"),
        (Entry("act", -1, bytes(32)), "milliseconds"),
        (Entry("act", 2**53 + 1, bytes(32)), "milliseconds"),
        (Entry("act", AT, bytes(32), {"Ground": 1}), "lower-case"),
        (Entry("act", AT, bytes(32), {"a" * 40: 1}), "lower-case"),
        (Entry("act", AT, bytes(32), {"a": "x" * 20_000}), "at most"),
        (Entry("act", AT, bytes(32), {"a": 1.5}), "float"),  # type: ignore[dict-item]
    ],
)
def test_what_makes_no_entry_is_refused(entry: Entry, why: str) -> None:
    with pytest.raises(EntryError) as raised:
        encode(entry)
    assert why in str(raised.value)


# The commitment


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_a_commitment_is_hmac_sha256_under_the_salt(salt: bytes, content: bytes) -> None:
    assert commit(salt, content) == hmac.new(salt, content, hashlib.sha256).digest()


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_salt_is_32_bytes(length: int) -> None:
    """HMAC pads a short key with zeros, so a shorter salt would be another spelling of a longer one."""
    with pytest.raises(EntryError, match="32 random bytes"):
        commit(bytes(length), b"content")
