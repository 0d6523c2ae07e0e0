"""What shape code has, by real little programs: loops that walk pages about people, and loops that do not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identify.parse import javascript_code, python_code, shell_code
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.shape import shape_of
from agent.detection.scoring import LOW_FROM, MEDIUM_FROM

PEOPLE_LOOP = """
import csv, requests
from bs4 import BeautifulSoup
rows = []
s = requests.Session()
for page in range(1, 60):
    soup = BeautifulSoup(s.get("https://site.example/people", params={"page": page}).text, "html.parser")
    for li in soup.select("li.person"):
        rows.append([li.a.text, li.select_one(".email").text])
csv.writer(open("out.csv", "w")).writerows(rows)
"""
THROUGH_A_FUNCTION = """
import httpx
from selectolax.parser import HTMLParser
from concurrent.futures import ThreadPoolExecutor
def one(number):
    tree = HTMLParser(httpx.get(f"https://site.example/u?id={number}").text)
    return tree.css_first(".full-name").text()
with ThreadPoolExecutor(8) as pool:
    print(list(pool.map(one, range(1000))))
"""
IN_A_CLASS = """
import asyncio, aiohttp, lxml.html
class Walker:
    def __init__(self):
        self.session = aiohttp.ClientSession()
    async def page(self, url):
        async with self.session.get(url) as r:
            return lxml.html.fromstring(await r.text()).xpath("//a[@class='profile']/@href")
    async def run(self):
        queue = ["https://site.example/members?page=1"]
        while queue:
            queue.extend(await self.page(queue.pop()))
asyncio.run(Walker().run())
"""
DRIVEN = """
from playwright.sync_api import sync_playwright
with sync_playwright() as p:
    pg = p.chromium.launch().new_page()
    for i in range(1, 50):
        pg.goto("https://site.example/people?page=%d" % i)
        print(pg.eval_on_selector_all("li.person", "e => e.map(x => x.innerText)"))
"""
ONE_LINER = """import requests,re
for i in range(1,80):
  t=requests.get('https://site.example/people?page=%d'%i).text
  print(re.findall(r'[\\w.]+@[\\w.]+',t))"""

STANDARD_LIBRARY = """
import sys
from html.parser import HTMLParser
from urllib.request import urlopen
class People(HTMLParser):
    def handle_data(self, data):
        print(data)
def main(base):
    for page in range(1, 30):
        with urlopen(f"{base}/people?page={page}") as reply:
            People().feed(reply.read().decode())
main(sys.argv[1])
"""

API_CLIENT = """
import requests, time, os
token = os.environ.get("TOKEN")
cache = {}
while True:
    reply = requests.post("https://api.example.com/v1/report", json={"load": os.getloadavg()}, timeout=5)
    cache.get("x"); time.sleep(60)
"""
TRANSLATIONS = """
import requests
for l in 'de fr es it'.split():
    print(requests.get('https://site.example/api/translations/%s.json' % l).status_code)
"""
FLASK = """
import requests
from flask import Flask
app = Flask(__name__)
@app.route("/")
def index():
    for header in requests.get("https://api.example.com/me").headers:
        print(header)
    return "hello"
app.run()
"""
LOCAL_HTML = """
from bs4 import BeautifulSoup
import glob, csv
for path in glob.glob("*.html"):
    for row in BeautifulSoup(open(path).read(), "lxml").select("td.email"):
        print(row.text)
"""
OWN_HOST = PEOPLE_LOOP.replace("site.example", "localhost:8000")


@pytest.mark.parametrize("source", [PEOPLE_LOOP, THROUGH_A_FUNCTION, DRIVEN, ONE_LINER, STANDARD_LIBRARY])
def test_a_python_loop_that_takes_people_from_pages_is_seen(source: str) -> None:
    facts = python_code.read(source.encode())
    assert facts.in_loop and facts.parses and facts.walks and facts.people
    assert shape_of(facts).weight >= MEDIUM_FROM


def test_a_loop_over_a_method_that_asks_is_seen() -> None:
    facts = python_code.read(IN_A_CLASS.encode())
    assert facts.in_loop and facts.parses and facts.people and facts.walks


@pytest.mark.parametrize("source", [API_CLIENT, TRANSLATIONS, FLASK, LOCAL_HTML], ids=["api", "i18n", "flask", "local"])
def test_ordinary_python_programs_weigh_next_to_nothing(source: str) -> None:
    assert shape_of(python_code.read(source.encode())).weight < LOW_FROM


def test_a_loop_against_ones_own_host_weighs_little() -> None:
    facts = python_code.read(OWN_HOST.encode())
    assert facts.own_host
    assert shape_of(facts).weight < LOW_FROM


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("def f():\n    import instaloader", "instaloader"),
        ("import importlib\nx = importlib.import_module('yt_dlp')", "yt_dlp"),
        ("from importlib import import_module as g\n__import__('scrapy')", "scrapy"),
        ("try:\n    from scrapy.spiders import Spider\nexcept ImportError: pass", "scrapy.spiders"),
        ("import a.b.c as d", "a.b.c"),
    ],
)
def test_imports_are_found_wherever_they_stand(source: str, module: str) -> None:
    assert module in python_code.read(source.encode()).imports


def test_a_library_that_is_called_in_a_loop_or_looped_over_is_named() -> None:
    source = "import praw, yt_dlp, json\nr = praw.Reddit()\nfor p in r.subreddit('x').new(limit=10):\n    print(p)\n"
    assert python_code.read(source.encode()).looped == ("praw",)
    source = "from googlesearch import search\nfor q in ('a', 'b'):\n    search(q)\n"
    assert python_code.read(source.encode()).looped == ("googlesearch",)


def test_modules_of_ones_own_are_read_along_but_not_without_end() -> None:
    asked: list[str] = []

    def beside(name: str) -> bytes | None:
        asked.append(name)
        return f"import m{len(asked)}\nimport requests".encode()

    facts = python_code.read(b"import worker", beside)
    assert "requests" in facts.imports
    assert len(asked) <= python_code.MAX_OWN_MODULES


JS_LOOP = """
const axios = require("axios"), cheerio = require("cheerio"); // for (;;) axios.get()
(async () => { for (let i = 1; i < 200; i++) {
  const $ = cheerio.load((await axios.get("https://site.example/people?page=" + i)).data);
  $("li.person").each((_, e) => console.log($(e).find(".email").text()));
} })();
"""
JS_FETCH = """
import { load } from "cheerio";
const one = async (id) => {
  const r = await fetch(`https://site.example/profiles?id=${id}`);
  return load(await r.text())("h2").text(); };
