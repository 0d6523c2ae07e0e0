"""The policy: followed exactly, or refused with file, key and reason; never quietly ignored."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from agent.model.purposes import Purpose
from agent.settings.policy import Policy, PolicyError, load_policy

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


def test_the_least_policy_has_the_strict_defaults(path: Path) -> None:
    policy = load(path, LEAST)
    assert policy is not None
    assert (policy.monitoring.lead_days, policy.monitoring.require_acknowledgement) == (14, True)
    assert (policy.retention.observations_hours, policy.retention.findings_days) == (24, 90)
    assert policy.detection.hold_hours == 24
    assert policy.monitoring.purposes_off == ()


def test_a_whole_policy_is_read(path: Path) -> None:
    policy = load(
        path,
        LEAST.replace('"NO"', '"US-NY"')
        + """lead_days = 30
require_acknowledgement = false
purposes_off = ["self.longer-history"]
[retention]
observations_hours = 12
findings_days = 30
[detection]
hold_hours = 72
""",
    )
    assert policy is not None
    assert policy.organisation.name == "Example Ltd"
    assert policy.monitoring.jurisdiction == "US-NY"
    assert policy.monitoring.purposes_off == (Purpose.LONGER_HISTORY,)
    assert (policy.retention.observations_hours, policy.retention.findings_days) == (12, 30)
    assert policy.detection.hold_hours == 72


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
