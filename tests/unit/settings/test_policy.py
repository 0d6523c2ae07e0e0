"""The policy and its supplement: followed exactly, or refused with file, key and reason; never quietly ignored.

What its keys are is written here once more, key by key: whoever adds one must come here and think about whether it
could turn an optional purpose into a mandatory one, add a field or lengthen a retention.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path

import msgspec
import pytest

from agent.model.purposes import Purpose, StartRule
from agent.settings.policy import Policy, PolicyError, PolicyFile, Witness, load_policy

LEAST = """
[organisation]
name = "Example Ltd"
contact = "privacy@example.org"
[monitoring]
jurisdiction = "NO"
"""


def load(path: Path, text: str | bytes, *, require_root: bool = False) -> Policy | None:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_policy(path, require_root=require_root)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def test_no_file_is_no_policy(path: Path) -> None:
    assert load_policy(path, require_root=True) is None
    assert load_policy(path / "below" / "nothing.toml", require_root=True) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are files only where there is mkfifo")
def test_a_named_pipe_in_its_place_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(PolicyError, match="not a plain file"):
        load_policy(path, require_root=False)
    path.unlink()
    os.mkfifo(path.with_name("supplement.md"))
    with pytest.raises(PolicyError, match="not a plain file"):
        load(path, LEAST + '[notices]\nsupplement = "supplement.md"\n')


def test_the_least_policy_has_the_strict_defaults(path: Path) -> None:
    policy = load(path, LEAST)
    assert policy is not None
    assert (policy.monitoring.lead_days, policy.monitoring.start) == (14, StartRule.ACKNOWLEDGED)
    assert (policy.retention.observations_hours, policy.retention.findings_days) == (24, 90)
    assert policy.detection.hold_hours == 24
    assert policy.monitoring.purposes_off == policy.monitoring.platforms_off == ()
    assert set(msgspec.structs.astuple(policy.references)) == {""}
    assert policy.ledger.witnesses == ()
    assert policy.notices.supplement == policy.supplement == ""
    assert not policy.legal_reviewer.named


def test_a_whole_policy_is_read(path: Path) -> None:
    path.with_name("supplement.md").write_bytes("## Hier\r\n\r\nFragen: « Hotline ».\r\n".encode())
    policy = load(
        path,
        LEAST.replace('"NO"', '"US-NY"')
        + """lead_days = 30
