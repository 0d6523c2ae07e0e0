"""What a package is that the catalogue does not know: read what it says of itself, and ask what it is built on.

`read` takes the head of `METADATA` or `package.json`, the first paragraph of the description or README, and nothing
else; `closure.py` walks what the package depends on among the packages installed beside it; `own_words.py` judges the
words. `identified` puts the three together into an answer that is kept by the metadata file's identity, so that a
package that is started a thousand times is read once. Everything is bounded, and whatever is not as it should be reads
as «says nothing».
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.closure import closure
from agent.detection.identify.folders import METADATA_BYTES, normal, read_head
from agent.detection.identify.own_words import Capability, Said
from agent.detection.identify.own_words import capability as judged
from agent.detection.names import join, library_name
from agent.model.findings import Evidence, EvidenceClass

MAX_KEPT = 512
MAX_DEPENDENCIES = 200
README_BYTES = 8192
ABOUT_CHARACTERS = 700
_MARKUP = re.compile(r"<[^>]{0,300}>|!?\[([^\]]{0,200})\]\([^)]{0,500}\)|[`*_#>|=~-]{2,}|`")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.-]{0,99})")
_ENGINE_ACTS = frozenset(["drives", "fetches"])
_PRINTABLE_NAME = re.compile(r"[@\w][\w./-]{0,99}")


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a package says of itself, lower case, and the names of what it depends on.

    Attributes:
        name: Its name, with spaces for dashes.
        summary: One line.
        keywords: Keywords, topics, names of its commands.
        about: The first paragraph of its description.
        dependencies: What it needs to run, in normal form.
    """

    name: str = ""
    summary: str = ""
    keywords: str = ""
    about: str = ""
    dependencies: frozenset[str] = frozenset()


class _PackageJson(msgspec.Struct):
    name: Any = ""
    description: Any = ""
    keywords: Any = msgspec.field(default_factory=list)
    dependencies: Any = msgspec.field(default_factory=dict)
    bin: Any = None


def describe(ecosystem: str, folder: str) -> SelfDescription | None:
    """Read what an installed package says of itself.

    Args:
        ecosystem: `pypi` or `npm`.
        folder: Its `*.dist-info` or `*.egg-info` folder, or its package folder.

    Returns:
        The description, or None when there is none that can be read.
    """
    if not folder:
        return None
    return _node(folder) if ecosystem == "npm" else _python(folder)


def capability(said: SelfDescription, built_on: Mapping[str, float] | None = None) -> Capability | None:
    """Judge a package by what it says of itself; None when it says nothing of collecting.

    Args:
        said: Its description.
        built_on: Collecting libraries of its dependency closure with their weight; without it the direct
            dependencies alone are asked.
    """
    if built_on is None:
        built_on = closure(said.dependencies, lambda _: None)
    return judged(Said(said.name, said.summary, said.keywords, said.about, built_on))


@dataclass(slots=True)
class Packages:
    """Answers for packages that the catalogue does not know; keeps the last ones by the identity of their metadata."""

    max_kept: int = MAX_KEPT
    _kept: OrderedDict[tuple[str, int, int], Identified | None] = field(default_factory=OrderedDict)

    def identified(self, ecosystem: str, name: str, folder: str) -> Identified | None:
        """Identify a package by its own words and what it is built on, or return None."""
        stamp = _stamp(ecosystem, folder)
        if stamp is None:
            return None
        if stamp in self._kept:
            self._kept.move_to_end(stamp)
            return self._kept[stamp]
        answer = identified(ecosystem, name, folder)
        self._kept[stamp] = answer
        while len(self._kept) > self.max_kept:
            self._kept.popitem(last=False)
        return answer


def identified(ecosystem: str, name: str, folder: str) -> Identified | None:
    """Identify a package that the catalogue does not know, or return None. Reads the disk; `Packages` keeps answers.

    Args:
        ecosystem: `pypi` or `npm`.
        name: Its name in the form that its ecosystem uses.
        folder: Where its metadata lie.
    """
    said = describe(ecosystem, folder)
    if said is None or not _PRINTABLE_NAME.fullmatch(name):
        return None
    # Most packages say nothing at all: walk the dependencies only of those that say something, or are built on it.
    direct = closure(said.dependencies, lambda _: None)
    if capability(said, {**direct, "": 1.0}) is None:
        return None
    found = capability(said, _closure(ecosystem, folder, said))
    if found is None:
        return None
    return from_words(f"package:{ecosystem}:{name}", name, name, found)


def from_words(tool: str, name: str, subject: str, found: Capability) -> Identified:
    """Make the answer for software known only by what it says of itself.

    Args:
        tool: The answer's tool id.
        name: What a person calls it.
        subject: What the evidence's sentence begins with.
        found: What its words say.
    """
    detail = f"{subject} describes itself as {found.says}"
    if found.libraries:
        detail += f" and is built on {join([library_name(one) for one in found.libraries])}"
    engine = found.does in _ENGINE_ACTS
    always = found.strong and not found.one_by_one and found.does in ("scrapes", "crawls", "mirrors", "harvests")
    return Identified(
        tool=tool,
        name=name,
        family=found.family,
        role=Role.ENGINE if engine else Role.COLLECTOR,
        bulk=Bulk.ALWAYS if always else Bulk.MODES,
        evidence=(Evidence(EvidenceClass.PACKAGE, "package.own-words", detail, found.weight),),
        techniques=("T1119", "OAT-011"),
        capability=found.does,
    )


