"""A witness of C2SP tlog-witness over real HTTP on loopback, around `agent.ledger.witness`, with its state in SQLite.

In the test's own process:    async with serving(witness) as url: ...
As a process to be killed:    async with witness_process(folder, name, seed, [log key]) as running: running.url ...

    POST /add-checkpoint → Witness.add_checkpoint → KeptStates (one transaction, synced) → Answer
    GET /<origin hash>/checkpoint → Witness.checkpoint

Started again over the same folder, it goes on where it was. `fall_over=n` makes it kill itself once it has remembered
its n-th checkpoint and before it answers: the moment that a log must be able to recover from.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from agent.ledger.cosignature import Cosigner
from agent.ledger.note import VerifierKey
from agent.ledger.witness import MAX_REQUEST, Answer, Seen, Witness
from tests.support.processes import started
from tests.support.waiting import until

LOOPBACK = "127.0.0.1"


class KeptStates:
    """What the witness remembers, in a file: survives being killed at any moment."""

    def __init__(self, file: Path, fall_over: int = 0) -> None:
        self._left = fall_over
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INT, root BLOB, note BLOB)")

    def latest(self, origin: str) -> Seen | None:
        row = self._db.execute("SELECT size, root, note FROM seen WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else Seen(*row)

    def advance(self, origin: str, old_size: int | None, seen: Seen) -> bool:
        self._db.execute("BEGIN IMMEDIATE")
        latest = self.latest(origin)
        if (None if latest is None else latest.size) != old_size:
            self._db.execute("ROLLBACK")
            return False
        self._db.execute("REPLACE INTO seen VALUES (?, ?, ?, ?)", (origin, seen.size, seen.root, seen.checkpoint))
        self._db.execute("COMMIT")
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    def close(self) -> None:
        self._db.close()


def application(witness: Witness) -> web.Application:
    """Serve a witness; both prefixes are the root of the server."""

    async def add_checkpoint(request: web.Request) -> web.Response:
        return _response(witness.add_checkpoint(await request.read()))

    async def checkpoint(request: web.Request) -> web.Response:
        return _response(witness.checkpoint(request.match_info["origin"]))

    app = web.Application(client_max_size=2 * MAX_REQUEST)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    app.router.add_get("/{origin}/checkpoint", checkpoint)
    return app


@asynccontextmanager
async def serving(witness: Witness) -> AsyncIterator[str]:
    """Serve in this process until the block ends; the URL prefix comes out, without a slash at its end."""
    runner = web.AppRunner(application(witness), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, LOOPBACK, 0)
        await site.start()
        yield f"http://{LOOPBACK}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class RunningWitness:
    """A witness in a process of its own.

    Attributes:
        url: URL prefix.
        process: It; killing it is what it is for.
    """

    url: str
    process: asyncio.subprocess.Process

    async def kill(self) -> None:
        """Kill -9."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def witness_process(
    folder: Path, name: str, seed: bytes, logs: Sequence[VerifierKey], fall_over: int = 0
) -> AsyncIterator[RunningWitness]:
    """Run a witness as a process until the block ends. Its state stays in `folder` for the next one."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    options = [f"--fall-over={fall_over}", folder, name, seed.hex(), *logs]
    command = [sys.executable, "-m", "tests.support.witness_server", *map(str, options)]
    root = Path(__file__).parents[2]
    async with started(command, folder / "output", cwd=root) as process:
        await until(port_file.exists, "the witness to listen")
        yield RunningWitness(f"http://{LOOPBACK}:{int(port_file.read_text())}", process)


async def post(url: str, body: bytes) -> Answer:
    """POST a body to a witness's `add-checkpoint` as a log does.

    Raises:
        aiohttp.ClientError: The witness is not there, or went away without an answer.
    """
    async with aiohttp.ClientSession() as session, session.post(f"{url}/add-checkpoint", data=body) as response:
        return Answer(response.status, response.headers.get("Content-Type", ""), await response.read())


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})


async def _run(folder: Path, witness: Witness) -> None:
    async with serving(witness) as url:
        fresh = folder / "port.new"
        fresh.write_text(url.rpartition(":")[2])
        fresh.replace(folder / "port")
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("name")
    parser.add_argument("seed", type=bytes.fromhex)
    parser.add_argument("logs", nargs="*", type=VerifierKey.parse)
    parser.add_argument("--fall-over", type=int, default=0)
    options = parser.parse_args()
    states = KeptStates(options.folder / "seen.sqlite", options.fall_over)
    known = {key.name: key for key in options.logs}
    witness = Witness(Cosigner(options.name, options.seed), known, states, lambda: int(time.time()))
    asyncio.run(_run(options.folder, witness))


if __name__ == "__main__":
    main()
