"""The handlers of «My data»: everything that is looked at, kept, sent and seen by others, and all of it as files.

Nothing on these pages is written down twice. What is kept comes from the words of every column (`store.schema.FIELDS`)
and from the tables themselves, what is looked at and logged from `content/looked_at.yaml`, what passes between browser
and agent from `wording`; a test holds these against the tables, the events, the messages and the log's lines in the
code. What stands in a row is shown escaped, secrets and sealed content only by their size.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from agent.content.looked_at import looked_at
from agent.model.face import KeptTable, RowsPart
from agent.pages.language import many, text
from agent.pages.security import Refusal, Refused
from agent.store.inspection import SIZED
from agent.web import exports
from agent.web.shared import Shared
from agent.web.wording import AGENT_FIELDS, EXTENSION_FIELDS, TABLES

LATEST: Final = 20
"""Rows on the page of one table."""
AT_ONCE: Final = 2000
"""Rows that an export reads at a time."""
WIDE: Final = 7
"""From so many columns on, a row is shown as a list and not as a line of a table."""
TIMES: Final = frozenset(
    {
        *("at", "seen_at", "acked_at", "first_seen", "last_seen", "answered_at", "held_until", "closed_at"),
        *("approved_until", "since", "until", "made_at", "start", "last_at"),
    }
)
"""Columns that hold a time, UTC milliseconds."""
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Table:
    """One table as the pages show it.

    Attributes:
        name: Its name in the database.
        title: What it is called.
        kept: How much is in it.
        until: When a row is deleted, in words.
        columns: Column → what is kept there, in English.
    """

    name: str
    title: str
    kept: KeptTable
    until: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataViews:
    """«My data».

    Attributes:
        shared: What every handler has.
        fields: Table → column → what is kept there: the words of the store.
    """

    shared: Shared
    fields: Mapping[str, Mapping[str, str]]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of these handlers."""
        return [
            web.get("/data", self.everything),
            web.get("/data.json", self.as_json, allow_head=False),
            web.get("/data/{table}.csv", self.as_csv, allow_head=False),
            web.get("/data/{table}", self.table),
            web.get("/fields", self.moved),
        ]

    async def everything(self, request: web.Request) -> web.Response:
        """Show every field of every kind: looked at and forgotten, kept, sent, seen by."""
        tables = await self._tables()
        said = looked_at()
        context = self.shared.common(request, await self.shared.face.status()) | {
            "kinds": said.kinds,
            "files": said.files,
            "log": said.log,
            "tables": tables,
            "ordered": [tables[name] for kind in said.kinds for name in kind.tables if name in tables],
            "from_browser": EXTENSION_FIELDS,
            "to_browser": AGENT_FIELDS,
        }
        return aiohttp_jinja2.render_template("data.html", request, context)

    async def table(self, request: web.Request) -> web.Response:
        """Show one table: what each column holds, how much there is, its newest rows as they are stored."""
        name = self._known(request.match_info["table"])
        context = self.shared.common(request, await self.shared.face.status()) | {
            "table": self._told(await self.shared.face.kept_in(name)),
            "rows": await self.shared.face.latest(name, LATEST),
            "sized": {column for table, column in SIZED if table == name},
            "times": TIMES,
            "wide": len(self.fields[name]) >= WIDE,
        }
        return aiohttp_jinja2.render_template("data_table.html", request, context)

    async def as_csv(self, request: web.Request) -> web.StreamResponse:
        """Hand out one table as CSV, part by part."""
        name = self._known(request.match_info["table"])
        response = await _begin(request, "text/csv", f"gleanwatch-{name}.csv")
        head, columns = True, tuple(self.fields[name])
        async for part in self._parts(name):
            await response.write(exports.csv_lines(name, columns, part.rows, head=head).encode())
            head = False
        await response.write_eof()
        return response

    async def as_json(self, request: web.Request) -> web.StreamResponse:
        """Hand out every table with what its columns mean as one JSON document, part by part."""
        response = await _begin(request, "application/json", "gleanwatch-data.json")
        status = await self.shared.face.status()
        about = {"kind": "gleanwatch-data", "version": status.version, "made_at": self.shared.clock.now()}
        await response.write(json.dumps(about)[:-1].encode() + b', "tables": {')
        for number, (name, columns) in enumerate(self.fields.items()):
            opened = f'{"," if number else ""}\n{json.dumps(name)}: {{"columns": {json.dumps(dict(columns))}'
            await response.write(opened.encode() + b', "rows": [')
            between = b"\n"
            async for part in self._parts(name):
                if part.rows:
                    await response.write(between + exports.json_rows(name, part.rows))
                    between = b",\n"
            await response.write(b"]}")
        await response.write(b"\n}}\n")
        await response.write_eof()
        return response

    async def moved(self, _request: web.Request) -> web.Response:
        """Send on whoever comes by the page's earlier address."""
        return web.Response(status=303, headers={"Location": "/data"})

    def _known(self, table: str) -> str:
        """Return the name of a table.

        Raises:
            Refused: There is no such table.
        """
        if table not in self.fields:
            raise Refused(Refusal.NOT_FOUND)
        return table

    async def _parts(self, table: str) -> AsyncIterator[RowsPart]:
        """Yield a table's rows in the order of its key, at least one part."""
        after: tuple[str | int, ...] = ()
        while True:
            part = await self.shared.face.rows(table, after, AT_ONCE)
            yield part
            after = part.last
            if not after:
                return

    async def _tables(self) -> dict[str, Table]:
        kept = {one.table: one for one in await self.shared.face.kept()}
        return {name: self._told(kept.get(name, KeptTable(name, 0))) for name in self.fields}

    def _told(self, held: KeptTable) -> Table:
        title, until = TABLES[held.table]
        columns = self.fields[held.table]
        return Table(held.table, text(title), held, text(until, time=_span(held.keeps_ms)), columns)


def _span(ms: int | None) -> str:
    """Say a length of time: in days from two days on, otherwise in hours."""
    if ms is None:
        return ""
    if ms >= 2 * _DAY:
        return many("%(num)s day", "%(num)s days", round(ms / _DAY))
    return many("%(num)s hour", "%(num)s hours", round(ms / _HOUR))


async def _begin(request: web.Request, media_type: str, name: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    response.content_type = media_type
    response.charset = "utf-8"
    await response.prepare(request)
    return response
