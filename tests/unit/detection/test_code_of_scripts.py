"""What shape JavaScript and shell programs have: such as collect are seen, such as do ordinary work are not."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile

import pytest
from _pytest.mark import ParameterSet
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.javascript_code import package_name
from agent.detection.identify.parse.languages import READERS
from agent.detection.identify.shape import shape_of
from agent.detection.scoring import LOW_FROM, MEDIUM_FROM
from tests.unit.detection.programs import javascript, shell, small

WORK_ONLY = {"graphql users", "yt-dlp for every line"}
"""Programs whose shape alone stays below a flag: they ask a place of work with a key, or start a known tool."""


def read(source: str, language: str) -> CodeFacts:
    return READERS[language].read(source.encode("utf-8", "replace"), lambda name: None)


def cases(programs: dict[str, str]) -> list[ParameterSet]:
    return [pytest.param(source, id=name) for name, source in programs.items() if name not in WORK_ONLY]


@pytest.mark.parametrize("source", cases(javascript.COLLECTING))
def test_javascript_that_collects_is_seen(source: str) -> None:
    assert shape_of(read(source, "javascript")).weight >= MEDIUM_FROM


@pytest.mark.parametrize("source", cases(javascript.ORDINARY))
def test_ordinary_javascript_weighs_too_little_to_be_listed(source: str) -> None:
    assert shape_of(read(source, "javascript")).weight < LOW_FROM


@pytest.mark.parametrize("source", cases(shell.COLLECTING))
def test_a_shell_script_that_collects_is_seen(source: str) -> None:
    assert shape_of(read(source, "shell")).weight >= MEDIUM_FROM


@pytest.mark.parametrize("source", cases(shell.ORDINARY))
def test_an_ordinary_shell_script_weighs_too_little_to_be_listed(source: str) -> None:
    assert shape_of(read(source, "shell")).weight < LOW_FROM


def cases_of_all(programs: dict[str, dict[str, str]]) -> list[ParameterSet]:
    return [
        pytest.param(language, source, id=f"{language}: {name}")
        for language, some in programs.items()
        for name, source in some.items()
    ]


@pytest.mark.parametrize(("language", "source"), cases_of_all(small.COLLECTING))
def test_a_program_of_another_language_that_collects_is_seen(language: str, source: str) -> None:
    assert shape_of(read(source, language)).weight >= MEDIUM_FROM


@pytest.mark.parametrize(("language", "source"), cases_of_all(small.ORDINARY))
def test_an_ordinary_program_of_another_language_weighs_too_little_to_be_listed(language: str, source: str) -> None:
    assert shape_of(read(source, language)).weight < LOW_FROM


@pytest.mark.parametrize(
    ("language", "source", "name"),
    [
        ("perl", "use WWW::Mechanize::Chrome;", "WWW-Mechanize-Chrome"),
        ("ruby", "require 'selenium-webdriver'", "selenium-webdriver"),
        ("ruby", "Nokogiri::HTML(x)", "nokogiri"),
        ("php", "<?php use Symfony\\Component\\DomCrawler\\Crawler;", "symfony/dom-crawler"),
        ("php", "<?php require 'vendor/autoload.php'; new \\Goutte\\Client();", "vendor/autoload.php"),
        ("lua", 'local h = require "socket.http"', "socket.http"),
        ("r", "library(rvest)", "rvest"),
        ("r", "rvest::read_html(u)", "rvest"),
        ("powershell", "Import-Module PowerHTML", "PowerHTML"),
        ("go", 'import (\n c "github.com/gocolly/colly/v2"\n)', "github.com/gocolly/colly"),
        ("java", "import org.jsoup.nodes.Document;", "org.jsoup"),
        ("java", "import static org.junit.Assert.*;", "org.junit"),
    ],
)
def test_libraries_are_named_by_their_packages(language: str, source: str, name: str) -> None:
    assert name in read(source, language).imports


def jar(classes: dict[str, bytes], manifest: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("META-INF/MANIFEST.MF", manifest)
        for name, data in classes.items():
            made.writestr(name, data)
    return out.getvalue()


def class_file(*texts: str) -> bytes:
    pool = b"".join(b"\x01" + len(text).to_bytes(2, "big") + text.encode() for text in texts)
    return b"\xca\xfe\xba\xbe\0\0\0\x37" + (len(texts) + 1).to_bytes(2, "big") + pool


def test_a_jar_tells_its_libraries_and_the_words_of_its_main_class() -> None:
    main = class_file("org/jsoup/Jsoup", "connect", "select", "https://www.instagram.com/", "followers")
    data = jar(
        {"a/Main.class": main, "org/jsoup/Jsoup.class": b"", "BOOT-INF/lib/crawler4j-4.4.jar": b""},
        "Main-Class: a.Main\r\nClass-Path: lib/selenium-java-4.1.0.jar\r\n",
    )
    facts = READERS["java"].read(data, lambda name: None)
    assert {"org.jsoup", "crawler4j", "selenium-java"} <= set(facts.imports)
    assert facts.requests and facts.parses and facts.people and facts.compiled
    assert facts.platforms == ("instagram",)
    assert not facts.in_loop


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_broken_jar_is_refused_or_read(noise: bytes, cut: int) -> None:
    data = jar({"a/Main.class": class_file("a") + noise}, "Main-Class: a.Main\n")
    with contextlib.suppress(ValueError):
        READERS["java"].read(data[:cut] + noise, lambda name: None)
    READERS["java"].read(data, lambda name: None)


@pytest.mark.parametrize(("source", "program"), shell.KNOWN_PROGRAM_IN_LOOP.values(), ids=shell.KNOWN_PROGRAM_IN_LOOP)
def test_a_program_started_in_a_loop_is_named(source: str, program: str) -> None:
    facts = read(source, "shell")
    assert program in facts.runs_in_loop


def test_a_program_started_once_is_not_named_as_looped() -> None:
    facts = read("gallery-dl https://site.example/u/x\nfor f in *; do ls $f; done", "shell")
    assert facts.runs_in_loop == ("ls",)


def test_programs_started_from_javascript_are_named() -> None:
    facts = read(javascript.COLLECTING["yt-dlp for every line"], "javascript")
    assert facts.runs_in_loop == ("yt-dlp",)
    matching = "for (const r of rs) { const m = /a/.exec('yt-dlp x'); r.exec(text); }"
    assert read(matching, "javascript").runs_in_loop == ()


def test_own_modules_are_read_along_but_not_without_end() -> None:
    asked: list[str] = []

    def beside(name: str) -> bytes | None:
        asked.append(name)
        return f"import './m{len(asked)}.js'; import axios from 'axios';".encode()

    facts = READERS["javascript"].read(b"import './worker.js'", beside)
    assert facts.imports == ("axios",)
    assert len(asked) < 20


def test_a_loop_over_a_function_of_another_file_is_a_loop_of_requests() -> None:
    files = {
        "./one": b"const axios = require('axios'); exports.one = async (id) => axios.get(`https://x.example/u/${id}`);"
    }
    main = b"const { one } = require('./one'); (async () => { for (let i = 0; i < 900; i++) await one(i); })();"
    facts = READERS["javascript"].read(main, files.get)
    assert facts.in_loop and not facts.few


def test_a_worker_of_javascript_is_read_along() -> None:
    files = {"./part.js": javascript.COLLECTING["axios and cheerio, numbered pages"].encode()}
    main = b"const { Worker } = require('worker_threads'); for (let i = 0; i < 4; i++) new Worker('./part.js');"
    facts = READERS["javascript"].read(main, files.get)
    assert shape_of(facts).weight >= MEDIUM_FROM


ONE_PROFILE = b"""
import sys, requests
from bs4 import BeautifulSoup
page = BeautifulSoup(requests.get("https://site.example/u/" + sys.argv[1]).text, "lxml")
open("people.csv", "a").write(page.select_one(".email").text)
"""


def test_a_shell_loop_around_a_script_of_ones_own_is_a_loop_of_its_requests() -> None:
    loop = b"for u in $(cat users.txt); do python3 get.py $u; done"
    facts = READERS["shell"].read(loop, {"get.py": ONE_PROFILE}.get)
    assert facts.in_loop and facts.lists and not facts.few
    assert shape_of(facts).weight >= MEDIUM_FROM
    once = READERS["shell"].read(b"python3 get.py alice", {"get.py": ONE_PROFILE}.get)
    assert not once.in_loop
    poll = READERS["shell"].read(b"while true; do python3 get.py alice; sleep 60; done", {"get.py": ONE_PROFILE}.get)
    assert poll.few
    assert shape_of(poll).weight < MEDIUM_FROM


def test_a_bare_connection_of_the_shell_is_a_request() -> None:
    source = """for n in $(seq 1 400); do
      exec 3<>/dev/tcp/site.example/80
      printf 'GET /people?page=%d HTTP/1.0\\r\\n\\r\\n' $n >&3
      while read -r line <&3; do [[ $line =~ class=email.([^<]+) ]] && echo "${BASH_REMATCH[1]}" >> m.txt; done
    done"""
    assert shape_of(read(source, "shell")).weight >= MEDIUM_FROM


@pytest.mark.parametrize(
    ("written", "package"),
    [
        ("node:https", "https"),
        ("npm:got@14", "got"),
        ("@scope/pkg/deep/file.js", "@scope/pkg"),
        ("@scope/pkg@^2.1", "@scope/pkg"),
        ("https://esm.sh/cheerio@1.0.0", "cheerio"),
        ("https://deno.land/x/deno_dom@v0.1.38/mod.ts", "deno_dom"),
        ("jsr:@std/csv", "@std/csv"),
        ("lodash/get", "lodash"),
    ],
)
def test_imports_are_named_by_package(written: str, package: str) -> None:
    assert package_name(written) == package


LANGUAGES = sorted(set(READERS) - {"python"})


@given(st.sampled_from(LANGUAGES), st.binary(max_size=300))
def test_any_bytes_are_read(language: str, source: bytes) -> None:
    READERS[language].read(source, lambda name: None)


SIGNS = st.text(alphabet="abx()[]{}<>\n \t=:;.,'\"`$/*\\|&#@%~!?-+01 fordwhileoendfunction", max_size=200)


@given(st.sampled_from(LANGUAGES), SIGNS)
def test_any_signs_are_read(language: str, source: str) -> None:
    READERS[language].read(source.encode(), lambda name: None)


ADVERSE = {
    "open texts": "'\"`" * (60_000 // 12),
    "escaped backticks": "`\\" * (90_000 // 12),
    "open comments": "/*" * (90_000 // 12),
    "open brackets": "({[" * (60_000 // 12),
    "closing brackets": ")}]" * (60_000 // 12),
    "patterns": "=/[a" * (50_000 // 12),
    "loops in loops": "for(x of y){" * (15_000 // 12),
    "loops without brackets": "for while do " * (12_000 // 12),
    "functions": "function f(){g(" * (12_000 // 12),
    "calls in chains": "a.b(c)." * (25_000 // 12),
    "assignments": "a=b\n" * (45_000 // 12),
    "map of map": ".map(" * (35_000 // 12),
    "requests": "for(;;)fetch(u)\n" * (12_000 // 12),
    "substitutions": "$(" * (90_000 // 12),
    "here-documents": "cat <<A\n" * (20_000 // 12),
    "pipes": "curl $x |" * (20_000 // 12),
    "done": "for i in a; do done\n" * (9_000 // 12),
    "spaces": " " * (180_000 // 12),
    "one word": "a" * (180_000 // 12),
    "ends": "do end if end " * (12_000 // 12),
}


@pytest.mark.parametrize("language", ["javascript", "perl", "ruby", "shell"])
@pytest.mark.parametrize("source", ADVERSE.values(), ids=ADVERSE)
def test_no_input_makes_a_reader_look_twice(language: str, source: str) -> None:
    """Braces, words for `end`, calls without brackets and the shell stand for all.

    Twice the input takes about twice the time, not four times: measured against itself, not against a clock."""

    def spent(text: bytes) -> float:
        began = time.process_time()
        READERS[language].read(text, lambda name: None)
        return time.process_time() - began

    whole = spent(source.encode())
    half = spent(source[: len(source) // 2].encode())
    assert whole < max(0.5, 3.2 * half)
