"""Reads JavaScript and TypeScript by tokens and says what shape it has; the same questions as for Python.

There is no parser of JavaScript in Python's standard library, and none is needed for these questions (`tokens.py`,
`token_shape.py`). Here are JavaScript's words: what makes requests, drives a browser, takes pages apart; and how it
imports: `require`, `import … from`, `import()`, in CommonJS, modules, TypeScript, deno (`npm:`, `jsr:`, addresses) and
bundles. Modules of the program's own that lie beside it are read along, a few of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.detection.identify.parse import vocabulary as known
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.grammar import Grammar, words
from agent.detection.identify.parse.token_facts import facts_of
from agent.detection.identify.parse.tokens import BLOCK_COMMENT, DOUBLE_LINE, SINGLE_LINE, Tokens, pattern, tokens_of

MAX_OWN_MODULES = 8
_LOWER_HTTP = frozenset(name.lower() for name in known.JAVASCRIPT_HTTP)
_VERSION = re.compile(r"(?<=.)@[\dv^~].*$")
_DENO_ADDRESS = re.compile(
    r"https://(?:esm\.sh|cdn\.skypack\.dev|unpkg\.com|deno\.land/x|cdn\.jsdelivr\.net/npm)/(?:v\d+/)?"
)

GRAMMAR = Grammar(
    token=pattern(
        skip=rf"//[^\n]*+|{BLOCK_COMMENT}|\#![^\n]*+",
        text=f"{DOUBLE_LINE}|{SINGLE_LINE}",
        word=r"[A-Za-z_$][\w$]*+",
        dot=r"\?\.|\.(?!\.)",
    ),
    templates=True,
    regexes=True,
    methods=True,
    loops=words("for while do"),
    loop_calls=words(
        "foreach map flatmap reduce each mapseries maplimit eachlimit eachseries eachoflimit pmap times"
        " addall from paginate iterate whilst until dowhilst each_limit parallellimit mapconcurrent asyncmap"
        " processall"
    ),
    http=_LOWER_HTTP
    | words(
        "node-libcurl wretch ofetch @vercel/fetch axios-retry axios-cookiejar-support fetch-retry"
        " fetch-cookie ky-universal tls-client cycletls impit header-generator simple-get urllib popsicle"
        " unirest restify-clients @hapi/wreck hooman cloudscraper cloudflare-scraper rebrowser-patches"
        " node-tls-client hpagent https-proxy-agent request-promise-native crawler simplecrawler crawlee apify"
        " @crawlee/cheerio @crawlee/http @crawlee/core x-ray osmosis node-crawler roboto supercrawler"
        " headless-crawler hakrawler headless-chrome-crawler spider.js website-scraper scrape-it metascraper"
        " url-metadata got-cjs undici-fetch graphql-request @apollo/client urql @octokit/request"
    ),
    clients={
        "googleapis": "youtube",
        "@googleapis/youtube": "youtube",
        "facebook-nodejs-business-sdk": "facebook",
        "fb": "facebook",
        "instagram-private-api": "instagram",
        "linkedin-api-client": "linkedin",
    },
    drivers=frozenset(name.lower() for name in known.DRIVERS)
    | words(
        "puppeteer-extra puppeteer-cluster puppeteer-real-browser playwright playwright-core"
        " playwright-chromium playwright-firefox playwright-webkit patchright rebrowser-puppeteer"
        " rebrowser-playwright selenium-webdriver webdriverio @wdio/globals chrome-remote-interface"
        " puppeteer-firefox chrome-aws-lambda @sparticuz/chromium ghost-cursor lighthouse nightmare zombie"
        " phantom casper simple-headless-chrome taiko browserless ulixee @ulixee/hero secret-agent"
        " @browserbasehq/stagehand stagehand puppeteer-chromium-resolver @crawlee/playwright"
        " @crawlee/puppeteer @playwright/browser-chromium chromium-bidi jsr:@astral/astral astral"
        " @astral/astral"
    ),
    crawlers=words(
        "simplecrawler js-crawler supercrawler headless-chrome-crawler website-scraper roboto node-site-crawler"
    ),
    parsers=frozenset(name.lower() for name in known.JAVASCRIPT_PARSERS)
    | words("deno-dom @b-fuse/deno-dom deno_dom htmlparser2 domhandler css-select cheerio-select xpath @xmldom/xmldom")
    | words(
        "turndown @mozilla/readability @extractus/article-extractor microdata-node sanitize-html himalaya rehype-parse"
    ),
    feeds=words(
        "rss-parser feedparser feedsub rss-to-json rss-feed-emitter @extractus/feed-extractor podcast-feed-parser"
    )
    | words("feed-reader rss-url-parser davefeedread partytime podparse rss opml opmlparser @rowanmanning/feed-parser"),
    servers=words(
        "express fastify koa @hapi/hapi hapi restify next nuxt hono polka micro connect http-server"
        " @nestjs/core @nestjs/common apollo-server @apollo/server socket.io ws discord.js eris telegraf"
        " grammy node-telegram-bot-api @slack/bolt @slack/web-api whatsapp-web.js @whiskeysockets/baileys"
        " venom-bot matrix-js-sdk node-cron cron node-schedule agenda bull bullmq bree probot botkit tmi.js"
        " irc-framework @modelcontextprotocol/sdk elysia oak sveltekit @remix-run/node astro vite mqtt amqplib"
        " kafkajs actions-on-google alexa-sdk ask-sdk-core homebridge node-red firebase-functions aws-lambda"
        " @google-cloud/functions-framework serverless-http webpack-dev-server electron browser-sync"
        " @discordjs/rest croner"
    ),
    testers=words(
        "jest @jest/globals vitest mocha chai ava tape tap node:test test @playwright/test supertest nock"
        " sinon cypress jasmine uvu qunit @testing-library/react @testing-library/dom"
        " @testing-library/jest-dom msw k6 codeceptjs testcafe @wdio/globals jest-puppeteer expect-puppeteer"
        " selenium-webdriver/testing @std/assert @std/expect bun:test"
    ),
    calls=words(
        "fetch axios got needle superagent ky nodefetch node_fetch undici gotscraping ofetch $fetch wretch phin bent"
    ),
    maybe_calls=words("request requestpromise rp urllib simpleget scrapeit scrape scraper xray open download crawl"),
    verbs=words(
        "queue get post put patch delete request fetch send head gettext getjson stream execute perform query curl"
    ),
    drives=words("queue execute goto navigateto navigate visit url get open to gotopage newpageurl"),
    follows=words("enqueuelinks addrequests enqueuelinksbyclickingelements paginate"),
    parses=words(
        "queryselector queryselectorall $eval $$eval $x $$ xpath evaluate evaluateall evaluatehandle"
        " innertext textcontent allinnertexts alltextcontents innertexts getattribute getelementsbyclassname"
        " getelementsbytagname parsehtml parsefromstring jsdom domparser cheerio findelements"
        " elements gettext innerhtml load_html parsedocument htmlparser parse5"
    ),
    writes=words(
        "writefile writefilesync appendfile appendfilesync createwritestream pushdata insertmany insertone"
        " bulkwrite writerecords writetextfile writetextfilesync outputjson outputfile outputjsonsync"
        " writejson writejsonsync createobjectcsvwriter createarraycsvwriter writetopath upsert createmany"
        " addrow addrows writexlsxfile tocsv csvstringify json2csv exportdata savefile"
        " unparse copyfile bulkcreate findorcreate sadd hset"
    ),
    reads_json=words("json getjson parsejson parse graphql"),
    reads_xml=words("parsestring parsestringpromise parsefromstring xmlparser xml2js parseurl parsexml xml2json"),
    reads_body=words("text data body content html buffer arraybuffer blob on resolvewithfullresponse"),
    starts=words(
        "exec execsync execfile execfilesync spawn spawnsync fork execa execasync execacommand execpromise"
        " command $ run"
    ),
    serves=words(
        "listen createserver serve start launch login handler use route createbot initialize polling"
        " runpolling startpolling ready on commands createhandler setrequesthandler connect definehandler"
        " defineeventhandler definejob process addeventlistener onrequest ontick whenready command action"
        " event message run subscribe consume"
    ),
    test_calls=words("describe it test suite specify beforeeach aftereach scenario feature"),
    checks=words("expect assert should t"),
    mailers=words("nodemailer imapflow node-imap mailparser @sendgrid/mail mailgun.js resend postmark emailjs"),
    grows=words("push add enqueue unshift enqueuelinks append set addrequest rpush lpush"),
)


def read(source: bytes, beside: Callable[[str], bytes | None] = lambda name: None) -> CodeFacts:
    """Say what shape a JavaScript program has.

    Args:
        source: The program.
        beside: Gives the source of a file of the program's own by its relative name (`./x`), or None.
    """
    parts = [source.decode("utf-8", "replace")]
    tokens = _tokens(parts[0])
    imports = list(_imports(tokens))
    seen: set[str] = set()
    waiting = [name for name, _ in imports if name.startswith(".")]
    while waiting and len(parts) <= MAX_OWN_MODULES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        more = beside(name)
        if more is None and name.endswith((".js", ".mjs", ".jsx")):
            # TypeScript imports `./x.js` where the file is `x.ts`.
            more = beside(name.rsplit(".", 1)[0])
        if more is not None:
            parts.append(more.decode("utf-8", "replace"))
            waiting += [one for one, _ in _imports(_tokens(parts[-1])) if one.startswith(".")]
    if len(parts) > 1:
        tokens = _tokens("\n;\n".join(parts))
        imports = list(_imports(tokens))
    named = [(package_name(name), names) for name, names in imports if not name.startswith((".", "/", "#"))]
    return facts_of(tokens, GRAMMAR, [*named, *_globals(tokens)])


def package_name(name: str) -> str:
    """Return the npm package that an import names: without `node:`, `npm:`, a version, or a path inside it.

    Args:
        name: As the program writes it.
    """
    name = _DENO_ADDRESS.sub("", name).removeprefix("node:").removeprefix("npm:").removeprefix("jsr:").lstrip("/")
    parts = name.split("/")
    head = "/".join(parts[:2]) if name.startswith("@") else parts[0]
    return _VERSION.sub("", head).lower()


def _tokens(text: str) -> Tokens:
    return tokens_of(text, GRAMMAR.token, templates=True, regexes=True)


def _imports(t: Tokens) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is imported, and the names that stand for it."""
    for at in range(len(t)):
        value = t.text(at)
        if not 0 < len(value) < 200:
            continue
        before = t.word(at - 1)
        called = t.sign(at - 1) == "(" and t.word(at - 2) in ("require", "import", "__require", "importsync")
        # Code of the program's own that runs beside it: `new Worker("./part.js")`, `fork("./part.js")`.
        called = called or (
            value.startswith("./") and t.sign(at - 1) == "(" and t.word(at - 2) in ("worker", "fork", "url")
        )
        if before not in ("from", "import") and not called:
            continue
        names: list[str] = []
        for back in range(at - 1, max(-1, at - 60), -1):
            word = t.word(back)
            if word in ("const", "let", "var") or (word == "import" and t.sign(back + 1) != "("):
                break
            if word and word not in ("require", "from", "await", "default", "as", "import", "type", "__toesm"):
                names.append(word)
            elif t.sign(back) == ";":
                names.clear()
                break
        if called and t.sign(at + 1) == ")" and not names:
            names = []
        yield value, tuple(names)


_GLOBALS = {
    "bun": ("bun", ["serve", "$", "write", "spawn"]),
    "deno": ("deno", ["serve", "command", "writetextfile"]),
}


def _globals(t: Tokens) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the runtimes that are used by their global name, and browsers' drivers of bundles that keep their names."""
    words_here = {word for word in t.low if word in _GLOBALS}
    for word in sorted(words_here):
        yield _GLOBALS[word][0], (word,)
