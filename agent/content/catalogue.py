"""The catalogue of tools: what each bulk-collection tool is called wherever this machine can meet it.

One reviewed YAML file for each family lies in `catalogue/`, the form that people read and change. `read_catalogue`
reads them: text → plain values (strings interned, for flags and tags repeat hundreds of times) → `Tool`, with every
key and value checked → `Catalogue`, which holds one dictionary for each kind of identifier, so that detection finds
the tool behind a distribution, package, command, import or extension in one look-up (DESIGN 3.8). An entry that is
wrong is refused by name, and where the caller passes `on_error` it is left out and the others stay.

That reading costs a quarter of a second of processor time and some megabytes, so `--write` (`make generate`) keeps what
came of it in `catalogue/compiled.json`, one tool a line, and `load_catalogue` takes that: a fortieth of the time, and
no YAML parser. A test holds the two equal; where the compiled form is missing or damaged the reviewed files are read.

What an entry may do is said by `role` and `verified`: only a collector, met through an identifier that was checked
against the real thing, decides a flag by itself (`Catalogue.decides`).
"""

from __future__ import annotations

import datetime
import difflib
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

import msgspec

Family = Literal[
    "scraper-framework",
    "social-media-scraper",
    "media-downloader",
    "site-mirror",
    "browser-automation",
    "ai-crawler",
    "serp-leadgen",
    "api-harvester",
    "generic-http",
    "scraper-extension",
]
"""The families of tools (DESIGN 4)."""

Role = Literal["collector", "engine"]
"""collector: using it at all means collecting in bulk. engine: general purpose, never decides a flag alone."""

Bulk = Literal["always", "modes", "never"]
"""Whether it asks for many: always, only where the command line shows one of its modes, or never by itself."""

ModeName = Literal["list", "recursion", "channel", "loop"]
"""The ways to ask for many (DESIGN 3.14)."""

Kind = Literal["pypi", "npm", "debian", "executables", "imports", "extensions"]
"""The kinds of identifier by which a tool is met."""

Verification = Literal["installed", "repository", "index", "debian", "none"]
"""How a kind was checked: the distribution was installed and read, its source repository was read, the package index
lists it, the Debian package lists it, or not at all."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

FOLDER: Final = Path(__file__).with_name("catalogue")
"""Where the packaged files lie."""
COMPILED: Final = "compiled.json"
"""The compiled form's name in that folder."""

DOMAINS: Final = frozenset(
    {"facebook", "instagram", "threads", "whatsapp", "linkedin", "tiktok", "youtube", "x", "github", "weibo"}
)
"""The platform keys that an entry may name."""

# A package registry's page says nothing that the index listing does not, and no file of ours names such a host.
_REGISTRY_LABELS: Final = frozenset({"pypi", "pythonhosted", "npmjs", "npm", "debian", "rubygems", "crates"})

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PYPI_SEPARATORS = re.compile(r"[-_.]+")
_EXTENSION_ID = re.compile(r"[a-p]{32}|\{[0-9A-Fa-f-]{36}\}|[A-Za-z0-9._-]+@[A-Za-z0-9._-]+")
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?|OAT-\d{3}")
_VALIDATION_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_MISSING_FIELD = re.compile(r"missing required field `(?P<field>\w+)`")


