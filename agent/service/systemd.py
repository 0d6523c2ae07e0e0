"""Linux: the agent as a unit of systemd, of the person's own or, installed by an administrator, one for a person.

    Plan → `user_unit` / `system_unit` → text → `install` writes it, links it into the session's start, starts it

Which lines of hardening work in a unit of a user and which would make the agent blind stands in the templates; that the
kernel really hides a person's programs from a user namespace is shown by `tests/reliability/test_service.py`.
Sources: systemd.exec(5), systemd.resource-control(5), systemd.syntax(7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from agent.service.plan import HELPLESS, INSTALL, TITLE, UPDATE, Ceilings, Done, Outcome, Plan, Runner
from native_host.own_files import read_plain, write_whole

_TEMPLATES: Final = Path(__file__).parent / "templates"
_MARKER: Final = b"# Written by `gleanwatch service"

SANDBOX: Final[Mapping[str, str]] = {
    "NoNewPrivileges": "yes",
    "LockPersonality": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictNamespaces": "yes",
    # Sockets of browsers and the session bus; look-ups, the page, witnesses; programs that start, their connections.
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
    "SystemCallErrorNumber": "EPERM",
    "KeyringMode": "private",
    "LimitCORE": "0",
    # Four times what a session gives: what connects to its sockets and page cannot take what its sensors need.
    "LimitNOFILE": "4096",
    # The helper that reads foreign code may grow too large and be ended: the agent goes on and counts it.
    "OOMPolicy": "continue",
}
"""What needs no namespace: enforced by seccomp and resource limits, in a unit of a user as well."""


def user_unit(plan: Plan) -> str:
    """Return the text of the person's own unit."""
    return _filled("user.service", plan, name=plan.name)


def system_unit(plan: Plan, uid: int) -> str:
    """Return the text of a unit that an administrator installs for one person.

    Args:
        plan: What is to run, with that person's folders.
        uid: The person's number.
    """
    session = Path("/run/user") / str(uid)  # writable as a whole: what lies in it is made anew with each session
    folders = [folder for folder in plan.writable if not folder.is_relative_to(session)]
    writable = "\n".join(f"ReadWritePaths={quoted(str(folder))}" for folder in folders)
    return _filled("system.service", plan, uid=str(uid), writable=writable)


def quoted(word: str) -> str:
    """Return a word as systemd reads it back unchanged: quoted, specifiers and variables doubled (systemd.syntax(7)).

    Raises:
        ValueError: It holds a line break, which a unit cannot.
    """
    if any(each in word for each in "\n\r\0"):
        raise ValueError("a path with a line break in it cannot stand in a unit: move it")
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if any(each in text for each in " \t'\"\\;#") or not text else text


def command_line(words: Iterable[str]) -> str:
    """Return a command as ExecStart= takes it: there a dollar sign begins a variable."""
    return " ".join(quoted(word).replace("$", "$$") for word in words)


def _filled(template: str, plan: Plan, **more: str) -> str:
    text = Template((_TEMPLATES / template).read_text("utf-8")).substitute(
        title=TITLE,
        helpless=str(HELPLESS),
        command=command_line(plan.command),
        environment="\n".join(f"Environment={quoted(f'{key}={value}')}" for key, value in plan.environment.items()),
        ceilings="\n".join(_ceilings(plan.ceilings)),
        sandbox="\n".join(f"{key}={value}" for key, value in SANDBOX.items()),
        **more,
    )
    lines = text.splitlines()
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1])) + "\n"


def _ceilings(ceilings: Ceilings) -> list[str]:
    return [
        f"MemoryHigh={ceilings.memory_high_mb}M",
        f"MemoryMax={ceilings.memory_max_mb}M",
        f"CPUQuota={ceilings.cpu_percent}%",
        f"TasksMax={ceilings.tasks}",
    ]


@dataclass(frozen=True, slots=True)
class Systemd:
    """The person's own service manager.

    Attributes:
        plan: What is to run.
        folder: Where the person's units lie: `$XDG_CONFIG_HOME/systemd/user`.
        run: Runs `systemctl`.
    """

    plan: Plan
    folder: Path
    run: Runner

    @property
    def unit(self) -> Path:
        """The unit's file."""
        return self.folder / f"{self.plan.name}.service"

    @property
    def _wish(self) -> Path:
        """The link by which it starts with the session: what `systemctl enable` makes."""
        return self.folder / "default.target.wants" / self.unit.name

    @property
    def start(self) -> str:
        """The command that starts it."""
        return f"systemctl --user start {self.unit.name}"

    def show(self) -> str:
        """Return what `install` writes."""
        return user_unit(self.plan)

    def install(self, *, now: bool = True) -> Done:
        """Write the unit, let it start with the session, and start it `now` where a service manager runs."""
        where = str(self.unit)
        try:
            if self._foreign():
                return Done(Outcome.FAILED, where, "A unit of that name is not ours. Move it away, then try again.")
            self._wish.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.unit, self.show().encode(), 0o644)
            if not self._wish.is_symlink():
                self._wish.symlink_to(Path("..") / self.unit.name)
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It could not be written: {problem.strerror}. Check room and rights.")
        if not self._systemctl("daemon-reload"):
            detail = (
                "It starts with your next log-in: no service manager of yours answers here (systemctl --user). Until "
                "then: gleanwatch run"
            )
            return Done(Outcome.WRITTEN, where, detail)
        if not now:
            return Done(Outcome.WRITTEN, where)
        if not self._systemctl("restart", self.unit.name):
            detail = f"It is installed and did not start. Why: systemctl --user status {self.unit.name}"
            return Done(Outcome.FAILED, where, detail)
        return Done(Outcome.STARTED, where)

    def remove(self) -> Done:
        """Stop it and take its files away."""
        where = str(self.unit)
        try:
            if self._foreign():
                return Done(Outcome.FAILED, where, "A unit of that name is not ours: it stays.")
            there = self.unit.exists() or self._wish.is_symlink()
            if there:
                self._systemctl("stop", self.unit.name)
                self._wish.unlink(missing_ok=True)
                self.unit.unlink(missing_ok=True)
                for folder in (self._wish.parent, self.folder, self.folder.parent):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
                self._systemctl("daemon-reload")
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It could not be removed: {problem.strerror}.")
        return Done(Outcome.REMOVED if there else Outcome.ABSENT, where)

    def status(self) -> Done:
        """Say whether it is installed as this release would, and whether it runs."""
        where = str(self.unit)
        try:
            text = read_plain(self.unit)
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It cannot be read: {problem.strerror}.")
        if text is None:
            return Done(Outcome.ABSENT, where, INSTALL)
        if _MARKER not in text:
            return Done(Outcome.FAILED, where, "A unit of that name is not ours. Move it away, then install.")
        if text != self.show().encode():
            return Done(Outcome.OUTDATED, where, UPDATE)
        if self._systemctl("is-active", "--quiet", self.unit.name):
            return Done(Outcome.STARTED, where)
        return Done(Outcome.STOPPED, where, f"Start it: {self.start}")

    def _foreign(self) -> bool:
        text = read_plain(self.unit)
        return text is not None and _MARKER not in text

    def _systemctl(self, *words: str) -> bool:
        ran = self.run(("systemctl", "--user", *words))
        return ran is not None and ran.code == 0


def units_folder(env: Mapping[str, str], home: Path) -> Path:
    """Return where a person's own units lie (XDG Base Directory Specification)."""
    value = env.get("XDG_CONFIG_HOME", "")
    return (Path(value) if Path(value).is_absolute() else home / ".config") / "systemd" / "user"
