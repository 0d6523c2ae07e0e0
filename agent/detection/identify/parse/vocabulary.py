"""The words that the readers of foreign code look for: libraries by what they are for, and words about people.

Facts about public libraries, few enough to be reviewed by eye. Whether a library is a collector is the catalogue's
answer, not this file's: here are only the engines that a loop is built from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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
        "hrequests",
        "rnet",
        "wreq",
        "noble_tls",
        "faster_than_requests",
        "robobrowser",
        "requestium",
        "aiohttp_retry",
        "aiohttp_client_cache",
        "requests_cache",
        "requests_toolbelt",
        "requests_oauthlib",
        "authlib",
        "hishel",
        "aiosonic",
        "ahttp",
        "wget",
        "gql",
        "sgqlc",
        "python_graphql_client",
        "fsspec",
        "pooch",
        "httpcore",
        "h2",
        "h11",
        "uplink",
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
        "gazpacho",
        "resiliparse",
        "goose3",
        "boilerpy3",
        "inscriptis",
        "requests_html",
        "mechanicalsoup",
        "robobrowser",
        "htmldate",
        "price_parser",
    ]
)
EXTRACTORS = frozenset(
    [
        "trafilatura",
        "readability",
        "newspaper",
        "justext",
        "resiliparse",
        "goose3",
        "boilerpy3",
        "inscriptis",
        "warcio",
        "fastwarc",
        "html2text",
        "markdownify",
        "@mozilla/readability",
        "@extractus/article-extractor",
        "node-readability",
        "unfluff",
    ]
)
"""Libraries that take the running text out of any page: what a crawl for training data is built from."""
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
        "follow_link",
        "open_relative",
        "submit_selected",
        "submit",
        "go_to",
        "go",
        "get_async",
        "arun",
        "scrape",
        "crawl",
        "head",
        "options",
        "perform",
        "setopt",
        "getresponse",
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
        "to_feather",
        "to_hdf",
        "to_markdown",
        "bulk_write",
        "replace_one",
        "update_one",
        "upsert",
        "write_row",
        "write_rows",
        "write_parquet",
        "write_csv",
        "write_ndjson",
        "write_table",
        "append_row",
        "append_rows",
        "copyfileobj",
        "add_all",
        "pushData",
        "push_data",
        "createWriteStream",
    ]
)

PEOPLE = re.compile(
    r"(?<![a-z])(?:e-?mails?|e_mails?|mailto|phones?|tel:|telephones?|mobiles?|profiles?|people|persons?|"
    r"followers?|following|followees?|friends?|members?|memberships?|leads?|prospects?|recruits?|candidates?|"
    r"usernames?|screen_?names?|nick_?names?|(?:first|last|full|given|family)[_-]?names?|commenters?|likers?|"
    r"job[_-]?titles?|birth_?(?:day|date)s?|contacts?|attendees?|participants?|"
    r"brokers?|realtors?|physicians?|doctors?|dentists?|lawyers?|attorneys?|therapists?|tutors?|founders?|"
    r"/in/|alumni|alumnus|graduates?|employees|employers?|personne|contatti|mitglieder|personen|ansprechpartner)"
    r"(?![a-z])",
    re.IGNORECASE,
)
"""Words that speak of people. Names of platforms are not among them: a platform's address is a hint of its own."""
NOT_PEOPLE = re.compile(
    r"e-?mail[._](?:message|mime|utils|header|policy|parser)|profile[-_](?:name|dir|path|arn)|read[-_ ]?following|"
    r"the following|(?:user|browser)[-_ ]?profile|phone[-_ ]?home|contacts?[-_ ]us",
    re.IGNORECASE,
)
"""What looks like such a word and is not one."""
MAYBE_PEOPLE = re.compile(
    r"(?<![a-z])(authors?|owners?|staff|team|users?|user_?ids?|handles?|bio|biography|avatars?|sellers?|vendors?|headlines?|"
    r"posters?|comments?|replies|posts?|tweets?|likes|company|salary|seniority|education|skills?|location|hometown|names?|"
    r"reviewers?|students?|teachers?|agents?|connections|speakers?|professors?|researchers?|neighbou?rs?|photos?|about)(?![a-z])",
    re.IGNORECASE,
)
"""Words that speak of people only where several of them stand together, in what is taken from pages."""
EMAIL_PATTERN = re.compile(r"(?:\]|\\[wS]|\))[+*]?(?:\{[\d,]+\})?\)?(?:@|\[@|\\@|\(@|\\x40|\(\?:@)")
"""A pattern that finds e-mail addresses."""
PHONE_PATTERN = re.compile(r"\\d\{[2-4](?:,\d)?\}.{0,12}\\d\{[2-4](?:,\d)?\}.{0,12}\\d\{[2-4]|\\\(\??\\d\{3\}")
CONTACT = re.compile(
    r"mailto:|(?<![a-z])tel:|itemprop=.?(?:telephone|email)|(?<![a-z])e-?mail|(?<![a-z])(?:tele)?phone", re.IGNORECASE
)
"""A selector that means somebody's address or number."""
PAGE_WORD = re.compile(
    r"(?:^|[?&/_-])(?:page|p|pg|pageno|page_?num(?:ber)?|offset|start|cursor|after|from|skip|max_id|since_id|id|uid|q|"
    r"pagetoken|paged|seite|pagina|strona|per_?page|page_?size|first|limit)(?:=|/|$)",
    re.IGNORECASE,
)
PAGE_KEYS = frozenset(
    [
        "page",
        "p",
        "pg",
        "pageno",
        "page_num",
        "pagenum",
        "pagenumber",
        "page_number",
        "pageindex",
        "offset",
        "start",
        "cursor",
        "after",
        "skip",
        "max_id",
        "next",
        "end_cursor",
        "endcursor",
        "hasnextpage",
        "has_next_page",
        "nextpagetoken",
        "next_page_token",
        "next_page",
        "next_cursor",
        "next_token",
        "pagination_token",
        "pagetoken",
        "page_token",
        "paging",
        "next_max_id",
        "paged",
        "continuation",
        "startcursor",
    ]
)
"""Keys of a question or an answer, in small letters, by which one goes from page to page."""
ADDRESS = re.compile(r"(?:https?|wss?)://([^/\s:'\"?#{}%]*)", re.IGNORECASE)
OWN_HOST = re.compile(
    r"(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?|.*\.localhost|.*\.local|.*\.test)", re.IGNORECASE
)


