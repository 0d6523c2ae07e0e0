"""The words that the readers of foreign code look for: libraries by what they are for, and words about people.

Facts about public libraries, few enough to be reviewed by eye. Whether a library is a collector is the catalogue's
answer, not this file's: here are only the engines that a loop is built from.
"""

from __future__ import annotations

import re

PYTHON_HTTP = frozenset(
    [
        "requests",
        "httpx",
        "aiohttp",
        "urllib",
        "urllib3",
        "http",
        "pycurl",
        "curl_cffi",
        "requests_html",
        "tls_client",
        "primp",
        "niquests",
        "treq",
        "asks",
        "httplib2",
        "grequests",
        "requests_futures",
        "mechanize",
        "mechanicalsoup",
        "cloudscraper",
    ]
)
PYTHON_PARSERS = frozenset(
    [
        "bs4",
        "lxml",
        "parsel",
        "selectolax",
        "html5lib",
        "pyquery",
        "html",
        "htmlparser",
        "html2text",
        "markdownify",
        "trafilatura",
        "readability",
        "newspaper",
        "justext",
        "extruct",
        "w3lib",
    ]
)
DRIVERS = frozenset(
    [
        "selenium",
        "playwright",
        "pyppeteer",
        "splinter",
        "helium",
        "DrissionPage",
        "nodriver",
        "zendriver",
        "undetected_chromedriver",
        "seleniumbase",
        "seleniumwire",
        "botasaurus",
        "patchright",
        "rebrowser_playwright",
        "camoufox",
        "pydoll",
        "puppeteer",
        "puppeteer-core",
        "puppeteer-extra",
        "playwright-core",
        "playwright-extra",
        "selenium-webdriver",
        "webdriverio",
        "nightmare",
        "testcafe",
        "chrome-remote-interface",
        "@playwright/test",
    ]
)
JAVASCRIPT_HTTP = frozenset(
    [
        "axios",
        "got",
        "node-fetch",
        "undici",
        "request",
        "request-promise",
        "superagent",
        "needle",
        "phin",
        "ky",
        "bent",
        "http",
        "https",
        "cross-fetch",
        "isomorphic-fetch",
        "make-fetch-happen",
        "got-scraping",
        "follow-redirects",
    ]
)
JAVASCRIPT_PARSERS = frozenset(
    ["cheerio", "jsdom", "node-html-parser", "htmlparser2", "parse5", "linkedom", "x-ray", "osmosis", "happy-dom"]
)

SHELL_FETCHERS = frozenset(["curl", "wget", "wget2", "http", "xh", "lynx", "aria2c", "w3m"])
EVASION = frozenset(
    ["cloudscraper", "curl_cffi", "tls_client", "fake_useragent", "cfscrape", "primp", "got-scraping", "hrequests"]
)
"""Libraries whose purpose is to be taken for a person's browser."""
REQUEST_VERBS = frozenset(
    [
        "get",
        "post",
        "put",
        "request",
        "urlopen",
        "urlretrieve",
        "open",
        "fetch",
        "stream",
        "send",
        "goto",
        "navigate",
        "visit",
        "get_page",
        "load_page",
        "follow",
        "submit",
        "go_to",
        "go",
        "get_async",
        "arun",
        "scrape",
        "crawl",
        "extract",
    ]
)
PARSE_CALLS = frozenset(
    [
        "select",
        "select_one",
        "find",
        "find_all",
        "findAll",
        "xpath",
        "css",
        "cssselect",
        "findtext",
        "iterfind",
        "css_first",
        "finditer",
        "findall",
        "find_element",
        "find_elements",
        "query_selector",
        "query_selector_all",
        "eval_on_selector",
        "eval_on_selector_all",
        "inner_text",
        "all_inner_texts",
        "text_content",
        "all_text_contents",
        "locator",
        "BeautifulSoup",
        "fromstring",
        "HTML",
        "HTMLParser",
        "Selector",
        "evaluate",
        "querySelectorAll",
        "querySelector",
        "$eval",
        "$$eval",
        "$x",
        "matchAll",
        "load_html",
        "extract",
        "read_html",
        "feed",
        "get_text",
    ]
)
WRITE_CALLS = frozenset(
    [
        "writerow",
        "writerows",
        "writeheader",
        "dump",
        "dumps",
        "to_csv",
        "to_json",
        "to_excel",
        "to_sql",
        "to_parquet",
        "write",
        "write_text",
        "write_bytes",
        "writelines",
        "executemany",
        "insert_many",
        "insert_one",
        "savetxt",
        "writeFile",
        "writeFileSync",
        "appendFile",
        "appendFileSync",
        "urlretrieve",
        "save_to_csv",
        "pushData",
        "push_data",
        "createWriteStream",
    ]
)

PEOPLE = re.compile(
    r"(?<![a-z])(?:e-?mails?|e_mails?|mailto|phones?|tel:|profiles?|people|persons?|followers?|following|followees?|"
    r"members?|leads?|prospects?|recruits?|candidates?|usernames?|(?:first|last|full)[_-]?names?|"
    r"linkedin|instagram|facebook|tiktok|twitter|threads\.net|whatsapp|/in/|alumni|employees|connections)(?![a-z])",
    re.IGNORECASE,
)
EMAIL_PATTERN = re.compile(r"(?:\]|\\[wS])[+*]?\)?@")
PAGE_WORD = re.compile(
    r"(?:^|[?&/_-])(?:page|p|pg|pageno|page_?num(?:ber)?|offset|start|cursor|after|from|skip|max_id|id|uid|q)(?:=|/|$)",
    re.IGNORECASE,
)
PAGE_KEYS = frozenset(
    ["page", "p", "pg", "pageno", "page_num", "pagenum", "offset", "start", "cursor", "after", "skip", "max_id", "next"]
)
ADDRESS = re.compile(r"(?:https?|wss?)://([^/\s:'\"?#{}%]*)", re.IGNORECASE)
OWN_HOST = re.compile(
    r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?|.*\.localhost|.*\.local|.*\.test)", re.IGNORECASE
)


def about_people(text: str) -> bool:
    """Return whether a word, a selector or a pattern in code is about people."""
    if len(text) > 4000:
        text = text[:4000]
    return bool(PEOPLE.search(text) or EMAIL_PATTERN.search(text))


def hosts(text: str) -> list[str]:
    """Return the hosts of the addresses in a piece of text."""
    return [found for found in ADDRESS.findall(text[:4000]) if found]


def all_own(found: list[str]) -> bool:
    """Return whether there are addresses and all of them are this machine or a test name."""
    return bool(found) and all(OWN_HOST.fullmatch(host) for host in found)