start = "shown"
purposes_off = ["self.longer-history"]
platforms_off = ["tiktok", "x"]
[references]
dpia = "DPIA 2026-07"
representatives = "agreement of 2 March 2026"
policy = "handbook, chapter 9"
regulator_filing = "none needed"
posting = "entrance hall, every site"
[notices]
supplement = "supplement.md"
[retention]
observations_hours = 12
findings_days = 30
[detection]
hold_hours = 72
[legal_reviewer]
name = "Legal, reference 12"
date = 2026-11-23
[ledger]
witnesses = [{ key = "w.example+c74f20a3+BFpTYGLCvVEZqxOdtVl5hWCRO7DpPYOjXCWdvUU24pWk", url = "https://w.example/log" }]
""",
    )
    assert policy is not None
    assert policy.organisation.name == "Example Ltd"
    assert policy.monitoring.jurisdiction == "US-NY"
    assert policy.monitoring.start is StartRule.SHOWN
    assert policy.monitoring.purposes_off == (Purpose.LONGER_HISTORY,)
    assert policy.monitoring.platforms_off == ("tiktok", "x")
    assert policy.references.dpia == "DPIA 2026-07"
    assert policy.references.posting == "entrance hall, every site"
    assert policy.supplement == "## Hier\n\nFragen: « Hotline ».\n"
    assert policy.ledger.witnesses[0].url == "https://w.example/log"
    assert (policy.retention.observations_hours, policy.retention.findings_days) == (12, 30)
    assert policy.detection.hold_hours == 72
    assert policy.legal_reviewer.named


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (LEAST + "lead_day = 3", "monitoring.lead_day", "did you mean monitoring.lead_days?"),
        (LEAST + "[retentoin]\n", "retentoin", "did you mean retention?"),
        (LEAST + "[retention]\nzzz = 3", "retention.zzz", "known here: findings_days, observations_hours"),
        (LEAST + "[retention]\nobservations_hours = 25", "retention.observations_hours", "<= 24"),
        (LEAST + "[retention]\nfindings_days = 91", "retention.findings_days", "<= 90"),
        (LEAST + "[detection]\nhold_hours = 0", "detection.hold_hours", ">= 1"),
        (LEAST + "[detection]\nhold_hours = 73", "detection.hold_hours", "<= 72"),
        (LEAST + 'lead_days = "14"', "monitoring.lead_days", "Expected `int`, got `str`"),
        (LEAST + "lead_days = -1", "monitoring.lead_days", ">= 0"),
        (LEAST + 'purposes_off = ["everything"]', "monitoring.purposes_off[0]", "Invalid enum value"),
        (LEAST + 'start = "never"', "monitoring.start", "Invalid enum value 'never'"),
        (
            LEAST + "require_acknowledgement = true",
            "monitoring.require_acknowledgement",
            'write start = "acknowledged"',
        ),
        (LEAST + "require_acknowledgement = false", "monitoring.require_acknowledgement", 'start = "shown" for false'),
        (
            LEAST + 'purposes_on = ["self.longer-history"]',
            "monitoring.purposes_on",
            "did you mean monitoring.purposes_o",
        ),
        (LEAST + 'platforms_off = ["Linked In"]', "monitoring.platforms_off[0]", "matching regex"),
        (LEAST + '[legal_reviewer]\nname = "Legal"', "legal_reviewer.date", "name who reviewed and when"),
        (LEAST + "[legal_reviewer]\ndate = 2026-11-23", "legal_reviewer.name", "name who reviewed and when"),
        (LEAST + '[legal_reviewer]\nname = "Legal"\ndate = "soon"', "legal_reviewer.date", "Invalid"),
        (LEAST + '[references]\ndpai = "x"', "references.dpai", "did you mean references.dpia?"),
        (LEAST + f'[references]\ndpia = "{"x" * 201}"', "references.dpia", "length <= 200"),
        (LEAST + '[notices]\nsupplement = "../x.md"', "notices.supplement", "matching regex"),
        (LEAST + '[notices]\nsupplement = "/etc/passwd"', "notices.supplement", "matching regex"),
        (LEAST + '[notices]\ncore = "x.md"', "notices.core", "known here: supplement"),
        ('supplement = "text"' + LEAST, "supplement", "is not known"),
        (LEAST.replace('"NO"', '"Norway"'), "monitoring.jurisdiction", "matching regex"),
        (LEAST.replace('name = "Example Ltd"\n', ""), "organisation", "missing required field `name`"),
        (LEAST.replace('"Example Ltd"', '""'), "organisation.name", "length >= 1"),
        ("", "", "missing required field `organisation`"),
        ("[organisation", "", "is not TOML"),
        (b"\xff\xfe", "", "not UTF-8"),
        (LEAST + "# " + "x" * 70_000, "", "longer than"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_key(path: Path, text: str, key: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(path, text)
    assert caught.value.key == key
    assert words in caught.value.problem
    assert str(path) in str(caught.value)


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(PolicyError):
        load_policy(path, require_root=False)


def test_a_link_to_nothing_is_not_the_same_as_no_policy(path: Path) -> None:
    path.symlink_to(path.with_name("gone.toml"))
    with pytest.raises(PolicyError, match="link to a file that is not there"):
        load_policy(path, require_root=False)


posix = pytest.mark.skipif(sys.platform == "win32", reason="rights are not kept in a mode on Windows")


@posix
def test_a_policy_that_others_can_write_is_refused_in_managed_mode(path: Path) -> None:
    path.write_text(LEAST)
    path.chmod(0o666)
    with pytest.raises(PolicyError, match=r"can be written by others|does not belong to root"):
        load_policy(path, require_root=True)
    assert load_policy(path, require_root=False) is not None


@posix
def test_a_policy_in_a_folder_that_others_can_write_is_refused(path: Path) -> None:
    """Who can write the folder can replace the file: pytest's own lies below one that everybody may write."""
    path.write_text(LEAST)
    path.chmod(0o644)
    with pytest.raises(PolicyError, match=r"can be written by others|does not belong to root"):
        load_policy(path, require_root=True)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to own a policy")
def test_roots_own_policy_is_accepted_and_anybody_elses_is_not() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gleanwatch-test-", dir="/etc"))
    policy = folder / "policy.toml"
    try:
        assert load(policy, LEAST, require_root=True) is not None
        os.chown(policy, 12345, 12345)
        with pytest.raises(PolicyError, match="does not belong to root"):
            load_policy(policy, require_root=True)
    finally:
        policy.unlink()
        folder.rmdir()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_policy_is_refused(path: Path) -> None:
    path.write_text(LEAST)
    path.chmod(0)
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(path, require_root=False)