@dataclass(frozen=True, slots=True)
class Mode:
    """One way in which a tool's command line asks for many.

    Attributes:
        mode: what it is: a list of addresses, recursion, a whole channel, or a loop over a pattern.
        flags: options any of which shows it.
        subcommands: operands any of which shows it.
        url_paths: regular expressions; a URL operand whose path any of them matches (`re.search`) shows it.
    """

    mode: ModeName
    flags: tuple[str, ...] = ()
    subcommands: tuple[str, ...] = ()
    url_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool of the catalogue.

    Attributes:
        id: unique, lower case, words joined by hyphens.
        name: as people know it.
        family: its family (DESIGN 4).
        role: whether its use means collecting in bulk.
        homepage: the project's own page, or that of its source or extension store.
        collects: one sentence in our own words.
        pypi: distribution names, normalised (PEP 503).
        npm: package names, scope included.
        debian: Debian package names.
        executables: base names of its commands.
        imports: top-level Python modules and the names by which Node programs require it.
        extensions: ids of browser extensions, Chromium's or Firefox's.
        bulk: whether it always asks for many, only in one of `modes`, or never by itself.
        modes: how its command line asks for many; with `bulk: always` they only tell the ways apart.
        quiet: flags and subcommands with which it collects nothing.
        domains: keys of the platforms it is made for.
        techniques: MITRE ATT&CK and OWASP automated threat ids.
        verified: how each kind of identifier present was checked.
        source: where the facts are from.
        date: when they were checked.
    """

    id: str
    name: str
    family: Family
    role: Role
    homepage: str
    collects: str
    bulk: Bulk
    verified: dict[Kind, Verification]
    source: str
    date: datetime.date
    pypi: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    executables: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    quiet: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()

    def identifiers(self, kind: Kind) -> tuple[str, ...]:
        """Return the identifiers of one kind, as the entry writes them."""
        found: tuple[str, ...] = getattr(self, kind)
        return found


_TOOL_KEYS: Final = tuple(field.name for field in fields(Tool))
_MODE_KEYS: Final = tuple(field.name for field in fields(Mode))


class CatalogueError(Exception):
    """An entry or a file of the catalogue cannot be used.

    Attributes:
        file: the file's base name.
        entry: the entry's id, its position where it has none, or None where the whole file is unusable.
        field: the field at fault, or None.
    """

    def __init__(self, file: str, entry: str | None, field: str | None, advice: str) -> None:
        """Say what is wrong, where, and what to do."""
        self.file = file
        self.entry = entry
        self.field = field
        place = "".join((f", entry {entry}" if entry else "", f", field {field}" if field else ""))
        super().__init__(f"Catalogue {file}{place}: {advice}")


class Catalogue:
    """All tools, found by any of their identifiers in one look-up."""

    __slots__ = ("_by_id", "_by_kind", "tools")

    def __init__(self, tools: Iterable[Tool]) -> None:
        """Index the tools.

        Args:
            tools: tools whose ids and identifiers are unique, as `load_catalogue` sees to.
        """
        self.tools: tuple[Tool, ...] = tuple(tools)
        self._by_id: dict[str, Tool] = {tool.id: tool for tool in self.tools}
        self._by_kind: dict[Kind, dict[str, Tool]] = {
            kind: {_key(kind, name): tool for tool in self.tools for name in tool.identifiers(kind)} for kind in KINDS
        }

    def by_id(self, tool_id: str) -> Tool | None:
        """Return the tool with this id."""
        return self._by_id.get(tool_id)

    def by_pypi(self, name: str) -> Tool | None:
        """Return the tool that this Python distribution belongs to; the name may be spelt in any of its ways."""
        return self._find("pypi", name)

    def by_npm(self, name: str) -> Tool | None:
        """Return the tool that this npm package belongs to."""
        return self._find("npm", name)

    def by_debian(self, name: str) -> Tool | None:
        """Return the tool that this Debian package belongs to."""
        return self._find("debian", name)

    def by_executable(self, basename: str) -> Tool | None:
        """Return the tool with this command; case and a trailing `.exe` do not matter."""
        return self._find("executables", basename)

    def by_import(self, name: str) -> Tool | None:
        """Return the tool behind this top-level Python module or required Node package."""
        return self._find("imports", name)

    def by_extension(self, extension_id: str) -> Tool | None:
        """Return the tool that this browser extension is."""
        return self._find("extensions", extension_id)

    def is_verified(self, tool: Tool, kind: Kind) -> bool:
        """Return whether the tool's identifiers of this kind were checked against the real thing."""
        return tool.verified.get(kind, "none") != "none"

    def decides(self, tool: Tool, kind: Kind) -> bool:
        """Return whether meeting the tool through this kind may decide a flag by itself."""
        return tool.role == "collector" and self.is_verified(tool, kind)

    def _find(self, kind: Kind, name: str) -> Tool | None:
        return self._by_kind[kind].get(_key(kind, name))


def load_catalogue(
    folder: Path | None = None, *, on_error: Callable[[CatalogueError], None] | None = None
) -> Catalogue:
    """Return the catalogue: from its compiled form where there is one, else from the reviewed files.

    Args:
        folder: where the files lie; the packaged ones where it is None.
        on_error: told of each entry or file that cannot be used, which is then left out.

    Raises:
        CatalogueError: an entry or a file cannot be used, and `on_error` was not given.
    """
    place = folder if folder is not None else FOLDER
    try:
        tools = msgspec.json.decode((place / COMPILED).read_bytes(), type=list[Tool])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return read_catalogue(place, on_error=on_error)
    return Catalogue(tools)