await Promise.all([...Array(500).keys()].map(one));
"""
JS_DRIVEN = """
import { chromium } from "playwright-core";
const b = await chromium.launch(); const p = await b.newPage();
for (let i = 1; i < 50; i++) { await p.goto("https://site.example/people?page=" + i);
  console.log(await p.locator("li.person").allInnerTexts()); }
"""
JS_CRON = """
const axios = require('axios'); require('node-cron').schedule('* * * * * *', async () => {
  try { console.log((await axios.get('https://health.example.com/health')).data); } catch (e) {} });
"""
JS_SERVER = """
const express = require('express'); const app = express();
app.get('/people', async (q, r) => { const x = await fetch('https://api.example.com/me'); r.json(await x.json()); });
for (const port of [1, 2]) app.listen(port);
"""


@pytest.mark.parametrize("source", [JS_LOOP, JS_FETCH, JS_DRIVEN], ids=["axios", "fetch", "driven"])
def test_a_javascript_loop_that_takes_people_from_pages_is_seen(source: str) -> None:
    facts = javascript_code.read(source.encode())
    assert facts.in_loop and facts.people
    assert shape_of(facts).weight >= MEDIUM_FROM


@pytest.mark.parametrize("source", [JS_CRON, JS_SERVER], ids=["cron", "server"])
def test_ordinary_javascript_programs_weigh_next_to_nothing(source: str) -> None:
    assert shape_of(javascript_code.read(source.encode())).weight < LOW_FROM


SHELL_LOOP = """#!/bin/bash
for i in $(seq 1 300); do  # all of them
  curl -s "https://site.example/people?page=$i" -o p/$i.html
  grep -oE "[a-z0-9.]+@[a-z.]+" p/$i.html >> emails.txt
done
"""
SHELL_CHECK = "for p in about blog; do curl -s -o /dev/null -I https://docs.example/$p; sleep 1; done"
SHELL_HEALTH = "while true; do curl -fs https://service.example/health || echo down; sleep 5; done"
SHELL_BUILD = "for f in *.c; do gcc -c $f; done\ncurl -O https://site.example/people.tgz"


def test_a_shell_loop_that_takes_people_from_pages_is_seen() -> None:
    assert shape_of(shell_code.read(SHELL_LOOP.encode())).weight >= MEDIUM_FROM


@pytest.mark.parametrize("source", [SHELL_CHECK, SHELL_HEALTH, SHELL_BUILD])
def test_ordinary_shell_scripts_weigh_next_to_nothing(source: str) -> None:
    assert shape_of(shell_code.read(source.encode())).weight < LOW_FROM


@given(st.text(max_size=300))
def test_any_text_is_read_as_a_shell_script(source: str) -> None:
    shell_code.read(source.encode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("const a = require('puppeteer')", "puppeteer"),
        ("import x from 'node:https'", "https"),
        ("import { y } from '@scope/pkg/deep'", "@scope/pkg"),
        ('const z = await import("crawlee")', "crawlee"),
        ("import 'npm:got@14'", "got"),
        ("// require('no')\nrequire('yes')", "yes"),
    ],
)
def test_javascript_imports_are_found_by_package(source: str, name: str) -> None:
    facts = javascript_code.read(source.encode())
    assert name in facts.imports
    assert "no" not in facts.imports


@given(st.binary(max_size=400))
def test_any_bytes_are_read_as_javascript(source: bytes) -> None:
    javascript_code.read(source)


@given(st.text(alphabet="abc()[]{}\n =:.'\"`$/*\\ forwhile", max_size=200))
def test_any_brackets_are_read_as_javascript(source: str) -> None:
    javascript_code.read(source.encode())


@given(st.text(max_size=200))
def test_any_text_is_python_or_refused_as_python(source: str) -> None:
    with contextlib.suppress(SyntaxError, ValueError):
        python_code.read(source.encode("utf-8", "replace"))


def test_facts_travel_as_json_and_nothing_else_is_believed() -> None:
    facts = CodeFacts(imports=("requests",), in_loop=True, looped=("praw",))
    assert CodeFacts.from_json(facts.to_json()) == facts
    with pytest.raises(ValueError):
        CodeFacts.from_json({"imports": "requests"})
    odd = {**facts.to_json(), "imports": ["a b", "<script>", 3, "ok"], "parses": "yes"}
    assert CodeFacts.from_json(odd).imports == ("ok",)
    assert not CodeFacts.from_json(odd).parses


def test_facts_hold_no_text_of_the_program() -> None:
    said = str(python_code.read(PEOPLE_LOOP.encode()).to_json())
    for word in ("site.example", "li.person", "out.csv"):
        assert word not in said
