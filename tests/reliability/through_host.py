"""The native host as a browser runs it: two pipes with frames, the extension's origin as its argument.

`HostPipe` is a `RelayClient` whose bytes go through the real host instead of straight into the agent's socket; it also
hears what the host says for itself, that the agent is there or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.client import RelayClient, new_client_id
from tests.support.host import install_host
from tests.support.processes import end
from tests.support.waiting import until


class HostPipe(RelayClient):
    """A raw client that speaks through a native host."""

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, env: Mapping[str, str], seed: int = 2) -> AsyncIterator[HostPipe]:
        """Run a native host until the block ends."""
        host = install_host(folder, env)
        with (folder / "host.log").open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *host.command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
                env=dict(env),
                start_new_session=True,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        pipe = cls(process.stdout, process.stdin, new_client_id(seed))
        try:
            yield pipe
        finally:
            await pipe.close()
            await end(process)

    async def until_up(self) -> None:
        """Wait until the host's last word is that the agent is there; forget what was heard before."""
        await until(lambda: self._last() is True, "the host to find the agent", seconds=30)
        self.received = [message for message in self.received if message["kind"] == "agent"]

    async def until_down(self) -> None:
        """Wait until the host's last word is that the agent is not there."""
        await until(lambda: self._last() is False, "the host to miss the agent", seconds=30)

    def _last(self) -> bool | None:
        words = self.seen("agent")
        return bool(words[-1]["up"]) if words else None
