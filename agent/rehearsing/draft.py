"""A policy that is not in force yet: read by the very code that reads it at start, with the same refusals.

The file is read once, with the bounds of the policy in force: what is parsed is what is hashed. Only who may have
written it is not looked at: a draft lies where its author works. What lies beside it (the supplement,
the folders `rules` and `approvals`) is read from there too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from agent.consent.ruling import RulingRefused, rule
from agent.content.jurisdictions import load_jurisdictions
from agent.content.purposes import load_purposes
from agent.model.purposes import Mode
from agent.opening import Rulebook, StartError, rules_under
from agent.settings.config import Config
from agent.settings.instance import Instance
from agent.settings.policy import MAX_BYTES, Policy, PolicyError, opened, parse_policy, read_owned


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy to rehearse.

    Attributes:
        path: Where it lies.
        content: Its bytes.
        policy: What it says.
        rulebook: What follows from it in managed mode.
    """

    path: Path
    content: bytes
    policy: Policy
    rulebook: Rulebook


def read_draft(path: Path, instance: Instance) -> Draft:
    """Read a draft.

    Args:
        path: Where it lies.
        instance: Any instance; only the form of its places is used.

    Raises:
        StartError: It is not there, no plain file, too long, wrong, or asks for what its jurisdiction forbids: the text
            that `run` gives.
    """
    try:
        with opened(path) as file:
            content = read_owned(path, file, MAX_BYTES, require_root=False)
        policy = parse_policy(path, content, require_root=False)
    except PolicyError as problem:
        raise StartError(str(problem)) from None
    except OSError as problem:
        raise StartError(f"{path}: cannot be read ({problem.strerror}). Name the policy's file.") from None
    # Test mode asks neither for root's file nor for a jurisdiction; the person's own configuration is not part of it.
    nobody = replace(instance, policy_file=path, config_file=path.with_name(".no-configuration"), mode_hint=Mode.TEST)
    rules_under(nobody, policy)
    for number, witness in enumerate(policy.ledger.witnesses):
        if not witness.url.startswith("https:"):  # test mode has them on this machine, managed mode never
            why = "must be a plain https address, without a name, query or fragment"
            raise StartError(str(PolicyError(path, f"ledger.witnesses[{number}].url", why)))
    try:
        ruling = rule(Mode.MANAGED, policy, load_purposes(), load_jurisdictions())
    except RulingRefused as problem:
        raise StartError(f"{path}: {problem}") from None
    return Draft(path, content, policy, Rulebook(Mode.MANAGED, policy, Config(), ruling))
