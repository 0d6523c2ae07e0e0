"""A small invented social site on loopback, to browse and to collect from without touching anybody's real page.

One application answers every host name: the address decides what is shown, in the shapes that watched platforms use
(`/in/NAME`, `/NAME/followers`, `/@NAME`, `/search/results/people?page=2`, `/posts/ID`). The people are made from a
number: none exists. A browser gets working links and in-page navigation (`pushState`); a scraper gets plain lists with
pagination, as directories have. `start_site` serves it over http and https on free ports of 127.0.0.1 and counts the
requests it answers, by host, so that a demonstration can say how much was collected.

    request → host and path → `page_for` (pure) → HTML
"""

from __future__ import annotations

import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from aiohttp import web

from agent.demo.certificate import CertificateFiles, write_certificate

HOSTS = (
    "www.linkedin.com",
    "www.instagram.com",
    "www.facebook.com",
    "www.threads.com",
    "web.whatsapp.com",
    "www.tiktok.com",
    "www.youtube.com",
    "x.com",
    "github.com",
    "social.example",
)
"""Names the certificate is valid for. The last belongs to nobody and is watched by nobody."""

PEOPLE = 400
PER_PAGE = 10

_FIRST = ("Ada", "Bela", "Cleo", "Dara", "Emre", "Fenna", "Goro", "Hana", "Ilja", "Juno", "Kofi", "Lene")
_LAST = ("Amber", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Gorse", "Heath", "Indigo", "Juniper")
_WORK = ("Archivist", "Beekeeper", "Cartographer", "Dyer", "Ecologist", "Ferry pilot", "Gardener")

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:46rem;padding:1.5rem}
nav a{margin-right:1rem}.card{border:1px solid var(--line);border-radius:.6rem;padding:.6rem 1rem;margin:.6rem 0}
.role{opacity:.7}.bar{background:var(--soft);border-radius:.6rem;padding:.5rem 1rem}
"""

# A click on a link marked `data-inside` moves like a single-page app does: new address, new content, no page load.
_SCRIPT = """
addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-inside]');
  if (!link) return;
  event.preventDefault();
  await inside(link.href);
});
async function inside(address) {
  const answer = await fetch(address);
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  document.querySelector('main').replaceWith(fresh.querySelector('main'));
  history.pushState({}, '', address);
}
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    number: int
    slug: str
    name: str
    work: str


def person(number: int) -> Person:
    """Return one invented person; the same number is always the same person."""
    number %= PEOPLE
    first = _FIRST[number % len(_FIRST)]
    last = _LAST[(number // len(_FIRST)) % len(_LAST)]
    return Person(number, f"{first}-{last}-{number}".lower(), f"{first} {last}", _WORK[number * 7 % len(_WORK)])


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: HTTP status, title and the HTML inside `<main>`."""

    status: int
    title: str
    body: str


def page_for(path: str, number: int) -> Page:
    """Say what stands at a path.

    Args:
        path: The URL's path, without the query.
        number: The page of a list, from the query's `page` or `start`, 1 or higher.
    """
    parts = [part for part in path.split("/") if part]
    if not parts or parts[0] in {"feed", "home", "foryou", "explore"}:
        return Page(200, "Feed", _people(1, "/search/results/people"))
    if parts[0] == "robots.txt":
        return Page(200, "robots", "User-agent: *\nDisallow: /\n")
    if parts[0] == "favicon.ico":
        return Page(404, "Not here", "")
    if parts[0] in {"search", "people", "results"} or parts[-1] in {"followers", "following", "people", "members"}:
        return Page(200, "People", _people(number, path))
    if parts[0] in {"posts", "p", "watch", "reel", "shorts"} or "status" in parts:
        return Page(200, "Post", '<article class="card"><p>The harbour was quiet this morning.</p></article>')
    return Page(200, *_profile(parts[-1]))


def _profile(slug: str) -> tuple[str, str]:
    digits = slug.rpartition("-")[2]
    who = person(int(digits) if digits.isdigit() else sum(slug.encode()))
    after = person(who.number + 1)
    return who.name, (
        f'<section class="card profile"><h1 class="name">{escape(who.name)}</h1>'
        f'<p class="role">{escape(who.work)}</p>'
        f'<p><a class="next" data-inside href="/in/{after.slug}">{escape(after.name)}</a>'
        f' · <a href="/in/{who.slug}/followers">followers</a> · <a href="/posts/{who.number}">a post</a></p></section>'
    )


def _people(number: int, path: str) -> str:
    first = (max(number, 1) - 1) * PER_PAGE
    cards = "".join(
        f'<li class="card person"><a class="who" href="/in/{who.slug}">{escape(who.name)}</a>'
        f' <span class="role">{escape(who.work)}</span></li>'
        for who in (person(first + place) for place in range(PER_PAGE))
    )
    last = first + PER_PAGE >= PEOPLE
    more = "" if last else f'<a class="more" rel="next" href="{escape(path)}?page={max(number, 1) + 1}">next page</a>'
    return f"<h1>People</h1><ul>{cards}</ul>{more}"


def render(page: Page, host: str) -> str:
    """Put a page into the site's frame."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(page.title)}</title><style>{_STYLE}</style>"
        f'<p class="bar">An invented site, answering as {escape(host)} on loopback. Nobody here exists.</p>'
        '<nav><a href="/feed">Feed</a><a href="/search/results/people">People</a></nav>'
        f"<main>{page.body}</main><script>{_SCRIPT}</script></html>"
    )


@dataclass(slots=True)
class Site:
    """A running site.

    Attributes:
        http_port: Port on 127.0.0.1 for http.
        https_port: Port on 127.0.0.1 for https.
        certificate: The files of its certificate.
        requests: Pages answered so far, by host name without port.
    """

    http_port: int
    https_port: int
    certificate: CertificateFiles
    requests: Counter[str] = field(default_factory=Counter)


@asynccontextmanager
async def start_site(folder: Path, hosts: tuple[str, ...] = HOSTS) -> AsyncIterator[Site]:
    """Serve the site on two free ports of 127.0.0.1 until the block ends.

    Args:
        folder: An existing folder for the certificate; the caller removes it.
        hosts: The names the certificate is for.
    """
    counts: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.Response:
        host = request.host.partition(":")[0]
        counts[host] += 1
        text = request.query.get("page") or request.query.get("start") or "1"
        page = page_for(request.path, int(text) if text.isdecimal() else 1)
        if request.path == "/robots.txt":
            return web.Response(text=page.body)
        return web.Response(status=page.status, text=render(page, host), content_type="text/html")

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        files = write_certificate(folder, hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        (http_port, https_port) = (address[1] for address in runner.addresses)
        yield Site(http_port, https_port, files, counts)
    finally:
        await runner.cleanup()
