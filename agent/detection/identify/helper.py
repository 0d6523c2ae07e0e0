"""The daemon's side of the helper process that reads foreign files: start it when needed, ask, put it away when idle.

`identifier.py` asks for the facts of a script, of code from a command line or of an executable. The helper runs our
YARA rules first; the rules that the first helper compiled are kept here, in memory, for the next. The answer is cached
by the file's identity (device, inode, size, time of change), so that a file that is started a thousand times is read
once; a script's for ten minutes at most, since the modules that lie beside it are read along and may change. Whatever
goes wrong (too large, too slow, not code, a crash of the helper) is counted under a reason and answered by None and
that reason; nothing of it reaches the daemon as an exception, and neither a path nor code is ever logged.

Questions and answers have no numbers: what keeps them together is that one is asked at a time, and that a helper whose
answer nobody took any more is killed with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import struct
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agent.detection.identify.parse.binary_facts import BinaryFacts
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.verdicts import GOOD_FOR_SECONDS, Stamp, stamp_of

IDLE_SECONDS = 30.0
WATCHDOG_SECONDS = 4.0
"""Wall time for one answer. The helper gives up after one second of processor time; this is for what it cannot stop."""
MAX_CACHED = 512
MAX_CODE = 512 * 1024
MAX_ANSWER = 1024 * 1024
_HEADER = struct.Struct("<I")
_ROOT = Path(__file__).resolve().parents[3]
_BOOT = "import sys;sys.path.insert(0,sys.argv[1]);from agent.detection.identify.parse.main import main;main()"

BINARY = "binary"
TOO_LARGE = "too_large"
Facts = CodeFacts | BinaryFacts
_Key = tuple[Stamp, str]
_REASONS = frozenset([TOO_LARGE, "unreadable", "not_code", "too_slow", "too_complex"])
"""What the helper says of a file that it did not read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a script.

    Attributes:
        facts: The shape of its code, or None where it could not be read.
        reason: Why not, as counted in `CodeReader.unread`; empty where there are facts.
    """

    facts: CodeFacts | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer of the helper's.

    Attributes:
        facts: The facts, or None.
        reason: Why there are none, or empty.
        read: Identity of the file that was opened, as a list of numbers; None where none was.
        until: How long it may be given again, in the house's monotonic seconds.
    """

    facts: Facts | None
    reason: str = ""
    read: object = None
    until: float = 0.0