KEYS = {
    "organisation": {"name", "contact", "address"},
    "monitoring": {"jurisdiction", "lead_days", "start", "purposes_off", "platforms_off"},
    "references": {"dpia", "representatives", "policy", "regulator_filing", "posting"},
    "notices": {"supplement"},
    "ledger": {"witnesses"},
    "retention": {"observations_hours", "findings_days"},
    "detection": {"hold_hours"},
    "approvals": {"keys"},
    "legal_reviewer": {"name", "date"},
}
"""Every key there is. None says that a purpose is optional or mandatory, given, or switched on."""


def test_the_policy_has_these_keys_and_no_other() -> None:
    sections = {field.name: field.type for field in msgspec.structs.fields(PolicyFile)}
    assert {name: set(section.__struct_fields__) for name, section in sections.items()} == KEYS


PAGE = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text("utf-8")


def test_the_page_for_compliance_teams_has_every_key_and_no_other() -> None:
    told = re.findall(
        r"^\| `([a-z_]+\.[a-z_\[\].]+)` \|", PAGE.partition("## Every key")[2].partition("\n## ")[0], re.M
    )
    witness = [f"ledger.witnesses[].{name}" for name in Witness.__struct_fields__]
    assert sorted(told) == sorted([*(f"{section}.{key}" for section, keys in KEYS.items() for key in keys), *witness])


def test_the_sample_on_that_page_is_a_policy_with_every_section(path: Path) -> None:
    path.with_name("supplement.md").write_text("More.\n")
    sample = PAGE.partition("```toml\n")[2].partition("```")[0]
    policy = load(path, sample)
    assert policy is not None
    assert set(tomllib.loads(sample)) == set(KEYS)
    assert policy.ledger.witnesses[0].url == "https://witness.example/log"


@pytest.mark.parametrize(("key", "longest"), [("observations_hours", 24), ("findings_days", 90)])
def test_a_retention_can_be_shortened_and_never_lengthened(path: Path, key: str, longest: int) -> None:
    assert load(path, LEAST + f"[retention]\n{key} = {longest}") == load(path, LEAST)
    assert load(path, LEAST + f"[retention]\n{key} = 1") is not None
    with pytest.raises(PolicyError, match=f"<= {longest}"):
        load(path, LEAST + f"[retention]\n{key} = {longest + 1}")


WITNESS = "w.example+c74f20a3+BFpTYGLCvVEZqxOdtVl5hWCRO7DpPYOjXCWdvUU24pWk"


def witnessed(*witnesses: tuple[str, str]) -> str:
    lines = (f'{{ key = "{key}", url = "{url}" }}' for key, url in witnesses)
    return f"{LEAST}[ledger]\nwitnesses = [{', '.join(lines)}]"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/w", "http://localhost", "http://[::1]:9/"])
def test_a_witness_on_this_machine_is_for_tests_only(path: Path, url: str) -> None:
    policy = load(path, witnessed((WITNESS, url)))
    assert policy is not None
    assert policy.ledger.witnesses[0].url == url


