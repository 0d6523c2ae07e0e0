"""The export folder: everything about a person, safe to unpack anywhere, readable, and checked by its own verifier."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.consent.bundle import BundleError, bundle
from agent.consent.qr import from_qr, without_notice
from agent.model.consent import ProofCheck
from agent.model.purposes import Act, ActKind, Channel, Mode, Purpose
from agent.model.records import RecordFacts
from tests.support.consent_records import OPTIONAL, facts, notice, real_log

VERIFIER = files("agent.ledger").joinpath("verify_receipt.py").read_bytes()
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'&{{7*7}}</style></title>"


def story(mode: Mode = Mode.MANAGED, words: str = "for our survey") -> list[RecordFacts]:
    """Shown, acknowledged, consented, answered, withdrawn, disputed: in a real log."""
    return real_log(
        [
            facts(kind=ActKind.SHOWN, mode=mode),
            facts(mode=mode),
            facts(Purpose.LONGER_HISTORY, ActKind.GIVEN, mode),
            facts(Purpose.WARN, ActKind.ANSWERED, mode, words=words),
            facts(Purpose.LONGER_HISTORY, ActKind.WITHDRAWN, mode),
            facts(kind=ActKind.DISPUTED, mode=mode, disputes=1),
        ]
    )


def written(made: Mapping[str, bytes], folder: Path) -> Path:
    for name, data in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


class Seen(HTMLParser):
    """What a browser would make of a page: tags, attributes, text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str]:
        return [value or "" for _, attrs in self.tags for key, value in attrs.items() if key == name]


def seen(made: Mapping[str, bytes]) -> Seen:
    return Seen(made["index.html"].decode())


# What lies in it


def test_everything_is_there_once_and_in_order() -> None:
    acts = story()
    made = bundle(acts, [], VERIFIER, {"ledger/checkpoint": b"note"})
    digest = acts[0].notice.sha256
    assert list(made) == sorted(made)
    assert set(made) == {
        "README.txt",
        "index.html",
        "everything.json",
        "verify_receipt.py",
        "ledger/checkpoint",
        f"notices/{digest}.md",
        "kantara/2.json",
        *(f"receipts/{entry}.json" for entry in range(6)),
        "records/000000-shown-security.detect-bulk-collection.jsonld",
        "records/000001-acknowledged-security.detect-bulk-collection.jsonld",
        "records/000002-given-self.longer-history.jsonld",
        "records/000003-answered-security.jit-warning.jsonld",
        "records/000004-withdrawn-self.longer-history.jsonld",
        "records/000005-disputed-security.detect-bulk-collection.jsonld",
    }
    assert hashlib.sha256(made[f"notices/{digest}.md"]).hexdigest() == digest
    assert made["verify_receipt.py"] == VERIFIER


def test_the_same_acts_make_the_same_bytes_in_whatever_order_they_come() -> None:
    acts = story()
    assert bundle(acts, [], VERIFIER, {}) == bundle(acts[::-1], [acts[0].notice], VERIFIER, {})