PLATFORM_HOSTS: Mapping[str, str] = {
    "facebook.com": "facebook",
    "facebook.net": "facebook",
    "fb.com": "facebook",
    "fb.me": "facebook",
    "fbcdn.net": "facebook",
    "messenger.com": "facebook",
    "instagram.com": "instagram",
    "cdninstagram.com": "instagram",
    "whatsapp.com": "whatsapp",
    "whatsapp.net": "whatsapp",
    "threads.net": "threads",
    "threads.com": "threads",
    "linkedin.com": "linkedin",
    "licdn.com": "linkedin",
    "lnkd.in": "linkedin",
    "teams.microsoft.com": "microsoft",
    "graph.microsoft.com": "microsoft",
    "yammer.com": "microsoft",
    "tiktok.com": "tiktok",
    "tiktokv.com": "tiktok",
    "tiktokapis.com": "tiktok",
    "tiktokcdn.com": "tiktok",
    "youtube.com": "youtube",
    "youtu.be": "youtube",
    "ytimg.com": "youtube",
    "youtube.googleapis.com": "youtube",
    "x.com": "x",
    "twitter.com": "x",
    "twimg.com": "x",
    "t.co": "x",
    "reddit.com": "reddit",
    "redd.it": "reddit",
    "t.me": "telegram",
    "telegram.me": "telegram",
    "web.telegram.org": "telegram",
    "pinterest.com": "pinterest",
    "pinimg.com": "pinterest",
    "snapchat.com": "snapchat",
    "tumblr.com": "tumblr",
    "vk.com": "vk",
    "ok.ru": "ok",
    "weibo.com": "weibo",
    "weibo.cn": "weibo",
    "xiaohongshu.com": "xiaohongshu",
    "douyin.com": "douyin",
    "bilibili.com": "bilibili",
    "zhihu.com": "zhihu",
    "bsky.app": "bluesky",
    "bsky.social": "bluesky",
    "mastodon.social": "mastodon",
    "quora.com": "quora",
    "flickr.com": "flickr",
    "twitch.tv": "twitch",
    "soundcloud.com": "soundcloud",
    "vimeo.com": "vimeo",
    "meetup.com": "meetup",
    "xing.com": "xing",
    "glassdoor.com": "glassdoor",
    "indeed.com": "indeed",
    "tinder.com": "tinder",
    "gotinder.com": "tinder",
    "badoo.com": "badoo",
    "okcupid.com": "okcupid",
    "bumble.com": "bumble",
    "strava.com": "strava",
    "yelp.com": "yelp",
    "tripadvisor.com": "tripadvisor",
    "truepeoplesearch.com": "truepeoplesearch",
    "whitepages.com": "whitepages",
    "researchgate.net": "researchgate",
    "crunchbase.com": "crunchbase",
    "apollo.io": "apollo",
    "rocketreach.co": "rocketreach",
    "zoominfo.com": "zoominfo",
    "github.com": "github",
    "gitlab.com": "gitlab",
    "discord.com": "discord",
    "discordapp.com": "discord",
    "medium.com": "medium",
    "stackoverflow.com": "stackoverflow",
    "stackexchange.com": "stackexchange",
    "ycombinator.com": "ycombinator",
    "producthunt.com": "producthunt",
}
"""Host suffix to platform key: places where people present themselves. What a host's other services are for (a bot's
interface, a webhook, a repository's files) is left out in `NOT_A_PLATFORM`."""
NOT_A_PLATFORM = re.compile(
    r"hooks?\.|webhooks?|/raw/|raw\.github|/releases/|/archive/|/sharer|/intent/|/embed/|\.git(?:$|[/@])|/oauth|/login/oauth|"
    r"developers?\.|/plugins/|/repos/|badges?|/actions/|status\.|/tr\?|sharearticle|share-offsite",
    re.IGNORECASE,
)
WORK_PLATFORMS = frozenset(
    [
        "github",
        "gitlab",
        "discord",
        "medium",
        "stackoverflow",
        "stackexchange",
        "ycombinator",
        "producthunt",
        "microsoft",
    ]
)
"""Platforms that programs ask for a thousand reasons of work: an address says something only beside words on people."""
PLATFORM_LIBRARIES: Mapping[str, str] = {
    "facebook": "facebook",
    "facebook_business": "facebook",
    "pyfacebook": "facebook",
    "fbgraph": "facebook",
    "tweepy": "x",
    "twython": "x",
    "twitter": "x",
    "TwitterAPI": "x",
    "praw": "reddit",
    "asyncpraw": "reddit",
    "pyyoutube": "youtube",
    "vk_api": "vk",
    "vkbottle": "vk",
    "mastodon": "mastodon",
    "atproto": "bluesky",
    "linkedin": "linkedin",
    "pytumblr": "tumblr",
    "flickrapi": "flickr",
    "TikTokApi": "tiktok",
    "telethon": "telegram",
    "twitter-api-v2": "x",
    "twitter-lite": "x",
    "snoowrap": "reddit",
    "masto": "mastodon",
    "@atproto/api": "bluesky",
}
"""Clients of platforms' own interfaces: to call one in a loop is to page through the platform."""
SEARCH_HOSTS = re.compile(
    r"(?:^|[/.@])(?:(?:www\.|cse\.|customsearch\.|scholar\.|news\.)?google(?:apis)?\.[a-z.]{2,6}/(?:search|customsearch|maps/search|"
    r"scholar)|customsearch\.googleapis\.com|bing\.com/(?:search|images)|api\.bing\.microsoft\.com|(?:html\.|lite\.)?duckduckgo\.com|"
    r"search\.yahoo\.com|yandex\.(?:com|ru)/search|baidu\.com/s\b|search\.brave\.com|api\.search\.brave\.com|"
    r"startpage\.com|ecosia\.org/search|qwant\.com|mojeek\.com|searx[a-z]*\.|serpapi\.com|serper\.dev|scaleserp\.com|"
    r"serpstack\.com|zenserp\.com|dataforseo\.com|valueserp\.com|searchapi\.io|kagi\.com/search)",
    re.IGNORECASE,
)
DORK = re.compile(r"(?<![a-z])(?:site|inurl|intitle|intext|filetype):[\w{%./\"']", re.IGNORECASE)
"""The operators of a search engine, in a text that is asked."""
SEARCH_LIBRARIES = frozenset(
    [
        "googlesearch",
        "duckduckgo_search",
        "ddgs",
        "duckpy",
        "serpapi",
        "search_engine_parser",
        "google_search_results",
        "yagooglesearch",
        "search_engines",
        "pytrends",
        "duck-duck-scrape",
        "google-it",
        "googlethis",
        "serpapi-search",
    ]
)
SAYS_SO = re.compile(
    r"(?<![a-z])(?:scrap(?:e|es|ed|er|ers|ing)|crawl(?:s|er|ers|ing)?|harvest(?:s|er|ing)?|spiders?|dorks?|"
    r"leech(?:er|ing)?|rip(?:per)s?|osint)(?![a-z])",
    re.IGNORECASE,
)
"""Words by which a program says itself what it is; they count only beside a loop that takes pages apart."""
_GATHER = re.compile(
    r"\b(?:collect|gather|extract|scrape|harvest|crawl|compile|list|find|get|download|export|save|visit|go through)\b",
    re.IGNORECASE,
)
_MANY = re.compile(
    r"\b(?:all|every|each|list of|as many|(?:first|top|next|last)\s+\d{2,}|\d{2,}|pages?\s+\d+|hundreds|thousands)\b",
    re.IGNORECASE,
)
_OF_PEOPLE = re.compile(
    r"\b(?:names?|e-?mails?|profiles?|contacts?|phone|numbers|members|followers|following|people|persons|users|leads|"
    r"prospects|employees|founders|companies|posts|comments|reviews|listings|job ads|connections|usernames?)\b",
    re.IGNORECASE,
)
MAX_INSTRUCTION = 4000


