"""What people run all day: none of it may be flagged, most of it may not even be mentioned."""

from __future__ import annotations

from typing import Any

import pytest

MENTIONED_NOT = [
    ("vim", "scrapy.py"),
    ("man", "scrapy"),
    ("less", "httrack.log"),
    ("grep", "-r", "scrapy", "."),
    ("git", "clone", "https://github.com/scrapy/scrapy"),
    ("code", "scrapy.py"),
    ("/usr/share/code/code", "--remote-debugging-port=9222"),
    ("bash", "-c", "echo selenium playwright yt-dlp gallery-dl"),
    ("bash", "instaloader.sh"),
    ("apt", "install", "httrack"),
    ("docker", "run", "scrapy"),
    ("uv", "pip", "install", "scrapy"),
    ("pipx", "install", "yt-dlp"),
    ("python3", "-m", "pip", "install", "scrapy"),
    ("python3", "/usr/bin/pip", "install", "instaloader"),
    ("python3", "-m", "http.server"),
    ("python3", "-m", "venv", "scrapy"),
    ("python3", "-m", "unittest", "discover"),
    ("python3", "-m", "ipykernel_launcher", "-f", "k.json"),
    ("python3", "-m", "mypy", "scrapy"),
    ("python3", "-c", "import scrapy.utils if False else 1"),
    ("python3", "-c", "import urllib.request;urllib.request.urlretrieve('https://s.example/model.bin','m')"),
    ("python3", "-"),
    ("python3",),
    ("node", "/usr/bin/npm", "install", "puppeteer"),
    ("node",),
    ("curl", "-sSL", "https://site.example/people"),
    ("curl", "-O", "https://site.example/a.zip"),
    ("wget", "-c", "--tries=3", "https://site.example/a.zip", "-P", "x"),
    ("wget", "-qO-", "https://site.example/"),
    ("aria2c", "https://site.example/a.iso"),
    ("firefox", "https://www.linkedin.com/in/somebody"),
    ("chromium", "--headless", "--print-to-pdf=a.pdf", "https://site.example"),
    ("rsync", "-r", "a", "b"),
    ("cp", "-r", "instaloader", "b"),
    ("sleep", "5"),
]


@pytest.mark.parametrize("argv", MENTIONED_NOT, ids=[" ".join(argv)[:50] for argv in MENTIONED_NOT])
async def test_it_is_not_mentioned(world: Any, argv: tuple[str, ...]) -> None:
    assert await world.start(*argv) == []


SCRIPTS = {
    "api client polling its own service": (
        "import requests, time\nwhile True:\n    r = requests.get('https://api.example.com/status', timeout=5)\n"
        "    print(r.json().get('state'))\n    time.sleep(60)\n"
    ),
    "flask app that imports requests": (
        "import requests\nfrom flask import Flask\napp = Flask('x')\n@app.route('/')\ndef i():\n"
        "    return requests.get('https://api.example.com/me').text\napp.run()\n"
    ),
    "local tables": "import pandas as pd\nfor i in range(4):\n    pd.read_csv('a.csv').to_csv('b.csv')\n",
    "local html": (
        "from bs4 import BeautifulSoup\nimport glob\nfor p in glob.glob('*.html'):\n"
        "    print(BeautifulSoup(open(p), 'lxml').select('a.email'))\n"
    ),
    "translations": "import requests\nfor l in ('de', 'fr'):\n    requests.get('https://s.example/i18n/%s.json' % l)\n",
    "report of an issue tracker": (
        "from github import Github\nfor i in Github().get_repo('a/b').get_issues():\n    print(i.title)\n"
    ),
    "chat bot": "from telegram.ext import Application\na = Application.builder().token('x').build()\na.run_polling()\n",
    "own service's pages": (
        "import requests\nfrom bs4 import BeautifulSoup\nfor page in range(9):\n"
        "    BeautifulSoup(requests.get(f'http://localhost:8000/people?page={page}').text).select('.email')\n"
    ),
    "machine learning": "import torch\nfor epoch in range(9):\n    print(epoch)\n",
    "mailbox": "import imaplib\nfor i in range(6):\n    imaplib.IMAP4('mail.example').search(None, 'ALL')\n",
    "named like a tool": "import math\nfor i in range(60):\n    print(math.sin(i))\n",
}


@pytest.mark.parametrize("kind", SCRIPTS)
async def test_an_ordinary_script_is_not_flagged(world: Any, machine: Any, kind: str) -> None:
    machine.script("crawler.py", SCRIPTS[kind])
    assert [found for found in await world.start("python3", "crawler.py", "--download", "all") if found.flagged] == []


UI_TEST = (
    "from selenium import webdriver\nd = webdriver.Chrome()\nfor i in range(20):\n"
    "    d.get('https://staging.example/people?page=%d' % i)\n    d.find_element('css', '.email')\n"
)


async def test_a_browser_under_a_test_runner_is_not_flagged(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "pytest", summary="pytest: simple powerful testing with Python")
    machine.script("ui.py", UI_TEST)
    runner = world.event(str(env / "bin" / "python"), "-m", "pytest", "ui.py")
    assert await world.detector.started(runner) == []
    below = world.event("python3", "ui.py", parent=runner.key.pid)
    assert [found for found in await world.detector.started(below) if found.flagged] == []


async def test_a_runner_that_started_the_agent_too_excuses_nobody(world: Any, machine: Any) -> None:
    env = machine.environment()
    machine.distribution(env, "pytest", summary="pytest: simple powerful testing with Python")
    machine.script("ui.py", UI_TEST)
    runner = world.event(str(env / "bin" / "python"), "-m", "pytest", "ui.py")
    world.tree.agents_own.add(runner.key.pid)
    assert await world.detector.started(runner) == []
    (found,) = await world.detector.started(world.event("python3", "ui.py", parent=runner.key.pid))
    assert found.flagged


@pytest.mark.parametrize("above", ["pytest", "jest", "tox", "gitlab-runner", "Runner.Worker"])
async def test_a_browser_below_a_runner_or_a_build_machine_is_not_flagged(world: Any, machine: Any, above: str) -> None:
    machine.script("ui.py", UI_TEST)
    event = world.event("python3", "ui.py")
    world.tree.above[event.key.pid] = ("sh", above)
    assert [found for found in await world.detector.started(event) if found.flagged] == []


async def test_the_same_script_without_a_runner_is_flagged(world: Any, machine: Any) -> None:
    machine.script("ui.py", UI_TEST)
    (found,) = await world.start("python3", "ui.py")
    assert found.flagged


async def test_playwrights_own_test_runner_is_not_flagged(world: Any, machine: Any) -> None:
    link = machine.node_package("@playwright/test", bin_name="playwright")
    assert [found for found in await world.start("node", str(link), "test") if found.flagged] == []


async def test_a_driver_alone_is_not_even_mentioned(world: Any, machine: Any) -> None:
    machine.script(
        "shot.py",
        "from playwright.sync_api import sync_playwright\nwith sync_playwright() as p:\n    p.chromium.launch()\n",
    )
    assert await world.start("python3", "shot.py") == []