def test_every_receipt_is_accepted_by_the_verifier_in_the_folder(tmp_path: Path) -> None:
    folder = written(bundle(story(), [], VERIFIER, {}), tmp_path)
    for receipt in sorted((folder / "receipts").iterdir()):
        done = subprocess.run(
            [sys.executable, "verify_receipt.py", f"receipts/{receipt.name}"],
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert "THE RECEIPT HOLDS" in done.stdout


def test_every_link_leads_into_the_folder_or_the_page() -> None:
    made = bundle(story(), [], VERIFIER, {})
    page = seen(made)
    places = set(page.values("id"))
    for target in page.values("href"):
        assert target.removeprefix("#") in places if target.startswith("#") else target in made, target


def test_programs_find_every_act_with_its_files() -> None:
    made = bundle(story(), [], VERIFIER, {})
    found = json.loads(made["everything.json"])
    assert [act["act"]["entry"] for act in found["acts"]] == list(range(6))
    for act in found["acts"]:
        assert act["receipt"] in made
        assert act["record"] in made
        assert f"notices/{act['notice']}.md" in made
    assert found["acts"][3]["words"] == "for our survey"


def test_a_folder_without_acts_says_so() -> None:
    made = bundle([], [notice(Mode.PERSONAL)], VERIFIER, {})
    assert "Nothing is on record yet" in seen(made).text
    assert "0 acts" in made["README.txt"].decode()


# What the page says


def test_the_page_tells_every_act_and_what_holds() -> None:
    page = seen(bundle(story(), [], VERIFIER, {})).text
    for said in ("The notice was shown to you", "You withdrew your consent", "for our survey", "This is for my work"):
        assert said in page
    assert "Disputed." in page
    _, _, after_links = page.partition("How to check")
    holds, _, _ = after_links.partition("Every act")
    assert "You withdrew your consent" in holds
    assert "You gave your consent" not in holds
    assert "You have said nothing of it yet." in holds, "a disputed acknowledgement does not hold"


def test_a_check_mark_means_that_a_proof_was_verified() -> None:
    checks = {
        1: ProofCheck(1, True, "Entry 1 is in the log.", 6, ()),
        2: ProofCheck(2, False, "The hash does not lead to the root.", 6, ()),
    }
    page = seen(bundle(story(), [], VERIFIER, {}, checks=checks)).text
    assert page.count("✓") == 1
    assert page.count("✗") == 1
    assert page.count("○") == 4
    assert "The hash does not lead to the root." in page
    without = [replace(one, receipt=None) for one in story()]
    bare = seen(bundle(without, [], VERIFIER, {}))
    assert "✓" not in bare.text
    assert bare.text.count("No receipt in this folder") == 6


def test_the_notice_stands_there_character_for_character() -> None:
    text = "# Title <b>\n\n  two blanks\tand a tab & «marks» **bold**\n- `item`\n\n\nend\n"
    shown = notice(Mode.MANAGED, text)
    one = facts()
    (act,) = real_log([replace(one, notice=shown, act=replace(one.act, notice_sha256=shown.sha256))])
    assert text in seen(bundle([act], [], VERIFIER, {})).text


def test_codes_are_drawn_for_what_holds_or_for_what_was_asked() -> None:
    acts = story()
    assert [tag for tag, _ in seen(bundle(acts, [], VERIFIER, {})).tags].count("figure") == 1
    assert [tag for tag, _ in seen(bundle(acts, [], VERIFIER, {}, codes=range(6))).tags].count("figure") == 6
    assert "figure" not in [tag for tag, _ in seen(bundle(acts, [], VERIFIER, {}, codes=())).tags]


def test_a_receipt_that_fits_no_code_says_so_and_is_there_as_a_file() -> None:
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(2_000))
    (one,) = real_log([facts(Purpose.WARN, ActKind.ANSWERED, words=noise)])
    made = bundle([one], [], VERIFIER, {}, codes=(0,))
    assert "No QR code" in seen(made).text
    assert "receipts/0.json" in made


def test_a_code_on_the_page_holds_the_receipt_in_the_folder() -> None:
    from agent.consent.qr import qr_svg, to_text

    made = bundle(story(), [], VERIFIER, {}, codes=(1,))
    receipt = made["receipts/1.json"]
    assert qr_svg(receipt) in made["index.html"].decode()
    assert from_qr(to_text(receipt)) == without_notice(receipt)


def test_a_test_instance_is_stamped_and_a_personal_one_names_nobody() -> None:
    assert "TEST" in seen(bundle(story(Mode.TEST), [], VERIFIER, {})).text
    personal = bundle(story(Mode.PERSONAL), [], VERIFIER, {})
    assert "no organisation stands behind it" in seen(personal).text
    assert not any(b"Example AS" in data for data in personal.values())
    assert not any(name.startswith("kantara/") for name in personal)


# Safety


