"""A served page, seen from outside: a real server on loopback, a real client that follows nothing by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from agent.web.app import Links
from agent.web.serving import Serving
from tests.unit.web.fake_face import FakeFace, StillClock

LABEL = "0123456789abcdef"


@dataclass
class Page:
    """A served page, seen from outside."""

    face: FakeFace
    clock: StillClock
    links: Links
    serving: Serving
    http: aiohttp.ClientSession
    refused: list[str] = field(default_factory=list)
    cookie: str = ""
    form_token: str = ""

    @property
    def host(self) -> str:
        return f"gw-{LABEL}.localhost:{self.serving.port}"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def headers(self, extra: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """What a browser with the session sends; `None` in `extra` leaves a header out."""
        given: dict[str, str | None] = {"Host": self.host, "Cookie": f"gleanwatch={self.cookie}", **(extra or {})}
        return {name: value for name, value in given.items() if value is not None}

    def get(
        self, path: str, extra: Mapping[str, str | None] | None = None, method: str = "GET"
    ) -> aiohttp.client._RequestContextManager:
        url = URL(f"http://127.0.0.1:{self.serving.port}{path}", encoded=True)
        return self.http.request(method, url, headers=self.headers(extra), allow_redirects=False)

    def post(
        self, path: str, form: Mapping[str, str], extra: Mapping[str, str | None] | None = None, *, token: bool = True
    ) -> aiohttp.client._RequestContextManager:
        fields = {**form, "form_token": self.form_token} if token else dict(form)
        headers = self.headers({"Origin": self.origin, "Sec-Fetch-Site": "same-origin", **(extra or {})})
        url = f"http://127.0.0.1:{self.serving.port}{path}"
        return self.http.post(url, data=fields, headers=headers, allow_redirects=False)

    def act(self, kind: str, purpose: str = "", came_from: str = "notice", language: str = "en") -> dict[str, str]:
        """The fields of an act's form, as the page fills them."""
        sha = self.face.notice(language).sha256
        return {"kind": kind, "purpose": purpose, "notice": sha, "language": language, "from": came_from}

    def path_of(self, link: str) -> str:
        assert link.startswith(self.origin + "/"), link
        return link.removeprefix(self.origin)

    async def enter(self) -> None:
        async with self.get(self.path_of(self.links.make())) as answer:
            self.cookie = answer.cookies["gleanwatch"].value
        async with self.get("/") as answer:
            self.form_token = (await answer.text()).split('name="form-token" content="')[1].split('"')[0]
