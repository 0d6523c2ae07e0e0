"""The agent's own rules of evidence in words: what each looks at, why it speaks, where its number comes from.

`evidence.yaml` beside this file is the source; `builtin_rules` reads and checks it. A finding's evidence names its rule
by id (`model.findings.Evidence.rule`), and every face looks the words up here. Rules of an organisation are not in
here: they bring their own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from agent.model.findings import EvidenceClass

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\.(\*|[a-z][a-z0-9-]*)\Z")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class EvidenceError(ValueError):
    """The shipped rules are wrong; the message says where."""


class BuiltinRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"cls": "class"}):
    """One rule of evidence.

    Attributes:
        id: As in a finding's evidence; one that ends in `.*` stands for every rule of its kind.
        cls: The independent class of evidence that it speaks in first.
        title: What it is called, in one line.
        looks_at: What it looks at, in whole sentences.
        why: Why that speaks for collecting in bulk, in whole sentences.
        number: Where its weight comes from, in a sentence.
    """

    id: RuleId
    cls: EvidenceClass
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    looks_at: Words
    why: Words
    number: Words


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    rules: list[BuiltinRule]


def parse_rules(text: str) -> dict[str, BuiltinRule]:
    """Read and check rules; return them by id, in the order of the file.

    Args:
        text: YAML, in the form that the head of `evidence.yaml` describes.

    Raises:
        EvidenceError: The data is not well formed, or names a rule twice.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise EvidenceError(f"evidence.yaml is not well formed: {' '.join(str(error).split())}") from None
    rules = {rule.id: rule for rule in found.rules}
    if len(rules) != len(found.rules):
        raise EvidenceError("evidence.yaml names a rule twice; merge the two entries")
    return rules


@cache
def builtin_rules() -> Mapping[str, BuiltinRule]:
    """Return the agent's own rules of evidence by id, read once.

    Raises:
        EvidenceError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_rules(files("agent.content").joinpath("evidence.yaml").read_text("utf-8"))


def rule_of(rule: str) -> BuiltinRule | None:
    """Return the words of a rule by the id that stands in a finding's evidence; None where it is not known here."""
    known = builtin_rules()
    return known.get(rule) or known.get(f"{rule.partition('.')[0]}.*")
