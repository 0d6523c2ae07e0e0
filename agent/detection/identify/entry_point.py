"""Where does the code of this process begin, and which package does that belong to?

An interpreter was given a script, a module or code. A console script under `bin/` holds one line, `from X import main`,
which names the module whatever the script is called; a script under `node_modules/.bin` is a link into its package; a
module is either the person's own, beside the working folder, or a package's. Whatever belongs to no package is the
person's own script and is judged by what it does (`imports.py`).
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from agent.detection.identify.executable import Form, Language, Program, base_name
from agent.detection.identify.folders import Distributions, absolute, is_dir, is_file, read_head, sites_of
from agent.detection.identify.handed_on import managed_command, script_of
from agent.detection.identify.standard_input import Given
from agent.model.events import CommandLine


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the code begins. In memory only.

    Attributes:
        ecosystem: `pypi`, `npm` or empty.
        package: The package that owns the entry, or empty.
        module: The Python module that the entry names, dotted, or empty.
        folder: Where the package's metadata lie: a `*.dist-info` folder or a package folder; empty when unknown.
        script: Path of the person's own script, or empty: source, compiled, a zip application or a notebook.
        code: Code given on the command line or standard input, or empty.
        sites: Package folders that the code's imports are looked for in, nearest first.
        installed: Whether the entry lies in a `bin` folder, of the system or of an environment, or inside a package.
    """

    ecosystem: str = ""
    package: str = ""
    module: str = ""
    folder: str = field(default="", repr=False)
    script: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    sites: tuple[Path, ...] = field(default=(), repr=False)
    installed: bool = False


MAX_PATH = 4096
"""No system opens a longer path; a longer argument is not looked at."""
MAX_PARENTS = 8
"""How far up a script's packages are looked for."""
_IMPORT = re.compile(r"^from ([A-Za-z_][\w.]*) import \(?\s*[A-Za-z_]\w*", re.MULTILINE)
_LEGACY = re.compile(r"EASY-INSTALL-ENTRY-SCRIPT: '([\w.-]+?)(?:==[^']*)?'|__requires__ = '([\w.-]+?)(?:==[^']*)?'")
_GENERATED = re.compile(r"sys\.exit\(|raise SystemExit\(")
_BINS = ("/usr/bin/", "/usr/local/bin/", "/bin/", "/opt/homebrew/bin/", "/snap/bin/")
"""Where anything may put programs for everybody; where dpkg alone does is said by `debian.is_systems_own`."""
_PACKAGE_RUNNERS = {"npx": 0, "pnpx": 0, "bunx": 0, "npm": 1, "pnpm": 1, "yarn": 1}
_RUN_WORDS = frozenset(["exec", "x", "dlx"])


def entry_of(
    program: Program, command: CommandLine, distributions: Distributions, home: Path | None, given: Given | None = None
) -> Entry:
    """Find where the code of an interpreter's process begins.

    Args:
        program: The command line, taken apart.
        command: The command line itself, for its working folder.
        distributions: Which packages lie in which folder, cached.
        home: The person's home folder, or None.
        given: What it was given on standard input (`standard_input.given_to`), for an interpreter without a script.
    """
    if program.form in (Form.SCRIPT, Form.MODULE) and len(program.target) > MAX_PATH:
        return Entry()
    if program.form is Form.NOTHING and given is not None and (given.path or given.code):
        python = program.language is Language.PYTHON
        sites = _sites(program, command, given.path, home) if python else ()
        return Entry(script=given.path, code=given.code, sites=sites)
    if program.language is Language.PYTHON:
        return _python(program, command, distributions, home)
    if program.language is Language.JAVASCRIPT:
        return _javascript(program, command)
    if program.form is Form.SCRIPT:
        path = absolute(program.target, command.cwd)
        system = path.startswith(_BINS)
        return Entry(script="" if system else path, installed=system)
    return Entry(code=program.target if program.form is Form.CODE else "")


def package_asked_for(program: Program) -> str:
    """Return the npm package that a package runner (`npx`, `npm exec`, `bunx`) was asked to run, or an empty string."""
    after = _PACKAGE_RUNNERS.get(program.word)
    if program.base == "bunx" and program.form is Form.SCRIPT:
        return _without_version(program.target)
    if after is None:
        return ""
    arguments = list(program.arguments)
    if after and (not arguments or arguments.pop(0) not in _RUN_WORDS):
        return ""
    skip = False
    for arg in arguments:
        if skip:
            return _without_version(arg)
        if arg in ("-p", "--package"):
            skip = True
        elif arg.startswith("--package="):
            return _without_version(arg.split("=", 1)[1])
        elif not arg.startswith("-"):
            return _without_version(arg)
    return ""


def _without_version(name: str) -> str:
    head, at, _ = name.rpartition("@")
    return head.lower() if at and head else name.lower()


