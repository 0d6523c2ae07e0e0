"""What may be said of a piece of foreign code: library names and yes-or-no answers on its shape. No more leaves.

Travels as JSON from the helper process to the daemon; `from_json` on the daemon's side believes nothing it is told.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

MAX_IMPORTS = 200
_NAME = re.compile(r"[@A-Za-z_][\w@./-]{0,99}")


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """The shape of one program.

    Attributes:
        imports: Modules it imports, dotted (Python) or as npm names; sorted, at most 200.
        requests: It makes web requests through a library known here.
        in_loop: It makes them in a loop.
        drives: It walks a driven browser from page to page in a loop.
        parses: It takes pages apart.
        writes: It writes rows, JSON or files.
        walks: The loop walks numbered pages or follows links.
        people: Its words are about people: e-mail, profile, follower.
        own_host: Every address in it is this machine itself.
        looped: Which of the imported libraries it calls in a loop or loops over, by the first part of their names.
        platforms: Keys of the platforms (`vocabulary.PLATFORM_HOSTS`) whose hosts stand in its addresses; sorted.
        searches: It asks a search engine.
        token: It sends an access token, a key or an authorisation header.
        api: It takes answers as JSON from an interface, not pages.
        feeds: It reads RSS, Atom or podcasts.
        heads: It only asks whether an address is there (HEAD, `--spider`, status codes).
        tests: It is a test: test libraries, test names, assertions on answers.
        serves: It is a server or a bot that waits to be asked.
        downloads: It saves what it fetches as files, one after the other.
        runs_in_loop: Programs that it starts in a loop, by base name; sorted, at most 50.
        yara: Ids of our YARA rules that spoke, sorted, where the code could not be read; `parse/main.py` asks them.
        follows: It asks for addresses or names that stood in an earlier answer; `walks` is then true as well.
        lists: It asks for one after the other of a list that it reads from a file or from standard input.
        few: What it asks for is fixed and few: the same address again and again, or a short list in the code itself.
        contacts: It looks for e-mail addresses or telephone numbers in what it reads.
        media: What it saves is pictures, films or sound.
        hides: It takes care to be taken for a person's browser: made-up browser names, changing proxies, stealth.
        scrolls: It scrolls a driven page on and on.
        sends: Whatever it asks for in a loop, it only sends: it posts, puts or deletes and takes no list back.
        says_so: Its own names and texts speak of scraping, crawling or harvesting.
        tells: A text in it tells somebody, such as a language model, to gather data of many.
        opaque: It unpacks code while it runs, so that a part of it is not to be seen.
        compiled: It is compiled, and may ask the web: only names and texts were read, loops are not to be seen.
    """

    imports: tuple[str, ...] = ()
    requests: bool = False
    in_loop: bool = False
    drives: bool = False
    parses: bool = False
    writes: bool = False
    walks: bool = False
    people: bool = False
    own_host: bool = False
    looped: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    searches: bool = False
    token: bool = False
    api: bool = False
    feeds: bool = False
    heads: bool = False
    tests: bool = False
    serves: bool = False
    downloads: bool = False
    runs_in_loop: tuple[str, ...] = ()
    yara: tuple[str, ...] = ()
    follows: bool = False
    lists: bool = False
    few: bool = False
    contacts: bool = False
    media: bool = False
    hides: bool = False
    scrolls: bool = False
    sends: bool = False
    says_so: bool = False
    tells: bool = False
    opaque: bool = False
    compiled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> CodeFacts:
        """Read facts that came from the helper process.

        Raises:
            ValueError: The data are not facts.
        """
        if not isinstance(data, dict):
            raise ValueError("the helper's answer is not an object")
        lists = {name: _names(data.get(name)) for name in LISTS}
        answers = {name: data.get(name) is True for name in cls.__slots__ if name not in LISTS}
        made: dict[str, Any] = {**lists, **answers}
        return cls(**made)


LISTS = ("imports", "looped", "platforms", "runs_in_loop", "yara")


def _names(data: object) -> tuple[str, ...]:
    if not isinstance(data, list | tuple) or len(data) > MAX_IMPORTS:
        raise ValueError("the helper's answer has no list of names")
    return tuple(name for name in data if isinstance(name, str) and _NAME.fullmatch(name))
