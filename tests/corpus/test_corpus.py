"""What the corpus promises: cases that can be read, a third held out, right intervals, names that lead here."""

from __future__ import annotations

import math
import re
import ssl
import struct
from pathlib import Path

import pytest

from tests.corpus.case import filled, load, select
from tests.corpus.certificates import Authority
from tests.corpus.evasions import PAGE, table
from tests.corpus.names import address_of, answer
from tests.corpus.score import flagged_after, lines, verdict, wilson

CASES = load()


def test_there_are_enough_of_both_kinds_and_a_third_is_held_out() -> None:
    assert sum(case.kind == "tools" for case in CASES) >= 60
    assert sum(case.kind == "benign" for case in CASES) >= 80
    held = sum(case.split == "holdout" for case in CASES) / len(CASES)
    assert 0.28 < held < 0.40


def test_every_case_says_why_and_what_it_tests() -> None:
    assert all(case.why and case.signal and case.family for case in CASES)


READ_ONLY = {"b-vim-scraper", "b-pylint", "b-eslint-watchlike", "b-harvest-game", "b-man-and-grep", "b-mocha-nock"}
"""Cases whose text names hosts that nothing ever asks."""
NOWHERE = re.compile(r"127\.0\.0\.1|www\.peoplehub-example\.com|.*\.test|schema\.getpostman\.com")


def test_no_case_can_leave_the_machine_unnoticed() -> None:
    """Whoever names a real host says so, and is skipped without the isolation."""
    for case in CASES:
        text = " ".join([*case.files.values(), case.setup, *([case.cmd] if isinstance(case.cmd, str) else case.cmd)])
        hosts = {host for host in re.findall(r"https?://([\w.-]+\.\w+)", text) if not NOWHERE.fullmatch(host)}
        assert case.needs_names or not hosts or case.id in READ_ONLY, (case.id, hosts)


def test_the_page_of_evasions_is_what_the_cases_say() -> None:
    assert PAGE.read_text("utf-8") == table(CASES), "write it anew: python -m tests.corpus --write-evasions"


def test_a_file_that_cannot_be_understood_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("cases: [{id: a, colour: red}]", "utf-8")
    with pytest.raises(ValueError, match=r"x\.yaml"):
        load(tmp_path)


def test_shards_are_disjoint_and_complete() -> None:
    parts = [select(CASES, only=[], kind="all", split="all", shard=f"{n}/3") for n in range(3)]
    ids = [case.id for part in parts for case in part]
    assert sorted(ids) == sorted(case.id for case in CASES)


def test_cases_are_chosen_by_the_beginning_of_their_id() -> None:
    chosen = select(CASES, only=["t-renamed-w*", "t-renamed-curl-loop"], kind="all", split="all", shard="")
    assert {case.id for case in chosen} == {"t-renamed-wget", "t-renamed-curl-loop"}


def test_what_is_no_placeholder_stays() -> None:
    assert filled("{PY} -c {}{x}{NOPE}", {"PY": "p"}) == "p -c {}{x}{NOPE}"


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 0, 0, 1), (50, 50, 0.92866, 1), (0, 56, 0, 0.06420), (8, 10, 0.49016, 0.94332)],
)
def test_wilson_intervals_are_the_textbook_ones(hits: int, of: int, low: float, high: float) -> None:
    got = wilson(hits, of)
    assert math.isclose(got[0], low, abs_tol=1e-4)
    assert math.isclose(got[1], high, abs_tol=1e-4)


def test_the_strongest_verdict_counts() -> None:
    findings = [{"verdict": "inventory"}, {"verdict": "flag", "seconds": 3.0}, {"verdict": "none"}]
    assert verdict({"findings": findings}) == "flag"
    assert flagged_after({"findings": findings}) == 3.0
    assert verdict({"findings": []}) == "none"


def test_a_miss_is_named_with_what_the_agent_said() -> None:
    said = {
        "verdict": "inventory",
        "tool": "x",
        "stage": "running",
        "confidence": 0.4,
        "carried": False,
        "seconds": None,
    }
    record = {"id": "t-x", "label": "flag", "family": "f", "split": "dev", "status": "ran", "requests": 9, "findings":
              [{**said, "evidence": [{"class": "code", "rule": "r", "detail": "reads pages"}]}]}  # fmt: skip
    text = "\n".join(lines([record], latency=True, reveal=False))
    assert "t-x" in text
    assert "reads pages" in text


def test_what_is_held_out_is_counted_but_not_named() -> None:
    record = {"id": "t-x", "label": "flag", "family": "f", "split": "holdout", "status": "ran", "requests": 9}
    assert "t-x" not in "\n".join(lines([record], latency=False, reveal=False))
    assert "t-x" in "\n".join(lines([record], latency=False, reveal=True))


def test_hosts_of_one_domain_share_an_address_set_aside_for_documentation() -> None:
    assert address_of("www.example.co.uk") == address_of("a.b.example.co.uk")
    assert address_of("graph.facebook.com") == address_of("facebook.com") != address_of("x.com")
    assert address_of("facebook.com").startswith(("198.51.100.", "203.0.113."))


def test_the_name_service_answers_addresses_and_nothing_else() -> None:
    def question(kind: int) -> bytes:
        return b"\x12\x34\x01\x00" + struct.pack(">4H", 1, 0, 0, 0) + b"\x01x\x03com\x00" + struct.pack(">2H", kind, 1)

    found = answer(question(1))
    assert found is not None
    assert found[:2] == b"\x12\x34"
    assert ".".join(map(str, found[-4:])) == address_of("x.com")
    nothing = answer(question(28))
    assert nothing is not None
    assert nothing[6:8] == b"\x00\x00"
    assert answer(b"\x00" * 13) is None


def test_every_name_gets_a_certificate_that_the_root_vouches_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "root.crt").write_text(authority.text, "utf-8")
    server, client = authority.server(), ssl.create_default_context(cafile=str(tmp_path / "root.crt"))
    for name in ("graph.facebook.com", "api.acme-corp.io"):
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = server.wrap_bio(to_server, to_client, server_side=True)
        theirs = client.wrap_bio(to_client, to_server, server_hostname=name)
        shaken: set[int] = set()
        for _ in range(6):
            for side in (theirs, ours):
                try:
                    side.do_handshake()
                    shaken.add(id(side))
                except ssl.SSLWantReadError:
                    pass
        assert len(shaken) == 2