def _python(program: Program, command: CommandLine, distributions: Distributions, home: Path | None) -> Entry:
    if program.form is Form.CODE:
        return Entry(code=program.target, sites=_sites(program, command, "", home))
    if program.form is Form.MODULE:
        sites = _sites(program, command, "", home)
        own = _own_module(program.target, command.cwd)
        own = own or script_of(program.target.lower(), program.arguments, command.cwd)
        if own:
            return Entry(script=own, module="", sites=sites)
        return _owned(program.target, sites, distributions, installed=False)
    if program.form is not Form.SCRIPT:
        return Entry()
    path = absolute(program.target, command.cwd)
    sites = _sites(program, command, path, home)
    inside = _inside_site(path)
    if inside:
        return _owned(inside, sites, distributions, installed=True)
    if is_dir(path):
        return Entry(script=os.path.join(path, "__main__.py"), sites=sites)  # noqa: PTH118 - text in, text out
    installed = path.startswith(_BINS) or Path(path).parent.name in ("bin", "Scripts")
    handed = script_of(program.word, program.arguments, command.cwd) if installed else ""
    if program.word == "manage":
        handed = managed_command(path, program.arguments)
    if handed:
        return Entry(script=handed, sites=sites)
    head = read_head(path)
    if len(head) < 4096 and _GENERATED.search(head):
        named = _LEGACY.search(head)
        if named:
            package = (named[1] or named[2]).lower().replace("_", "-")
            return Entry("pypi", package, "", _folder(package, sites, distributions), sites=sites, installed=installed)
        line = _IMPORT.search(head)
        # The person's own script may look alike; a console script lies in a `bin` or is nothing but this one line.
        if line and (installed or (len(_IMPORT.findall(head)) == 1 and len(head) < 600)):
            owned = _owned(line[1], sites, distributions, installed=installed)
            editable = _editable(owned, line[1])
            if editable:
                return Entry(script=editable, sites=sites)
            if owned.package or installed:
                return owned
            return Entry(module=line[1], script=path, sites=sites)
    return Entry(script=path, sites=sites, installed=installed)


def _owned(module: str, sites: tuple[Path, ...], distributions: Distributions, *, installed: bool) -> Entry:
    top = module.split(".", maxsplit=1)[0]
    for site in sites:
        owner = distributions.owner(top, site)
        if owner:
            return Entry("pypi", owner, module, str(distributions.names(site)[owner]), sites=sites, installed=installed)
    return Entry(module=module, sites=sites, installed=installed)


def _editable(owned: Entry, module: str) -> str:
    """Return the file of a module that is installed in place (PEP 610): it lies in the person's own project folder."""
    said = read_head(f"{owned.folder}/direct_url.json") if owned.folder else ""
    if "editable" not in said:
        return ""
    try:
        held = json.loads(said)
        address = held["url"] if held["dir_info"]["editable"] is True else ""
    except (ValueError, KeyError, TypeError):
        return ""
    if not isinstance(address, str) or not address.startswith("file://") or not re.fullmatch(r"[\w.]+", module):
        return ""
    root = Path(url2pathname(urlsplit(address).path))
    for base in (root, root / "src"):
        own = _own_module(module, str(base)) or _own_module(f"{module}.__init__", str(base))
        if own:
            return own
    return ""


def _folder(package: str, sites: tuple[Path, ...], distributions: Distributions) -> str:
    for site in sites:
        folder = distributions.names(site).get(package)
        if folder is not None:
            return str(folder)
    return ""


def _own_module(module: str, cwd: str) -> str:
    """Return the file of a module that lies in the working folder, which Python looks into first for `-m`."""
    if not cwd or not re.fullmatch(r"[A-Za-z_][\w.]*", module):
        return ""
    base = Path(cwd, *module.split("."))
    for candidate in (base.with_name(base.name + ".py"), base / "__main__.py"):
        if is_file(candidate):
            return str(candidate)
    return ""


def _inside_site(path: str) -> str:
    """Return the module of a file inside a package folder: a package's own file, run by its path."""
    match = re.search(r"[/\\](?:site|dist)-packages[/\\]([^/\\]+)", path)
    return match[1].removesuffix(".py") if match else ""


def _sites(program: Program, command: CommandLine, script: str, home: Path | None) -> tuple[Path, ...]:
    """Return the package folders in the order in which this interpreter's environment would be asked."""
    roots: list[Path] = []
    if script:
        roots.append(Path(script).parent.parent)
    for executable in (program.interpreter, command.exe):
        if "/" in executable or "\\" in executable:
            where = Path(command.cwd or os.sep, executable).parent
            roots += [where.parent, where]
    if home is not None:
        roots.append(home / ".local")
    sites: list[Path] = []
    for root in dict.fromkeys(roots):
        sites += [site for site in sites_of(root) if site not in sites]
    return tuple(sites[:8])


def _javascript(program: Program, command: CommandLine) -> Entry:
    asked = package_asked_for(program)
    if asked:
        return Entry("npm", asked)
    if program.form is Form.CODE:
        return Entry(code=program.target)
    if program.form is not Form.SCRIPT:
        return Entry()
    path = absolute(program.target, command.cwd)
    if is_dir(path):
        path = os.path.join(path, "index.js")  # noqa: PTH118 - text in, text out
    elif not is_file(path):
        for ending in (".js", ".mjs", ".cjs", "/index.js"):
            if is_file(path + ending):
                path += ending
                break
    folder = _node_package(path)
    if folder:
        parts = folder.replace("\\", "/").split("/")
        name = "/".join(parts[-2:]) if parts[-2].startswith("@") else parts[-1]
        return Entry("npm", name.lower(), folder=folder, installed=True)
    above = [parent / "node_modules" for parent in Path(path).parents[:MAX_PARENTS]]
    return Entry(script=path, sites=tuple(one for one in above if is_dir(one)))


def _node_package(path: str) -> str:
    """Return the folder of the package that a file belongs to: innermost `node_modules` or the system's place."""
    match = re.match(
        r"(.*[/\\](?:node_modules|share[/\\]nodejs|lib[/\\]nodejs)[/\\](?:@[^/\\]+[/\\])?[^/\\]+)[/\\]", path
    )
    if match and base_name(match[1]) != ".bin":
        return match[1]
    return ""
