"""What a compliance team approved: who may say so, what it may say, which findings it covers, and when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.approvals import FIRST_LINE, MAX_BYTES, ApprovalRefused, covering, read_approval
from agent.ledger.note import Signer, signed
from agent.model.approvals import Approval
from agent.model.findings import Finding, Level, Stage

NOW = 1_800_000_000_000
UNTIL = "2027-02-01T00:00:00Z"
TEAM = Signer("compliance.acme.example", bytes(range(32)))
OTHER = Signer("compliance.acme.example", bytes(range(1, 33)))
FINDING = Finding(
    "f1", "yt-dlp", "yt-dlp", "media-downloader", Stage.RUNNING, 0.9, Level.HIGH, True, ("youtube",), NOW, NOW, 1
)


def approval(
    signer: Signer = TEAM,
    *,
    head: str = FIRST_LINE,
    family: str = "media-downloader",
    platform: str = "youtube",
    until: str = UNTIL,
    more: str = "",
) -> bytes:
    text = f"{head}\nfamily: {family}\nplatform: {platform}\nuntil: {until}\nreference: TICKET-12\n{more}"
    return signed(text, signer.sign(text))


def test_an_approval_signed_by_the_named_key_is_taken_whole() -> None:
    taken = read_approval(approval(), [TEAM.verifier], NOW)
    assert taken == Approval("media-downloader", "youtube", 1_801_440_000_000, "TICKET-12", "compliance.acme.example")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (approval(OTHER), "none of the keys"),
        (approval().replace(b"youtube", b"linkedin"), "has been changed"),
        (approval(head="gleanwatch approval v2"), "first line"),
        (approval(family="everything"), "family is none of"),
        (approval(platform="myspace"), "platform is none of"),
        (approval(family="any", platform="any"), "approves everything"),
        (approval(until="tomorrow"), "2027-01-31T00:00:00Z"),
        (approval(until="2099-01-01T00:00:00Z"), "more than 366 days"),
        (approval(more="device: all\n"), "each further line"),
        (approval(more="family: any\n"), "each further line"),
        (b"gleanwatch approval v1\n", "no blank line"),
        (b"x" * (MAX_BYTES + 1), "longer than"),
        (b"\xff\xfe\n\n", "not UTF-8"),
    ],
)
def test_any_other_is_refused_with_a_reason(data: bytes, why: str) -> None:
    with pytest.raises(ApprovalRefused, match=why):
        read_approval(data, [TEAM.verifier], NOW)


@given(st.binary(max_size=2000))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(ApprovalRefused):
        read_approval(data, [TEAM.verifier], NOW)


def made(family: str, platform: str, until: int = NOW + 1) -> Approval:
    return Approval(family, platform, until, "T", "k")


@pytest.mark.parametrize(
    ("known", "platforms", "covered"),
    [
        (made("media-downloader", "youtube"), ("youtube",), True),
        (made("media-downloader", "any"), (), True),
        (made("any", "youtube"), ("youtube",), True),
        (made("media-downloader", "youtube"), (), False),
        (made("media-downloader", "youtube"), ("youtube", "tiktok"), False),
        (made("site-mirror", "any"), ("youtube",), False),
        (made("media-downloader", "youtube", NOW), ("youtube",), False),
    ],
)
def test_it_covers_what_it_names_and_nothing_else(known: Approval, platforms: tuple[str, ...], covered: bool) -> None:
    finding = replace(FINDING, platforms=platforms)
    assert covering(finding, [known], NOW) == (known if covered else None)


def test_of_several_the_one_that_holds_longest_counts() -> None:
    short, long = made("any", "youtube", NOW + 5), made("media-downloader", "any", NOW + 9)
    assert covering(FINDING, [short, long], NOW) is long