def read_catalogue(folder: Path, *, on_error: Callable[[CatalogueError], None] | None = None) -> Catalogue:
    """Read and check every family's reviewed file.

    Args:
        folder: where the files lie.
        on_error: told of each entry or file that cannot be used, which is then left out.

    Returns:
        The catalogue.

    Raises:
        CatalogueError: an entry or a file cannot be used, and `on_error` was not given.
    """
    report = on_error if on_error is not None else _raise
    tools: list[Tool] = []
    ids: set[str] = set()
    owners: dict[tuple[Kind, str], str] = {}
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        report(
            CatalogueError(folder.name, None, None, "no file is there. Reinstall Gleanwatch or name another folder.")
        )
    for path in paths:
        try:
            entries = _read(path)
        except CatalogueError as error:
            report(error)
            continue
        for position, raw in enumerate(entries, start=1):
            try:
                tool = _checked(path, raw, position)
                _claim(path.name, tool, ids, owners)
            except CatalogueError as error:
                report(error)
            else:
                tools.append(tool)
    return Catalogue(tools)


def compiled(catalogue: Catalogue) -> bytes:
    """Return the compiled form: a JSON array with one tool a line, so that a change shows where it is."""
    lines = [msgspec.json.encode(dict(_filled(tool))) for tool in catalogue.tools]
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


def main(arguments: list[str], folder: Path) -> int:
    """Write the compiled form, or say whether it is up to date.

    Args:
        arguments: `["--write"]`, or nothing to check only.
        folder: Where the reviewed files lie, and it beside them.

    Returns:
        0 when it is (now) right, 1 when it is out of date, 2 on misuse.

    Raises:
        CatalogueError: an entry cannot be used.
    """
    if arguments not in ([], ["--write"]):
        sys.stderr.write("usage: python -m agent.content.catalogue [--write]\n")
        return 2
    wanted, target = compiled(read_catalogue(folder)), folder / COMPILED
    if arguments:
        target.write_bytes(wanted)
        return 0
    if not target.is_file() or target.read_bytes() != wanted:
        sys.stderr.write(f"{target.name} is out of date; run: python -m agent.content.catalogue --write\n")
        return 1
    return 0


def _filled(tool: Tool) -> Iterable[tuple[str, object]]:
    for key in _TOOL_KEYS:
        value = getattr(tool, key)
        if value != ():
            yield key, value


def _raise(error: CatalogueError) -> None:
    raise error


def _key(kind: Kind, name: str) -> str:
    """Return the form in which identifiers of a kind are compared."""
    if kind == "pypi":
        return normalised(name)
    if kind == "executables":
        return name.casefold().removesuffix(".exe")
    return name


def normalised(distribution: str) -> str:
    """Return a Python distribution's name in the one spelling of PEP 503."""
    return _PYPI_SEPARATORS.sub("-", distribution).lower()


def _read(path: Path) -> list[Any]:
    """Return a file's entries as plain values."""
    # The parser costs a megabyte and some milliseconds, and only the agent that loads the catalogue needs it.
    import yaml

    loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if path.stem not in FAMILIES:
        raise CatalogueError(path.name, None, None, f"no such family. Use {_did_you_mean(path.stem, FAMILIES)}.")
    try:
        text = path.read_text(encoding="utf-8")
        entries = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are the safe ones: plain values only
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise CatalogueError(path.name, None, None, f"cannot be read as YAML ({reason}). Correct it there.") from error
    if not isinstance(entries, list):
        raise CatalogueError(path.name, None, None, "is not a list of entries. Begin each entry with `- id: …`.")
    return entries


def _checked(path: Path, raw: object, position: int) -> Tool:
    """Return one entry as a tool, or say what is wrong with it."""
    if not isinstance(raw, dict):
        raise CatalogueError(path.name, f"number {position}", None, "is not a mapping. Write `- id: …` and its fields.")
    entry = str(raw.get("id") or f"number {position}")
    _known_keys(path.name, entry, raw, _TOOL_KEYS, "")
    modes = raw.get("modes")
    for index, mode in enumerate(modes if isinstance(modes, list) else []):
        if isinstance(mode, dict):
            _known_keys(path.name, entry, mode, _MODE_KEYS, f"modes[{index}].")
    try:
        tool = msgspec.convert(_interned(raw), Tool)
    except msgspec.ValidationError as error:
        raise _from_validation(path.name, entry, error) from error
    for field, advice in _faults(path.stem, tool):
        raise CatalogueError(path.name, entry, field, advice)
    return tool


