"""The relay that the browser starts: checks who starts it, protects the stream, copies frames, stores nothing.

    browser → launcher (written by `manifests.py`, holds the values) → `main` → `copying.Copying`

It stays up while the agent is away, says so, and reconnects by itself; it ends when the browser closes its pipe
(DESIGN 3.3). How each browser starts it: Chromium's family passes the extension's origin first, Firefox the manifest's
path and then the add-on's id. The environment is the browser's, so the launcher runs `python -IS`, and nothing here
reads the environment. Standard library only, and little of it: the browser waits for us at every start.
"""

import os
import sys

DROPPED_PORT = 3
"""Exit status when the browser's side sent a frame that is too long."""


def main(argv: "list[str]", socket_path: bytes, allowed: "tuple[str, ...]", version: str) -> None:
    """Run until the browser closes its pipe; never returns.

    Args:
        argv: As the browser passed it, the program's own name first.
        socket_path: The agent's `relay.sock`.
        allowed: Chromium origins (`chrome-extension://…/`) and Firefox add-on ids that may start us.
        version: This relay's release.
    """
    if not (set(argv[1:2]) | set(argv[2:3])) & set(allowed):
        _leave(2, "this program is started by a browser for Gleanwatch's extension, and by nothing else.")
    if sys.platform == "win32":
        _leave(1, "the relay does not run on Windows yet.")
    else:
        from native_host.copying import BrowserBrokeProtocol, Copying, private_output

        output = private_output()
        try:
            Copying(0, output, socket_path, os.getuid(), version).run()
        except BrowserBrokeProtocol:
            _leave(DROPPED_PORT, "the extension sent a frame longer than 65,536 bytes; the connection is dropped.")
        except KeyboardInterrupt:  # Ctrl-C in the terminal that the browser was started from
            pass
    os._exit(0)  # at once: nothing is buffered, nothing needs tidying


def _leave(status: int, why: str) -> None:
    """End the process with one line on stderr; whether it can be written or not."""
    try:  # noqa: SIM105  contextlib costs a millisecond at every start
        os.write(2, b"gleanwatch relay: %b\n" % why.encode())
    except OSError:
        pass
    os._exit(status)