def _closure(ecosystem: str, folder: str, said: SelfDescription) -> Mapping[str, float]:
    """Walk what is installed beside the package."""
    needs: Callable[[str], frozenset[str] | None]
    if ecosystem == "npm":
        roots = _node_roots(folder)

        def needs(name: str) -> frozenset[str] | None:
            for root in roots:
                there = _node(str(root / name), readme=False)
                if there is not None:
                    return there.dependencies
            return None
    else:
        names = _installed(str(Path(folder).parent))

        def needs(name: str) -> frozenset[str] | None:
            there = _python(names[name]) if name in names else None
            return there.dependencies if there is not None else None

    return closure(said.dependencies, needs)


def _installed(site: str) -> dict[str, str]:
    """Return the metadata folders that lie in one package folder, by normal name."""
    found: dict[str, str] = {}
    try:
        with os.scandir(site) as entries:
            for entry in entries:
                for ending in (".dist-info", ".egg-info"):
                    if entry.name.endswith(ending) and len(found) < 2000:
                        found[normal(entry.name.removesuffix(ending).split("-")[0])] = entry.path
    except (OSError, ValueError):
        return {}
    return found


def _node_roots(folder: str) -> list[Path]:
    own = Path(folder)
    above = [parent for parent in own.parents if parent.name in ("node_modules", "nodejs")]
    return [own / "node_modules", *above[:3]]


def _python(folder: str) -> SelfDescription | None:
    text = ""
    for name in ("METADATA", "PKG-INFO"):
        text = read_head(os.path.join(folder, name), METADATA_BYTES)  # noqa: PTH118 - text in, text out
        if text:
            break
    if not text:
        text = read_head(folder, METADATA_BYTES) if folder.endswith(".egg-info") else ""
    if not text:
        return None
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    fields: dict[str, list[str]] = {}
    needs: set[str] = set()
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            continue
        if key in ("Summary", "Keywords", "Name"):
            fields.setdefault(key, []).append(value.strip().lower())
        elif key == "Classifier" and "topic ::" in value.lower():
            fields.setdefault("Keywords", []).append(value.rsplit("::", 1)[-1].strip().lower())
        elif key == "Requires-Dist" and "extra ==" not in value and len(needs) < MAX_DEPENDENCIES:
            match = _REQUIREMENT.match(value)
            if match:
                needs.add(normal(match[1]))
    return SelfDescription(
        _plain(" ".join(fields.get("Name", [])[:1])),
        " ".join(fields.get("Summary", [])[:1]),
        ", ".join(fields.get("Keywords", [])[:40]).replace(",", " , "),
        _first_paragraph(body),
        frozenset(needs),
    )


def _node(folder: str, *, readme: bool = True) -> SelfDescription | None:
    text = read_head(f"{folder}/package.json", 4 * METADATA_BYTES)
    if not text:
        return None
    try:
        data = msgspec.json.decode(text, type=_PackageJson)
    except (msgspec.DecodeError, RecursionError):
        return None
    keywords = data.keywords if isinstance(data.keywords, list) else [data.keywords]
    commands = list(data.bin) if isinstance(data.bin, dict) else []
    words = [one for one in [*keywords[:60], *commands[:10]] if isinstance(one, str)]
    needs = data.dependencies if isinstance(data.dependencies, dict) else {}
    return SelfDescription(
        _plain(data.name.lower()) if isinstance(data.name, str) else "",
        data.description.lower() if isinstance(data.description, str) else "",
        " , ".join(words).lower(),
        _readme(folder) if readme else "",
        frozenset(name.lower() for name in list(needs)[:MAX_DEPENDENCIES] if isinstance(name, str)),
    )


def _readme(folder: str) -> str:
    for name in ("README.md", "readme.md", "Readme.md", "README"):
        text = read_head(f"{folder}/{name}", README_BYTES)
        if text:
            return _first_paragraph(text)
    return ""


def _first_paragraph(text: str) -> str:
    """Return the first paragraph of a description that is prose: no badges, headings, tables or code."""
    for block in re.split(r"\n\s*\n", text[:README_BYTES]):
        if block.lstrip().startswith(("```", ".. ", "    ", "|", "<!--", "- [", "* [", "1. [")):
            continue
        plain = " ".join(_MARKUP.sub(lambda match: match[1] or " ", block).split())
        words = [word for word in plain.split() if word[:1].isalpha()]
        if len(words) >= 7:
            return plain[:ABOUT_CHARACTERS].lower()
    return ""


def _plain(name: str) -> str:
    return re.sub(r"[-_./@]+", " ", name).strip()


def _stamp(ecosystem: str, folder: str) -> tuple[str, int, int] | None:
    for name in ("package.json",) if ecosystem == "npm" else ("METADATA", "PKG-INFO", ""):
        try:
            state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - one system call in a hot path
        except (OSError, ValueError):
            continue
        return (folder, state.st_mtime_ns, state.st_size)
    return None