def _known_keys(file: str, entry: str, raw: Mapping[Any, Any], known: tuple[str, ...], prefix: str) -> None:
    """Refuse a key that no entry has, naming the nearest that there is."""
    for key in raw:
        if key not in known:
            advice = f"no such field. Did you mean {_did_you_mean(str(key), known)}? Rename or remove it."
            raise CatalogueError(file, entry, f"{prefix}{key}", advice)


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    """Return the known words nearest to one that is not known, or all of them."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return near[0] if near else "one of " + ", ".join(known)


def _from_validation(file: str, entry: str, error: msgspec.ValidationError) -> CatalogueError:
    """Turn a type error into one that says which field of which entry to correct."""
    text = str(error)
    place = _VALIDATION_PLACE.search(text)
    # msgspec writes `[...]` for some key of a mapping; the field before it is what a person looks for.
    field = place["place"].replace("[...]", "") if place else None
    missing = _MISSING_FIELD.search(text)
    if missing:
        field = f"{field}.{missing['field']}" if field else missing["field"]
        return CatalogueError(file, entry, field, "is missing. Add it.")
    return CatalogueError(file, entry, field, f"{_VALIDATION_PLACE.sub('', text)}. Correct the value.")


def _interned(value: object) -> object:
    """Return the value with its strings shared: the same flags, levels and tags stand in hundreds of entries."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, list):
        return [_interned(item) for item in value]
    if isinstance(value, dict):
        return {_interned(key): _interned(item) for key, item in value.items()}
    return value


def _faults(family: str, tool: Tool) -> Iterable[tuple[str, str]]:
    """Yield what types cannot say about an entry, as field and advice."""
    if not _ID.fullmatch(tool.id):
        yield "id", "is not lower-case words joined by hyphens. Rename it."
    if tool.family != family:
        yield "family", f"is {tool.family} in the file of {family}. Move the entry or correct the family."
    page = urlsplit(tool.homepage)
    if page.scheme != "https" or not page.hostname:
        yield "homepage", "is not an https address. Give the project's own page."
    elif _REGISTRY_LABELS.intersection(page.hostname.split(".")):
        yield "homepage", "is a package registry's page. Give the project's own page or its source repository."
    for field in (*KINDS, "quiet", "domains", "techniques"):
        values: tuple[str, ...] = getattr(tool, field)
        if len(set(values)) != len(values) or not all(value.strip() for value in values):
            yield field, "has an empty or repeated value. Remove it."
    present = {kind for kind in KINDS if tool.identifiers(kind)}
    if not present:
        yield "pypi", "and every other kind of identifier is empty. Give at least one, or drop the entry."
    if present != tool.verified.keys():
        wanted = ", ".join(sorted(present))
        yield "verified", f"does not name exactly the kinds present ({wanted}). Say for each how it was checked."
    yield from _faults_of_values(tool)


def _faults_of_values(tool: Tool) -> Iterable[tuple[str, str]]:
    """Yield the single values that have the wrong form."""
    for name in tool.pypi:
        if name != normalised(name):
            yield "pypi", f"{name} is not normalised. Write {normalised(name)}."
    for name in tool.executables:
        if "/" in name or "\\" in name:
            yield "executables", f"{name} is a path. Give the base name."
    for name in tool.extensions:
        if not _EXTENSION_ID.fullmatch(name):
            yield "extensions", f"{name} is no Chromium or Firefox extension id. Copy the id from the store."
    for name in tool.domains:
        if name not in DOMAINS:
            yield "domains", f"{name} is no platform key. Use {_did_you_mean(name, tuple(sorted(DOMAINS)))}."
    for name in tool.techniques:
        if not _TECHNIQUE.fullmatch(name):
            yield "techniques", f"{name} is no ATT&CK or OWASP id. Write it like T1119 or OAT-011."
    if tool.bulk == "modes" and not tool.modes:
        yield "modes", "is empty although bulk is `modes`. Say how the command line asks for many."
    for index, mode in enumerate(tool.modes):
        if not (mode.flags or mode.subcommands or mode.url_paths):
            yield f"modes[{index}]", "shows itself by nothing. Give flags, subcommands or url_paths."
        for pattern in mode.url_paths:
            try:
                re.compile(pattern)
            except re.error as error:
                yield f"modes[{index}].url_paths", f"{pattern} is no regular expression ({error}). Correct it."


def _claim(file: str, tool: Tool, ids: set[str], owners: dict[tuple[Kind, str], str]) -> None:
    """Note a tool's id and identifiers as taken, and refuse the tool where another has one of them already."""
    if tool.id in ids:
        raise CatalogueError(file, tool.id, "id", "is taken by another entry. Merge the two or rename one.")
    claims = {(kind, _key(kind, name)) for kind in KINDS for name in tool.identifiers(kind)}
    for kind, name in sorted(claims):
        owner = owners.get((kind, name))
        if owner is not None:
            raise CatalogueError(file, tool.id, kind, f"{name} belongs to {owner} already. Leave it with one of them.")
    ids.add(tool.id)
    owners.update(dict.fromkeys(claims, tool.id))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], FOLDER))
