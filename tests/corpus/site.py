"""The site that every name of the isolation leads to: a directory of invented people, and what else programs ask for.

One handler answers by path, as a people directory, a gallery, a blog with feed and site map, search results, media, a
folder of files, a social network's API with cursors, a company's API with pages, or a language model. Answers take
about as long as real ones, so that programs live long enough to be seen. It counts requests and connections.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web

OWN = "www.peoplehub-example.com"
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
MEDIA_BYTES, MEDIA_RATE = 600_000, 200_000
"""Bytes of one media file, and bytes a second it is sent with."""
FIRST = (
    "ada",
    "bela",
    "cem",
    "dora",
    "emil",
    "fay",
    "gus",
    "hana",
    "ivo",
    "june",
    "kai",
    "lola",
    "max",
    "nora",
    "otto",
)
LAST = ("abel", "brandt", "corr", "dahl", "eng", "frey", "gill", "horn", "ivers", "jost")
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)


@dataclass(slots=True)
class Traffic:
    """What came in since it was last emptied."""

    requests: int = 0
    connections: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    paths: list[str] = field(default_factory=list)

    def as_record(self) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "requests": self.requests,
            "connections": self.connections,
            "hosts": dict(self.hosts),
            "paths": self.paths[:12],
        }


def person(number: int) -> dict[str, object]:
    """Return one invented person."""
    first, last = FIRST[number % len(FIRST)], LAST[number // len(FIRST) % len(LAST)]
    slug = f"{first}-{last}-{number}"
    return {
        "id": 10_000 + number,
        "username": slug,
        "name": f"{first} {last}".title(),
        "email": f"{first}.{last}{number}@example.com",
        "url": f"/in/{slug}",
    }


def page(title: str, body: str) -> web.Response:
    """Return an HTML page."""
    head = f"<title>{title}</title><meta property='og:title' content='{title}'>"
    foot = "<footer><a href='/'>home</a> <a href='/people?page=1'>people</a> <a href='/gallery/1'>pictures</a></footer>"
    text = (
        f"<!doctype html><html><head><meta charset=utf-8>{head}</head><body><h1>{title}</h1>{body}{foot}</body></html>"
    )
    return web.Response(text=text, content_type="text/html")


def as_json(document: object) -> web.Response:
    """Return a JSON document."""
    # As bytes, so that no charset is added to the type: some clients compare it as it stands.
    return web.Response(body=json.dumps(document).encode(), content_type="application/json")


class Site:
    """The handler of every request, and its counts."""

    def __init__(self) -> None:
        """Start with no counts."""
        self.traffic = Traffic()
        self._runners: list[web.ServerRunner] = []

    async def serve(self, address: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port, which is chosen where 0 was asked for."""

        def counted(make: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
            def connection() -> asyncio.Protocol:
                self.traffic.connections += 1
                return make()

            return connection

        server = web.Server(self.answer, access_log=None)
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(counted(server), address, port, ssl=tls, backlog=256, reuse_address=True)
        return int(listening.sockets[0].getsockname()[1])

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request after the time it would have taken."""
        host, path = (request.host or "?").split(":")[0].lower(), unquote(request.url.path)
        self.traffic.requests += 1
        self.traffic.hosts[host] += 1
        self.traffic.paths.append(f"{request.method} {path}"[:100])
        if request.can_read_body:
            await request.read()
        await asyncio.sleep(self._seconds(host, path))
        if path.endswith((".mp4", ".mp3", ".bin", ".zip", ".tar.gz", ".iso", ".webm", ".m4a", ".parquet", ".csv.gz")):
            return await self._media(request)
        return self._document(request, host, path)

    def _seconds(self, host: str, path: str) -> float:
        if host in LOOPBACK or path in ("/robots.txt", "/favicon.ico", "/health"):
            return 0.03
        return 0.2 if host == OWN or self._is_api(host, path) else 2.0

    def _is_api(self, host: str, path: str) -> bool:
        return host.startswith(("api.", "graph.", "oauth.")) or "/api" in path or path.startswith(("/v1", "/v2", "/2/"))

    async def _media(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = MEDIA_BYTES
        await response.prepare(request)
        if request.method != "HEAD":
            for _ in range(MEDIA_BYTES // (MEDIA_RATE // 10)):
                await response.write(b"\0" * (MEDIA_RATE // 10))
                await asyncio.sleep(0.1)
        return response

    def _document(self, request: web.BaseRequest, host: str, path: str) -> web.Response:
        asked = request.url.query
        raw = asked.get("page") or asked.get("after") or asked.get("offset") or asked.get("cursor") or "1"
        number = int(raw) if raw.isdigit() else 1
        if path == "/health":
            return as_json({"status": "ok"})
        if path == "/robots.txt":
            return web.Response(text=f"User-agent: *\nDisallow: /private\nSitemap: http://{OWN}/sitemap.xml\n")
        if path.endswith((".jpg", ".jpeg", ".png", ".gif", ".webp", ".ico")):
            return web.Response(body=PIXEL, content_type="image/png")
        if path.endswith(("/chat/completions", "/messages", "/generate")):
            said = {"role": "assistant", "content": "Certainly."}
            return as_json(
                {"id": "m", "choices": [{"message": said}], "content": [{"type": "text", "text": "Certainly."}]}
            )
        if path.endswith((".xml", "/rss", "/feed")):
            return self._feed(path, request.host)
        if path.endswith(("/timelines/public", "/directory")):
            return as_json([{**person(n), "account": person(n), "content": "text", "acct": "x"} for n in range(25)])
        if path.endswith("/json"):
            return as_json({"info": {"version": "0.0.1"}, "releases": {"0.0.1": []}, "urls": []})
        if asked.get("output") == "json":
            head = ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
            rows = [
                ["x", f"2020010{n}000000", f"http://{OWN}/people?page={n}", "text/html", "200", "d", "9"]
                for n in range(1, 9)
            ]
            return as_json([head, *rows])
        if path.endswith(".csv"):
            return web.Response(text="day,price\n" + "".join(f"{d},{d * 3 % 17}\n" for d in range(400)))
        wants_json = "json" in request.headers.get("Accept", "")[:20] or path.endswith(".json")
        if self._is_api(host, path) or wants_json:
            return as_json(self._rows(request, number))
        return self._html(path, number)

    def _feed(self, path: str, host: str) -> web.Response:
        if "sitemap" in path:
            links = [f"/in/{person(n)['username']}" for n in range(60)] + [f"/blog/{n}" for n in range(40)]
            text = "".join(f"<url><loc>http://{host}{link}</loc></url>" for link in links)
            text = f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{text}</urlset>"
        else:
            text = "".join(
                f"<item><title>Post {n}</title><link>http://{OWN}/blog/{n}</link><guid>{n}</guid>"
                f"<enclosure url='http://{OWN}/audio/{n}.mp3' length='{MEDIA_BYTES}' type='audio/mpeg'/></item>"
                for n in range(10)
            )
            text = f"<rss version='2.0'><channel><title>Blog</title><link>/</link>{text}</channel></rss>"
        return web.Response(text=f"<?xml version='1.0'?>{text}", content_type="application/xml")

    def _rows(self, request: web.BaseRequest, number: int) -> dict[str, object]:
        rows = [person(number * 25 + n) for n in range(25)]
        following = str(request.url.update_query({"page": str(number + 1), "after": str(number + 1)}))
        return {
            **person(number),
            "data": rows,
            "results": rows,
            "items": rows,
            "page": number,
            "total_pages": 400,
            "has_more": True,
            "next": following,
            "paging": {"next": following, "cursors": {"after": str(number + 1)}},
            "meta": {"next_token": str(number + 1)},
            "access_token": "none",
            "expires_in": 3600,
            "token_type": "bearer",
            "ok": True,
            "status": "ok",
        }

    def _html(self, path: str, number: int) -> web.Response:
        first = path.split("/")[1]
        if first in ("in", "user", "u", "profile", "company"):
            name = path.rsplit("/", 1)[-1]
            others = "".join(f"<li class=person><a href='/in/{person(n)['username']}'>more</a></li>" for n in range(8))
            mail = f"<a href='mailto:{name}@example.com'>{name}@example.com</a>"
            about = f"<img src='/img/{name}.jpg'><p class=headline>Engineer</p>{mail}<ul>{others}</ul>"
            return page(name, f"<div class=profile>{about}</div>")
        if first in ("people", "search", "jobs", "members", "list", "html"):
            cards = "".join(
                f"<li class='person card result'><a class='name result__a' href='{p['url']}'>{p['name']}</a>"
                f" <span class=email>{p['email']}</span><img src='/img/{p['id']}.jpg'></li>"
                for p in (person(number * 25 + n) for n in range(25))
            )
            return page(
                f"People {number}", f"<ul>{cards}</ul><a class=next rel=next href='{path}?page={number + 1}'>next</a>"
            )
        if first == "gallery":
            pictures = "".join(f"<a href='/img/g{n}.jpg'><img src='/img/g{n}.jpg'></a>" for n in range(30))
            return page("Gallery", f"{pictures}<a href='/video/1.mp4'>clip</a>")
        if first == "dir":
            return page("Index of", "".join(f"<a href='/dir/f{n}.bin'>f{n}.bin</a><br>" for n in range(20)))
        if first == "blog":
            at = int("".join(c for c in path if c.isdigit()) or "0")
            words = "Lorem ipsum dolor sit amet. " * 40
            return page(f"Post {at}", f"<article><p>{words}</p><a href='/blog/{at + 1}'>next</a></article>")
        links = "".join(f"<li><a href='/in/{person(n)['username']}'>{person(n)['name']}</a></li>" for n in range(12))
        more = "<a href='/blog/1'>blog</a> <a href='/feed.xml'>feed</a><form action='/search'><input name=q></form>"
        return page("Home", f"<ul>{links}</ul>{more}")


class Proxy:
    """A forward proxy on loopback: plain requests and CONNECT alike are handed to where they asked to go."""

    async def serve(self, port: int) -> None:
        """Listen on loopback."""
        await asyncio.start_server(self._connected, "127.0.0.1", port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            if method == "CONNECT":
                host, port = target.rsplit(":", 1)
            else:
                host, port = target.split("/")[2].partition(":")[::2]
            out_reader, out_writer = await asyncio.open_connection(host, int(port or 80))
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                out_writer.write(head)
            await asyncio.gather(_pour(reader, out_writer), _pour(out_reader, writer))
        except (OSError, ValueError, IndexError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