def hostile() -> list[RecordFacts]:
    """Every text that a person, an organisation or a database could hold, and each of them ill-meant."""
    acts = []
    for one in story(words=HOSTILE):
        text = notice(Mode.MANAGED, HOSTILE)
        parties = replace(
            one.parties,
            organisation=HOSTILE,
            contact=HOSTILE,
            authority=HOSTILE,
            dpia=HOSTILE,
            representatives=HOSTILE,
            jurisdiction="",
        )
        act: Act = replace(one.act, notice_sha256=text.sha256, control=HOSTILE)
        acts.append(
            replace(
                one,
                act=act,
                notice=replace(text, version=HOSTILE),
                title=HOSTILE,
                meaning=HOSTILE,
                retention=HOSTILE,
                parties=parties,
            )
        )
    return acts


def test_no_hostile_text_becomes_markup() -> None:
    calm, made = bundle(story(), [], VERIFIER, {}), bundle(hostile(), [], VERIFIER, {})
    tags = {tag for tag, _ in seen(made).tags}
    assert tags <= {tag for tag, _ in seen(calm).tags}
    assert not tags & {"script", "img", "iframe", "object", "link", "base", "form"}
    assert not [name for _, attrs in seen(made).tags for name in attrs if name.startswith("on") or name == "style"]
    assert HOSTILE in seen(made).text
    json.loads(made["everything.json"])


def test_the_page_forbids_itself_everything_but_its_own_style_sheet() -> None:
    html = bundle(story(), [], VERIFIER, {})["index.html"].decode()
    (policy,) = [
        attrs["content"] for _, attrs in Seen(html).tags if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_whatever_a_person_writes_is_told_as_written(words: str) -> None:
    (one,) = real_log([facts(Purpose.WARN, ActKind.ANSWERED, words=words)])
    assert words in seen(bundle([one], [], VERIFIER, {}, codes=())).text


def test_erased_words_are_nowhere_in_the_folder() -> None:
    acts = [replace(one, words="") for one in story(words="a secret of mine")]
    made = bundle(acts, [], VERIFIER, {}, codes=range(6))
    assert not [name for name, data in made.items() if b"a secret of mine" in data]
    assert "Its content was erased" in seen(made).text
    assert set(json.loads(made["receipts/3.json"])) >= {"entry", "proof", "key"}


@pytest.mark.parametrize(
    "name",
    [
        "../escape",
        "/absolute",
        "a/../../b",
        "a\\b",
        "",
        "a//b",
        ".hidden",
        "CON",
        "ledger/nul.txt",
        "ends.",
        "a b",
        "colon:name",
        "new\nline",
        "a/b/c/d/e/f/g/h/i",
        "x" * 101,
        "ünsafe",
    ],
)
def test_a_name_that_is_not_safe_everywhere_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match="not safe"):
        bundle([], [], VERIFIER, {name: b""})


@pytest.mark.parametrize("name", ["index.html", "INDEX.HTML", "readme.TXT", "records/9.jsonld", "Receipts/more.json"])
def test_no_added_file_takes_the_place_of_ours(name: str) -> None:
    with pytest.raises(BundleError, match="taken"):
        bundle([], [], VERIFIER, {name: b""})


def test_a_notice_that_was_changed_is_not_handed_out() -> None:
    with pytest.raises(BundleError, match="changed"):
        bundle([], [replace(notice(Mode.MANAGED), text="something else")], VERIFIER, {})


def test_an_act_comes_once_and_recorded() -> None:
    with pytest.raises(BundleError, match="twice"):
        bundle([facts(), facts()], [], VERIFIER, {})
    with pytest.raises(BundleError, match="no entry"):
        bundle([replace(facts(), act=replace(facts().act, entry=None))], [], VERIFIER, {})


def test_facts_that_make_no_record_hide_nothing() -> None:
    """An export is the person's: one wrong fact does not keep everything else from them."""
    wrong = replace(facts(OPTIONAL[0], ActKind.GIVEN, basis="A6-1-f"), words="still here")
    made = bundle([wrong, facts(entry=9, channel=Channel.TERMINAL)], [], VERIFIER, {})
    assert [name for name in made if name.startswith("records/")] == [
        "records/000009-acknowledged-security.detect-bulk-collection.jsonld"
    ]
    page = seen(made).text
    assert "No record could be written" in page
    assert "still here" in page
    assert "For 1 act no record" in made["README.txt"].decode()
