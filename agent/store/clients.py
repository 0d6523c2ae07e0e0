"""Browser extensions as the agent knows them: one row per queue, with the high-water mark of what is stored of it.

`hello` makes or refreshes the row when an extension connects and answers with the mark, `page_loads.append` advances
the mark together with the events it stands for, `listing` is what the page and the pop-up show.
"""

from __future__ import annotations

from dataclasses import dataclass

import apsw


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One extension as stored; times are UTC milliseconds. Fields as in `agent.model.face.BrowserState`.

    Attributes:
        client: The queue's whole random id, for matching with open connections; shown shortened.
        browser: `chromium`, `firefox` and so on.
        browser_version: Major version.
        extension_version: The extension's release.
        last_acked_at: When something of it was last stored; None when never.
        acked: Its highest stored sequence number.
        waiting: Events it said it holds.
        dropped: Events it said it dropped.
        lost: Events it said were lost when the browser exited.
        seen_at: When it last said hello.
    """

    client: str
    browser: str
    browser_version: str
    extension_version: str
    last_acked_at: int | None
    acked: int
    waiting: int
    dropped: int
    lost: int
    seen_at: int


def hello(  # noqa: PLR0917 -- the fields of the message, in its order
    tx: apsw.Connection,
    client: str,
    browser: str,
    browser_version: str,
    extension_version: str,
    waiting: int,
    dropped: int,
    lost: int,
    at: int,
) -> int:
    """Note that an extension connected, and return its high-water mark (0 when nothing of it is stored).

    Args:
        tx: The writer's connection.
        client: The random id of its queue.
        browser: What it says it runs in.
        browser_version: Major version.
        extension_version: Its release.
        waiting: Events in its queue.
        dropped: Events it dropped.
        lost: Events that were unacknowledged when the browser last exited.
        at: Now, UTC milliseconds.
    """
    row = tx.execute(
        """INSERT INTO client (client, browser, browser_version, extension_version, waiting, dropped, lost, seen_at,
                               acked)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
           ON CONFLICT (client) DO UPDATE SET
               browser = excluded.browser, browser_version = excluded.browser_version,
               extension_version = excluded.extension_version, waiting = excluded.waiting,
               dropped = excluded.dropped, lost = excluded.lost, seen_at = excluded.seen_at
           RETURNING acked""",
        (client, browser, browser_version, extension_version, waiting, dropped, lost, at),
    ).get
    return int(row)


def listing(conn: apsw.Connection, since: int) -> list[ClientRow]:
    """Return the extensions that connected or had something stored at or after `since`, latest first."""
    return [
        ClientRow(*row)
        for row in conn.execute(
            """SELECT client, browser, browser_version, extension_version, acked_at, acked, waiting, dropped, lost,
                      seen_at
               FROM client WHERE max(seen_at, coalesce(acked_at, 0)) >= ?
               ORDER BY max(seen_at, coalesce(acked_at, 0)) DESC, id""",
            (since,),
        )
    ]
