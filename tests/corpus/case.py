"""One case of the corpus: a program, how it is started, and what a compliance officer expects of the agent.

The files in `cases/` are lists of such cases. They use the fields of the development corpus, and three of our own:
`signal` (what should recognise it), `evades` (the disguise, where it is one) and `split: holdout` for the third that
nobody tunes to. `load` reads every file and refuses what it does not understand, naming file and field.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import yaml

CASES = Path(__file__).with_name("cases")


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A program to run.

    Attributes:
        id: Unique; never shown to the program, which must not be recognised by it.
        split: `dev` is looked at while building, `holdout` only measured.
        expect: `flag`, `inventory` (may be listed, must not be flagged) or `none`.
        family: The tool's family (DESIGN 4), or the kind of ordinary program.
        why: Why this is expected.
        signal: What should recognise it, or what could mislead; in words.
        evades: The disguise, in words; empty where there is none.
        cmd: A list, or one line that is split as a shell would. Placeholders as in the development corpus: {PY} {BIN}
            {VENV} {NODE} {NBIN} {NODEDIR} {SYSPY} {HOME} {CWD} {TMP} {URL} {SURL} {LOCAL} {SITE}; ours besides:
            {DESK}, the home folder of the person the agent works for.
        files: Files of the program, by path below its folder.
        env: Name of an environment that several cases share.
        pip, npm, apt: What it needs installed; None where nothing.
        setup: A shell line run once after installing.
        layout: `project` (.venv beside it), `pipx`, `uvtool` or `user` (pip install --user).
        package: The package that a pipx or uvtool layout is for.
        bins: Commands of it that get a link in ~/.local/bin.
        dir: The program's folder below its home.
        environ: Further variables.
        stdin: Text given on its standard input.
        tty: Whether it needs a terminal.
        seconds: How long it may live.
        needs_names: It asks for real host names, so it needs the isolation.
        allow_inventory: Expected `none`, but listing it is no mistake either.
    """

    id: str
    split: Literal["dev", "holdout"]
    expect: Literal["flag", "inventory", "none"]
    family: str
    why: str
    signal: str
    cmd: str | list[str]
    evades: str = ""
    files: dict[str, str] = {}
    env: str = ""
    pip: list[str] | None = None
    npm: list[str] | None = None
    apt: list[str] | None = None
    setup: str = ""
    layout: Literal["project", "pipx", "uvtool", "user"] = "project"
    package: str = "tool"
    bins: list[str] = []
    dir: str = "work"
    environ: dict[str, str] = {}
    stdin: str = ""
    tty: bool = False
    seconds: float = 7.0
    needs_names: bool = False
    allow_inventory: bool = False

    @property
    def kind(self) -> str:
        """`tools` or `benign`, as the development corpus calls its two halves."""
        return "tools" if self.expect == "flag" else "benign"


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    environments: dict[str, dict[str, list[str]]] = {}
    cases: list[Case] = []


def load(folder: Path = CASES) -> list[Case]:
    """Read every case, ordered by file and place.

    A file may name `environments` once; a case that says `env: NAME` gets what that environment installs.

    Raises:
        ValueError: A file cannot be understood, or an id is used twice; the text says where.
    """
    files = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            files.append(msgspec.convert(yaml.safe_load(path.read_text("utf-8")), _File))
        except (msgspec.ValidationError, yaml.YAMLError) as problem:
            raise ValueError(f"{path.name}: {problem}") from None
    shared = {name: needs for file in files for name, needs in file.environments.items()}
    cases = []
    for case in (case for file in files for case in file.cases):
        needs = shared.get(case.env, {})
        if case.env and not needs and case.pip is None and case.npm is None:
            raise ValueError(f"{case.id}: no file describes the environment «{case.env}»")
        cases.append(msgspec.structs.replace(case, **needs) if needs else case)
    names = [case.id for case in cases]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"used twice: {', '.join(twice)}")
    return cases


def select(cases: Iterable[Case], *, only: Sequence[str], kind: str, split: str, shard: str) -> list[Case]:
    """Choose cases.

    Args:
        cases: All of them.
        only: Ids, or beginnings of ids followed by `*`; all when empty.
        kind: `tools`, `benign` or `all`.
        split: `dev`, `holdout` or `all`.
        shard: `I/N`: every N-th from the I-th; all when empty.
    """

    def wanted(case: Case) -> bool:
        named = not only or any(case.id == o or (o.endswith("*") and case.id.startswith(o[:-1])) for o in only)
        return named and kind in ("all", case.kind) and split in ("all", case.split)

    chosen = [case for case in cases if wanted(case)]
    if shard:
        first, of = map(int, shard.split("/"))
        chosen = chosen[first % of :: of]
    return chosen


def short(text: str) -> str:
    """Return seven characters that stand for a text; folders are named by them, so that no name gives a case away."""
    return hashlib.sha256(text.encode()).hexdigest()[:7]


def filled(text: str, values: dict[str, str]) -> str:
    """Put values into the {PLACEHOLDERS} of a text; what is none of them stays."""
    return re.sub(r"\{([A-Z]+)\}", lambda found: values.get(found[1], found[0]), text)