def tells_to_gather(text: str) -> bool:
    """Return whether a text tells somebody to gather data of many: a verb, a quantity and what is gathered."""
    return (
        20 <= len(text) <= MAX_INSTRUCTION
        and " " in text
        and bool(_GATHER.search(text) and _MANY.search(text) and _OF_PEOPLE.search(text))
    )


HIDES = re.compile(
    r"mozilla/5\.0 \(|disable-blink-features=automationcontrolled|navigator[.,' ]*webdriver|enable-automation|"
    r"(?<![a-z])stealth(?![a-z])|rotat(?:e|ing)[-_ ]?(?:proxy|proxies|agents?|user)|user_agents(?![a-z])|"
    r"proxy_?(?:list|pool)|proxies\.txt|fake_?useragent|impersonate|undetected|solve_?captcha|2captcha|anticaptcha|capsolver",
    re.IGNORECASE,
)
"""Signs that a program wants to be taken for a person's browser."""
MEDIA = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|mp4|webm|mov|mkv|m3u8|mp3|m4a|ogg|flac|jfif|heic)(?![a-z])|"
    r"(?<![a-z])(?:images?|imgs?|photos?|pictures?|pics?|videos?|reels?|gallery|galleries|thumbnails?|wallpapers?|memes?|"
    r"tracks?|albums?|avatars?)(?![a-z])",
    re.IGNORECASE,
)
TOKEN = re.compile(
    r"(?<![a-z])(?:api[-_ ]?keys?|access[-_]?token|auth[-_]?token|bearer|authorization|x-api-key|client[-_]?secret|"
    r"private[-_]token|api[-_]?token|app[-_]?token|personal[-_]access|oauth2?[-_]?token|secret[-_]?key|apikey|"
    r"(?<!page_)(?<!page-)(?<!csrf_)(?<!csrf-)(?<!next_)(?<!xsrf_)tokens?)(?![a-z])",
    re.IGNORECASE,
)
"""Signs of a key that was given to whoever runs the program."""
PAGE_TOKEN = re.compile(
    r"(?:page|csrf|xsrf|next|continuation|pagination|csrfmiddleware|sync|stop|special|pad)[-_ ]?tokens?", re.IGNORECASE
)
FEED = re.compile(r"(?<![a-z])(?:rss|atom|podcasts?|enclosure)(?![a-z])|/feeds?(?:/|$)|feed\.xml", re.IGNORECASE)
FEED_LIBRARIES = frozenset(
    [
        "feedparser",
        "podcastparser",
        "listparser",
        "fastfeedparser",
        "reader",
        "atoma",
        "rss-parser",
        "feedparser-promised",
        "rss-to-json",
        "feedme",
        "podcast-feed-parser",
    ]
)
CHECKS = re.compile(
    r"broken|dead[-_ ]?links?|link[-_ ]?check|check[-_ ]?links?|health[-_ ]?(?:check|z)?(?![a-z])|uptime|"
    r"is[-_ ]?(?:up|alive)|is down|"
    r"(?<![a-z])(?:ping|heartbeat|readiness|liveness|availability|latency|certificate|expir\w*)(?![a-z])",
    re.IGNORECASE,
)
"""Words of programs that ask whether something is there and well."""
SERVERS = frozenset(
    [
        "flask",
        "fastapi",
        "django",
        "starlette",
        "sanic",
        "bottle",
        "tornado",
        "quart",
        "falcon",
        "litestar",
        "cherrypy",
        "pyramid",
        "uvicorn",
        "gunicorn",
        "hypercorn",
        "waitress",
        "socketserver",
        "grpc",
        "discord",
        "nextcord",
        "disnake",
        "interactions",
        "telegram",
        "telebot",
        "aiogram",
        "slack_bolt",
        "slack_sdk",
        "mattermostdriver",
        "nio",
        "botbuilder",
        "streamlit",
        "gradio",
        "dash",
        "nicegui",
        "celery",
        "homeassistant",
        "paho",
        "aiomqtt",
        "mcp",
        "rq",
        "dramatiq",
        "express",
        "fastify",
        "koa",
        "hapi",
        "@hapi/hapi",
        "next",
        "nuxt",
        "discord.js",
        "telegraf",
        "@slack/bolt",
        "grammy",
        "node-telegram-bot-api",
        "socket.io",
        "ws",
    ]
)
"""Libraries of servers and bots: programs that wait to be asked."""
SERVES_CALLS = frozenset(
    [
        "run",
        "serve",
        "serve_forever",
        "run_polling",
        "start_polling",
        "infinity_polling",
        "polling",
        "run_app",
        "listen",
        "route",
        "command",
        "event",
        "launch",
        "run_server",
        "loop_forever",
        "task",
        "shared_task",
        "execute_from_command_line",
        "add_handler",
        "message_handler",
        "include_router",
        "on_event",
        "start",
        "path",
    ]
)
TEST_LIBRARIES = frozenset(
    [
        "pytest",
        "unittest",
        "nose",
        "nose2",
        "behave",
        "robot",
        "locust",
        "responses",
        "respx",
        "vcr",
        "requests_mock",
        "schemathesis",
        "hypothesis",
        "testtools",
        "tavern",
        "pytest_playwright",
        "aioresponses",
        "httpretty",
        "molotov",
        "@playwright/test",
        "jest",
        "mocha",
        "vitest",
        "chai",
        "k6",
        "supertest",
        "nock",
    ]
)
MAIL_LIBRARIES = frozenset(
    [
        "smtplib",
        "imaplib",
        "poplib",
        "email",
        "yagmail",
        "sendgrid",
        "mailgun",
        "aiosmtplib",
        "imap_tools",
        "imapclient",
        "exchangelib",
        "nodemailer",
        "imapflow",
        "@sendgrid/mail",
        "redmail",
        "postmarker",
        "premailer",
    ]
)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HOST = re.compile(r"(?<![\w@.-])(?:[a-z0-9{}-]+\.){1,4}[a-z]{2,6}(?![\w.]*@)", re.IGNORECASE)


