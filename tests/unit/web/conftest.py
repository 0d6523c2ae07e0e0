"""Serves the page for the tests."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import aiohttp
import pytest

from agent.consent.qr import qr_svg
from agent.store.schema import FIELDS
from agent.web.app import build_app
from agent.web.serving import Serving, serve
from tests.unit.web.fake_face import FakeFace, StillClock
from tests.unit.web.served import LABEL, Page


@pytest.fixture
def face() -> FakeFace:
    return FakeFace()


@pytest.fixture
async def page(face: FakeFace) -> AsyncIterator[Page]:
    """A served page without a session yet."""
    numbers = itertools.count(1)
    clock = StillClock()
    refused: list[str] = []
    bound: list[Serving] = []
    app, links = build_app(
        face,
        host_label=LABEL,
        port_of=lambda: bound[0].port,
        clock=clock,
        new_token=lambda: f"token-{next(numbers):032d}",
        on_refused=refused.append,
        qr=qr_svg,
        verifier=b"#!/usr/bin/env python3\n",
        fields=FIELDS,
        heartbeat=0.05,
    )
    bound.append(await serve(app))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Page(face, clock, links, bound[0], http, refused)
    await bound[0].close()


@pytest.fixture
async def inside(page: Page) -> Page:
    """The same page, entered."""
    await page.enter()
    return page