@pytest.mark.parametrize(
    ("key", "url", "place"),
    [
        ("w.example", "https://w.example", "ledger.witnesses[0].key"),
        ("w example+c74f20a3+BFpTYGLCvVEZ", "https://w.example", "ledger.witnesses[0].key"),
        ("w.example+C74F20A3+BFpTYGLCvVEZ", "https://w.example", "ledger.witnesses[0].key"),
        ("", "https://w.example", "ledger.witnesses[0].key"),
        (WITNESS, "http://w.example", "ledger.witnesses[0].url"),
        (WITNESS, "http://127.0.0.1.example", "ledger.witnesses[0].url"),
        (WITNESS, "http://localhost@w.example", "ledger.witnesses[0].url"),
        (WITNESS, "https://user:word@w.example", "ledger.witnesses[0].url"),
        (WITNESS, "https://w.example/?who=me", "ledger.witnesses[0].url"),
        (WITNESS, "https://w.example/#me", "ledger.witnesses[0].url"),
        (WITNESS, "ftp://w.example", "ledger.witnesses[0].url"),
        (WITNESS, "https://", "ledger.witnesses[0].url"),
    ],
)
def test_what_cannot_be_a_witness_is_refused_with_its_place(path: Path, key: str, url: str, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(path, witnessed((key, url)))
    assert caught.value.key == place


def test_a_witness_counts_once(path: Path) -> None:
    with pytest.raises(PolicyError, match=r"witnesses\[1\].key: is named twice"):
        load(path, witnessed((WITNESS, "https://a.example"), (WITNESS, "https://b.example")))


def test_there_are_at_most_eight_witnesses(path: Path) -> None:
    nine = [(f"{n}{WITNESS}", "https://w.example") for n in range(9)]
    assert load(path, witnessed(*nine[:8])) is not None
    with pytest.raises(PolicyError, match="length <= 8"):
        load(path, witnessed(*nine))


def test_an_unknown_key_of_a_witness_is_refused(path: Path) -> None:
    with pytest.raises(PolicyError, match="unknown field `trust`"):
        load(path, LEAST + '[ledger]\nwitnesses = [{ key = "k", url = "u", trust = true }]')


SUPPLEMENTED = LEAST + '[notices]\nsupplement = "supplement.md"\n'


def supplement(path: Path, text: bytes) -> str:
    path.with_name("supplement.md").write_bytes(text)
    policy = load(path, SUPPLEMENTED)
    assert policy is not None
    return policy.supplement


def test_a_supplement_is_read_as_text_in_any_script(path: Path) -> None:
    assert supplement(path, "\ufeffGuten Tag\u00a0!\n".encode()) == "Guten Tag\u00a0!\n"
    hindi = "\u0915\u094d\u200d\u0937\n"  # with the joiner that its spelling needs
    assert supplement(path, hindi.encode()) == hindi
    assert supplement(path, b"x" * 8_191) == "x" * 8_191 + "\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"x" * 8_193, "longer than 8192 bytes"),
        (b"\xff\xfe", "not UTF-8"),
        (b" \n\n", "is empty"),
        (b"a\x00b", "cannot be seen"),
        (b"a\x1b[2Jb", "cannot be seen"),
        ("pay \u202eon\u202c".encode(), "cannot be seen"),
        ("a\u200bb".encode(), "cannot be seen"),
    ],
)
def test_a_supplement_that_people_could_not_read_as_it_is_is_refused(path: Path, text: bytes, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        supplement(path, text)


def test_a_supplement_that_is_not_there_is_not_the_same_as_none(path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        load(path, SUPPLEMENTED)
    assert caught.value.key == "notices.supplement"
    assert "put it beside the policy or drop the key" in caught.value.problem


@posix
def test_a_supplement_that_is_no_plain_file_is_refused(path: Path) -> None:
    path.with_name("supplement.md").mkdir()
    with pytest.raises(PolicyError, match="cannot be read"):
        load(path, SUPPLEMENTED)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to own a policy")
def test_a_supplement_is_held_to_the_same_ownership_as_the_policy() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gleanwatch-test-", dir="/etc"))
    policy, text = folder / "policy.toml", folder / "supplement.md"
    try:
        text.write_text("More.\n")
        found = load(policy, SUPPLEMENTED, require_root=True)
        assert found is not None
        assert found.supplement == "More.\n"
        text.chmod(0o666)
        with pytest.raises(PolicyError, match=r"supplement\.md can be written by others"):
            load_policy(policy, require_root=True)
        text.chmod(0o644)
        os.chown(text, 12345, 12345)
        with pytest.raises(PolicyError, match=r"supplement\.md does not belong to root"):
            load_policy(policy, require_root=True)
        text.unlink()
        text.symlink_to("/tmp/gleanwatch-nobody-made-this")
        with pytest.raises(PolicyError, match="cannot be read"):
            load_policy(policy, require_root=True)
    finally:
        text.unlink(missing_ok=True)
        policy.unlink()
        folder.rmdir()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to own a policy")
def test_a_managed_policys_witness_is_reached_by_https_only() -> None:
    folder = Path(tempfile.mkdtemp(prefix="gleanwatch-test-", dir="/etc"))
    policy = folder / "policy.toml"
    try:
        with pytest.raises(PolicyError, match="plain https address"):
            load(policy, witnessed((WITNESS, "http://127.0.0.1:8080")), require_root=True)
        assert load(policy, witnessed((WITNESS, "https://w.example")), require_root=True) is not None
    finally:
        policy.unlink()
        folder.rmdir()