def about_people(text: str) -> bool:
    """Return whether a word, a selector or a pattern in code is about people."""
    if len(text) > 4000:
        text = text[:4000]
    if EMAIL_PATTERN.search(text):
        return True
    found = PEOPLE.search(text) or PEOPLE.search(CAMEL.sub("_", text))
    return bool(found) and bool(PEOPLE.search(NOT_PEOPLE.sub(" ", CAMEL.sub("_", text))))


def asks_contacts(text: str) -> bool:
    """Return whether a short text in code looks for somebody's address or number: a pattern, or a selector."""
    if len(text) > 400:
        return False
    return bool(EMAIL_PATTERN.search(text) or PHONE_PATTERN.search(text) or CONTACT.search(text))


def maybe_people(text: str) -> set[str]:
    """Return the words in a piece of text that speak of people where several of them stand together."""
    return {found.lower().rstrip("s") for found in MAYBE_PEOPLE.findall(CAMEL.sub("_", text[:4000]))}


def platforms(text: str) -> set[str]:
    """Return the keys of the platforms whose hosts stand in a piece of text, with or without a scheme before them."""
    text = text[:4000]
    if "." not in text or NOT_A_PLATFORM.search(text):
        return set()
    found = set()
    for host in _HOST.findall(text):
        parts = host.lower().split(".")
        for start in range(len(parts) - 1):
            key = PLATFORM_HOSTS.get(".".join(parts[start:]))
            if key is not None:
                found.add(key)
                break
    return found


def asks_search(text: str) -> bool:
    """Return whether a piece of text holds a search engine's address of results, or its operators."""
    text = text[:4000]
    return bool(SEARCH_HOSTS.search(text) or ("." in text and DORK.search(text)))


def has_token(text: str) -> bool:
    """Return whether a name or a text speaks of a key or an access token, of pages or forms apart."""
    return bool(TOKEN.search(PAGE_TOKEN.sub("", CAMEL.sub("_", text[:400]))))


def hosts(text: str) -> list[str]:
    """Return the hosts of the addresses in a piece of text."""
    return [found for found in ADDRESS.findall(text[:4000]) if found]


def all_own(found: list[str]) -> bool:
    """Return whether there are addresses and all of them are this machine or a test name."""
    return bool(found) and all(OWN_HOST.fullmatch(host) for host in found)