class CodeReader:
    """Reads foreign code in a helper process. One request at a time; safe to call from many tasks."""

    def __init__(
        self,
        idle_seconds: float = IDLE_SECONDS,
        watchdog_seconds: float = WATCHDOG_SECONDS,
        max_cached: int = MAX_CACHED,
        loopback: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set the limits; the helper starts with the first question.

        Args:
            idle_seconds: After so long without a question the helper is put away.
            watchdog_seconds: How long one answer may take before the helper is killed.
            max_cached: How many files' answers are remembered.
            loopback: Host name to `ip:port`: names of platforms that are served on this machine, as configured. In
                code, such an address is read as that name.
            monotonic: Seconds that never go back.
        """
        self._monotonic = monotonic
        self._names = {target: name for name, target in (loopback or {}).items()}
        self._libraries: list[str] = []
        self._idle = idle_seconds
        self._watchdog = watchdog_seconds
        self._max_cached = max_cached
        self._process: asyncio.subprocess.Process | None = None
        self._killed: list[asyncio.subprocess.Process] = []
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._rules = ""
        self._engine = _engine()
        self._cache: OrderedDict[_Key, _Answer] = OrderedDict()
        self.unread: Counter[str] = Counter()
        """How often code could not be read, by reason: `too_large`, `not_code`, `too_slow`, `crashed` and so on."""

    def knows(self, libraries: Iterable[str]) -> None:
        """Say which libraries may be named of compiled code, where a library's name looks like any other name.

        Args:
            libraries: Dotted names of modules; those of `parse/vocabulary.py` are known without.
        """
        self._libraries = sorted(set(libraries))

    @property
    def pid(self) -> int | None:
        """The helper's process number while it runs: the agent leaves itself out of what it observes."""
        return self._process.pid if self._process is not None else None

    async def read_file(self, path: str, language: str) -> CodeFacts | None:
        """Return the facts of a script, or None when it could not be read.

        Args:
            path: Absolute path, used in memory only.
            language: A key of `parse/languages.py`'s table of readers, such as `python`.
        """
        return (await self.reading(path, language)).facts

    async def reading(self, path: str, language: str) -> Reading:
        """Return the facts of a script, or why there are none; the arguments are those of `read_file`."""
        answer = await self._cached(path, language, {"language": language, "path": path})
        return Reading(answer.facts if isinstance(answer.facts, CodeFacts) else None, answer.reason)

    async def read_binary(self, path: str) -> BinaryFacts | None:
        """Return the facts of an executable, or None when it could not be read.

        Args:
            path: Absolute path, used in memory only.
        """
        facts = (await self._cached(path, BINARY, {BINARY: path})).facts
        return facts if isinstance(facts, BinaryFacts) else None

    async def _cached(self, path: str, kind: str, request: dict[str, str]) -> _Answer:
        stamp = stamp_of(path)
        if stamp is None:
            return self._none("unreadable")
        held = self._cache.get((stamp, kind))
        if held is not None and self._monotonic() < held.until:
            self._cache.move_to_end((stamp, kind))
            return held
        # An executable is read as it is; what lies beside a script is read along, and its changes are not seen here.
        until = float("inf") if kind == BINARY else self._monotonic() + GOOD_FOR_SECONDS
        answer = replace(await self._ask(request), until=until)
        if answer.read is not None and answer.read != list(stamp):
            # It was replaced meanwhile: good once, for what lies there now, or no answer to what was asked at all.
            return answer if answer.read == list(stamp_of(path) or ()) else self._none("changed")
        self._cache[stamp, kind] = answer
        self._cache.move_to_end((stamp, kind))
        while len(self._cache) > self._max_cached:
            self._cache.popitem(last=False)
        return answer

    async def read_code(self, code: str, language: str) -> CodeFacts | None:
        """Return the facts of code from a command line, or None. Neither the code nor its facts are kept."""
        if len(code) > MAX_CODE:
            self.unread[TOO_LARGE] += 1
            return None
        facts = (await self._ask({"language": language, "code": code})).facts
        return facts if isinstance(facts, CodeFacts) else None

    def _none(self, reason: str) -> _Answer:
        self.unread[reason] += 1
        return _Answer(None, reason)

    async def close(self) -> None:
        """Put the helper away."""
        async with self._lock:
            await self._stop()

    async def _ask(self, request: dict[str, str]) -> _Answer:
        async with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            # A helper that has answered before may have died of anything: the question is put to another one, once.
            again = self.pid is not None
            try:
                try:
                    reply = await asyncio.wait_for(self._exchange(request), self._watchdog)
                except (OSError, EOFError, ValueError) as problem:
                    if isinstance(problem, TimeoutError) or not again:
                        raise
                    await self._stop()
                    reply = await asyncio.wait_for(self._exchange(request), self._watchdog)
                return self._taken(reply)
            except TimeoutError:
                await self._stop()
                return self._none("too_slow")
            except (OSError, EOFError, ValueError):
                await self._stop()
                return self._none("crashed")
            except BaseException:
                # Whoever asked was cancelled. The answer would come all the same, and be taken for the next one's.
                self._kill()
                raise
            finally:
                if self._process is not None:
                    loop = asyncio.get_running_loop()
                    self._timer = loop.call_later(self._idle, self._retire)

    def _taken(self, reply: dict[str, object]) -> _Answer:
        if "facts" in reply:
            return _Answer(CodeFacts.from_json(reply["facts"]), read=reply.get("identity"))
        if BINARY in reply:
            return _Answer(BinaryFacts.from_json(reply[BINARY]), read=reply.get("identity"))
        reason = reply.get("error")
        return self._none(reason if isinstance(reason, str) and reason in _REASONS else "failed")

    async def _exchange(self, request: dict[str, str]) -> dict[str, object]:
        process = self._process
        if process is None or process.returncode is not None:
            await self._stop()
            process = self._process = await self._start()
            await self._make_ready(process)
        return await _answer(process, {**request, "loopback": self._names, "libraries": self._libraries})

    async def _make_ready(self, process: asyncio.subprocess.Process) -> None:
        """Give the helper the compiled rules, or take them from it, before it has seen anything of anybody's."""
        rules = (await _answer(process, {"rules": self._rules})).get("rules")
        if not isinstance(rules, str):
            raise ValueError("the helper's answer has no rules")
        if not rules:
            self.unread["no_rules"] += 1
        self._rules = rules

    async def _start(self) -> asyncio.subprocess.Process:
        # An empty environment: nothing of the person's reaches code that handles foreign files.
        environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-IS",
            "-c",
            _BOOT,
            str(_ROOT),
            self._engine,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment,
            cwd=os.sep,
        )

    def _retire(self) -> None:
        """Let an idle helper end by itself: it leaves when its standard input does."""
        process, self._process, self._timer = self._process, None, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _stop(self) -> None:
        """Kill the helper and wait until it and those that were killed before it are gone."""
        self._kill()
        while self._killed:
            await self._killed[-1].wait()
            self._killed.pop()

    def _kill(self) -> None:
        """Kill the helper at once: nothing is awaited, so that this may be done while being cancelled."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        process, self._process = self._process, None
        if process is None:
            return
        self._killed.append(process)
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself, which is what is wanted
            process.kill()


async def _answer(process: asyncio.subprocess.Process, request: dict[str, object]) -> dict[str, object]:
    if process.stdin is None or process.stdout is None:
        raise OSError("the helper has no pipes")
    body = json.dumps(request).encode()
    process.stdin.write(_HEADER.pack(len(body)) + body)
    await process.stdin.drain()
    (length,) = _HEADER.unpack(await process.stdout.readexactly(_HEADER.size))
    if length > MAX_ANSWER:
        raise ValueError("the helper's answer is too long")
    reply = json.loads(await process.stdout.readexactly(length))
    if not isinstance(reply, dict):
        raise ValueError("the helper's answer is not an object")
    return reply


def _engine() -> str:
    """Return the folder in which the YARA engine is installed, or an empty string."""
    found = importlib.util.find_spec("yara_x")
    return str(Path(found.origin).parent.parent) if found is not None and found.origin else ""
