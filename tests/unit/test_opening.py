"""Under what an instance is opened: a policy that cannot be followed stops the start, with file, key and reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.ledger.cosignature import Cosigner
from agent.ledger.note import Signer
from agent.model.purposes import Mode, StartRule
from agent.opening import StartError, read_rules
from agent.settings.instance import Instance, locate

POLICY = """
[organisation]
name = "Example Ltd"
contact = "privacy@example.org"

[monitoring]
jurisdiction = "GB"

[references]
dpia = "D-1"
representatives = "R-1"
policy = "P-1"
"""
SEED = bytes(range(32))
WITNESS = Cosigner("witness.example/w", SEED).verifier
LOG = Signer("witness.example/w", SEED).verifier


def with_policy(folder: Path, text: str) -> Instance:
    """An instance whose policy was moved, as tests may: nobody but root may write the real one."""
    path = folder / "policy.toml"
    path.write_text(text)
    env = {"GLEANWATCH_HOME": str(folder / "home"), "GLEANWATCH_POLICY": str(path)}
    return locate(env, sys.platform, folder, 1000)


def named(*keys: str) -> str:
    return POLICY + "".join(f'[[ledger.witnesses]]\nkey = "{key}"\nurl = "http://127.0.0.1:1"\n' for key in keys)


def test_a_policy_that_can_be_followed_comes_with_its_ruling(tmp_path: Path) -> None:
    rules = read_rules(with_policy(tmp_path, named(str(WITNESS))))
    assert rules.mode is Mode.TEST  # it was moved
    assert rules.policy is not None
    assert rules.policy.ledger.witnesses[0].key == str(WITNESS)
    assert rules.ruling.start is StartRule.ACKNOWLEDGED


def test_what_cannot_be_followed_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"policy\.toml.*platforms_off.*nosuch"):
        read_rules(with_policy(tmp_path, POLICY.replace('"GB"', '"GB"\nplatforms_off = ["nosuch"]')))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((str(WITNESS).replace("witness", "stranger"),), r"witnesses\[0\]\.key"),
        ((str(LOG),), "key of a log, not a witness"),
        ((str(WITNESS), str(Cosigner(WITNESS.name, bytes(32)).verifier)), "two witnesses called witness.example/w"),
    ],
    ids=["its id is another key's", "a log's key", "two of one name"],
)
def test_a_witness_that_could_never_sign_is_refused_before_anything_runs(
    tmp_path: Path, keys: tuple[str, ...], said: str
) -> None:
    with pytest.raises(StartError, match=said):
        read_rules(with_policy(tmp_path, named(*keys)))
