"""What is looked at and forgotten, what leaves this computer, who sees it, and what the log can say: in words, as data.

`looked_at.yaml` beside this file is the source; `looked_at` reads and checks it. «My data» on the local page joins it
with the words of every column (`store.schema.FIELDS`), so that all four columns of it come from definitions.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class LookedAtError(ValueError):
    """The shipped description is wrong; the message says where."""


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that is looked at: what, what is made of it, and until when it is held."""

    what: Words
    then: Words
    until: Words


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of data, as a person would call it.

    Attributes:
        id: Its key.
        title: What it is called.
        tables: In which tables it is kept.
        looked: What is looked at for it.
        fields: Type of `model.events` → field → what it is; in memory only.
        sent: What leaves this computer, in whole sentences; empty for nothing.
        seen_by: Who sees it, in whole sentences.
        kept: What is kept where it has no table of its own, in a sentence.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\Z")]
    title: Words
    tables: tuple[str, ...]
    looked: tuple[Looked, ...]
    fields: dict[str, dict[str, Words]]
    sent: tuple[Words, ...]
    seen_by: tuple[Words, ...]
    kept: str = ""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of file that is written beside the database: its key, its name, what it is for, what each field is."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+\Z")]
    title: Words
    what: Words
    fields: dict[str, Words]


class LogLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line that the agent can log: as the code writes it, and what stands in its places."""

    says: Words
    holds: Words


class LookedAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it, in the order of the file."""

    schema_version: Literal[1]
    kinds: tuple[Kind, ...]
    files: tuple[File, ...]
    log: tuple[LogLine, ...]


def parse(text: str) -> LookedAt:
    """Read and check the description.

    Args:
        text: YAML, in the form that the head of `looked_at.yaml` describes.

    Raises:
        LookedAtError: It is not well formed, or says something twice.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), LookedAt)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise LookedAtError(f"looked_at.yaml is not well formed: {' '.join(str(error).split())}") from None
    for what, names in (
        ("kind", [kind.id for kind in found.kinds]),
        ("table", [table for kind in found.kinds for table in kind.tables]),
        ("type", [name for kind in found.kinds for name in kind.fields]),
        ("line", [line.says for line in found.log]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise LookedAtError(f"looked_at.yaml names a {what} twice: {', '.join(twice)}. Merge the two entries.")
    return found


@cache
def looked_at() -> LookedAt:
    """Return the shipped description, read once.

    Raises:
        LookedAtError: It is broken; reinstalling is the only remedy.
    """
    return parse(files("agent.content").joinpath("looked_at.yaml").read_text("utf-8"))
