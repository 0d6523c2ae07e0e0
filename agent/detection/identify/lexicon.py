"""The words by which software says that it collects, and the words that take that away: a table, and nothing else.

`own_words.py` looks for every entry in the name, summary, keywords and first paragraph of a package. An entry speaks
for one capability (or for all, or against), with a weight in the same unit as every other; no name of a package stands
here. The weights were set by hand and checked against the summaries of about 250 collecting packages and of the 30,000
most used packages of two ecosystems, which are the ordinary ones (`tests/unit/detection/test_own_words.py` keeps a
sample of both, with what is expected of each).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY = "any"
"""An entry of this kind adds to every capability that something else already speaks for."""

PEOPLE_PLATFORMS = (
    r"instagram|insta|facebook|linked ?in|twitter(?: ?api)?|x/twitter|tiktok|douyin|you ?tube|meta threads|threads\.net|"
    r"threads app|reddit(?:\.com)?|pushshift|whatsapp web|telegram (?:\w+ )?(?:channels?|groups?|chats?|data|export)|pinterest|"
    r"snapchat|tumblr|vkontakte|vk\.com|weibo|xiaohongshu|bilibili|flickr|quora|mastodon|bluesky|onlyfans|patreon|glassdoor|"
    r"airbnb|yelp|trip ?advisor|social[- ](?:media|networks?|networking)|tweets?|subreddits?|哔哩哔哩|微博|抖音|知乎|小红书"
)
OTHER_PLATFORMS = (
    r"twitch|medium\.com|sound ?cloud|spotify|vimeo|dailymotion|imgur|pixiv|deviantart|indeed|booking\.com|google ?maps|"
    r"google (?:scholar|play|news|images)|app store|bandcamp|manga\w*|coursera\.org|e ?bay|amazon products?"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One word or phrase.

    Attributes:
        kind: One of `CAPABILITIES`, `platform`, `place`, `media`, `pages`, `unofficial`, `api`, `takes`, `evasion`, `many`, or `against`.
        weight: How much it says; below zero for what takes away.
        pattern: How it is written, in lower case.
        only: The capabilities it concerns; empty for all.
    """

    kind: str
    weight: float
    pattern: re.Pattern[str]
    only: frozenset[str] = frozenset()


def _entry(kind: str, weight: float, pattern: str, *only: str) -> Entry:
    return Entry(kind, weight, re.compile(rf"(?<![a-z0-9])(?:{pattern})(?![a-z0-9])"), frozenset(only))


FOR = (
    # What it does.
    _entry(
        "scrapes",
        3.6,
        r"(?:web|screen|html|data|site|image|job|news)?[- ]?(?:scrap(?:e|es|ed|er|ers|ing|ping|y)|to scrap)",
    ),
    _entry(
        "scrapes", 2.6, r"scraping and crawling|(?:web )?data (?:extraction|harvesting) (?:from|of) (?:web|sites?)\w*"
    ),
    _entry(
        "scrapes",
        2.4,
        r"web ?mining|web[- ]data|extract(?:s|ing|or)? (?:\w+ ){0,4}from (?:\w+ ){0,3}(?:web ?(?:sites?|pages?)|urls?|html pages)",
    ),
    _entry(
        "scrapes",
        2.0,
        r"(?:news|article)s? (?:\w+ ){0,2}(?:extract(?:or|ion)|discovery)|(?:gather|collect|retriev)\w* (?:\w+ ){0,4}(?:on|from) the web|structured data (?:from|using|with)\b.{0,40}",
    ),
    _entry(
        "scrapes",
        1.6,
        r"(?:any|every|whole|entire) (?:web ?)?(?:site|page)s?|(?:structure|turn) any (?:web ?)?(?:site|page)",
    ),
    _entry("crawls", 3.6, r"(?:web)?[- ]?crawl(?:er|ers|ing|s|ed)?|(?:web )?spider(?:s|ing)?"),
    _entry("scrapes", 3.2, r".{0,40}(?:爬虫|爬取|采集|抓取).{0,80}"),
    _entry(
        "mirrors",
        3.2,
        r"(?:mirror|clone|copy|copies|copier|download|archive|save)s? (?:\w+ ){0,3}(?:web ?)?sites?(?: \w+){0,3}|(?:web ?)?site (?:copier|downloader|cloner|ripper|archiver|grabber)|offline brows\w+",
    ),
    _entry(
        "mirrors",
        2.6,
        r"(?:internet|web)[- ]archiv\w+|wayback(?: machine)?|(?:save|archive)s? (?:\w+ ){0,3}(?:web ?)?pages?|(?:archive|dump|preserve)s? (?:\w+ ){0,2}(?:media)?wikis?",
    ),
    _entry(
        "searches",
        2.8,
        r"meta-?search(?: \w+)?|serps?|serp ?api|search[- ]engine (?:results?|pages?|scrap\w+|pars\w+)|(?:organic|google|bing|web) search (?:results?|api)|searches? from \w+",
    ),
    _entry(
        "searches",
        2.6,
        r"(?:google|bing|duck ?duck ?go|yandex|baidu|youtube) (?:search(?:es)?|web search)(?: engine| results)?|search(?:es|ing)? (?:\w+ ){0,3}(?:through|via|on|for|from|using) (?:\w+ ){0,2}(?:google|bing|duck ?duck ?go|search engines?|youtube)(?: videos)?",
    ),
    _entry(
        "harvests",
        3.2,
        r"osint|(?:hunt|find)s? (?:down )?(?:\w+ ){0,3}(?:social media )?(?:accounts|profiles)(?: by usernames?)?|dossier on a person|(?:user ?name|account) (?:enumeration|checker|search)",
    ),
    _entry(
        "harvests",
        3.0,
        r"e-?mails? (?:finder|finding|search|extractor|harvester|osint|scrap\w+)|(?:find|extract)(?:s|ing)? e-?mails?(?: addresses)?|lead[- ]gen\w*|prospecting|(?:enrich|find)\w* (?:\w+ ){0,3}(?:leads|linkedin profiles)",
    ),
    _entry(
        "harvests",
        2.6,
        r"harvest(?:s|er|ers|ing)?|(?:collect|retriev|extract|gather)\w* (?:\w+ ){0,5}(?:profiles?|followers|comments|posts|tweets|usernames?|phone numbers)",
    ),
    _entry(
        "harvests",
        2.2,
        r"(?:get|fetch|pull|dump|archive|export|save)(?:s|ing)? (?:\w+ ){0,3}(?:profiles|followers|comments|tweets|posts|chats|messages)",
    ),
    _entry(
        "takes",
        1.3,
        r"(?:fetch|collect|gather|retriev|pull|obtain|load|access|get|sav|query|search)(?:e|es|s|ing)?|agents?",
    ),
    _entry("downloads", 2.3, r"(?:\w+[- ])?(?:downloader|ripper|grabber|leecher)s?|youtube-?dl|yt-?dlp?"),
    _entry("downloads", 1.4, r"download(?:s|ing|ed)?|rip|.{0,30}下载.{0,30}"),
    _entry(
        "downloads",
        0.6,
        r"(?:archiv|back(?:ing)? ?up|dump|sav|export|preserv)(?:e|es|er|ing|s)?|retriev(?:e|es|al|ing)",
    ),
    _entry(
        "drives",
        2.2,
        r"(?:web )?browser[- ]automation|automat\w+ (?:\w+ ){0,3}(?:web )?(?:browsers?|websites?|chrome)|headless[- ](?:chrome|browsers?|chromium|firefox)|(?:control|drive)s? (?:\w+ ){0,4}(?:chrome|chromium|browsers?)|web ?driver|puppeteer|browser (?:agents?|use)|devtools protocol",
    ),
    _entry(
        "scrapes",
        1.6,
        r"interact(?:s|ion|ing)? with (?:web ?sites?|the web)|form[- ]filling|stateful brows\w+|website interaction",
    ),
    _entry(
        "crawls",
        2.4,
        r"llm[- ](?:ready|friendly)|(?:web|online|deep) research|web (?:access|context|content|data) for (?:ai|llms?)|websites? (?:in)?to (?:markdown|llm)",
    ),
    # What it takes, from where, how.
    _entry("platform", 1.4, PEOPLE_PLATFORMS),
    _entry("place", 1.1, OTHER_PLATFORMS),
    _entry(
        "media",
        1.3,
        r"(?:audio/)?videos?|audio|playlists?|channels?|galler(?:y|ies)|images?|photos?|pictures|media|manga|comics?|songs?|music|tracks?|albums?|live ?streams?|stories|reels|doujinshi|lectures|streaming|视频",
    ),
    _entry(
        "pages",
        0.8,
        r"web ?pages?|web ?sites?|sites|the web|urls?|html|profiles?|followers|comments|posts|usernames?|people|persons?|compan(?:y|ies)|jobs?|leads?|contacts?|reviews?|google|articles?",
    ),
    _entry(
        "unofficial",
        1.3,
        r"unofficial|private api|reverse[- ]engineer\w*|without (?:\w+ ){0,5}(?:api|api[- ]?keys?|log(?:ging)? ?in|authentication|rate limits?)|no (?:api[- ]?keys?|authentication|login|limitations)|api[- ]?less|self-?bots?|graphql|frontend api|innertube|any rate limits",
    ),
    _entry(
        "api",
        1.2,
        r"api[- ](?:wrapper|client|bindings?)|api for (?:python|node)\w*|(?:wrapper|client|bindings|library|interface|access|sdk) (?:\w+ ){0,5}(?:to|for|around) (?:\w+ ){0,5}|(?:\w+ )?api",
    ),
    _entry(
        "evasion",
        1.4,
        r"undetect(?:ed|able|ability)|anti[- ]?(?:detect|bot)\w*|stealth\w*|bypass\w*|impersonat\w+|captchas?|cloudflare|user[- ]?agents?|(?:residential|rotating) prox\w+|proxies",
    ),
    _entry(
        "many",
        0.9,
        r"bulk|mass|batch(?:es)?|hundreds|thousands|millions|entire|at scale|all (?:the )?(?:posts|images|videos|photos|messages|pages)|datasets?|large-?scale",
    ),
)
"""Speaks for: everything but the first block counts only where an act was named."""

AGAINST = (
    _entry(
        "against",
        -4.0,
        r"prometheus|open ?metrics|metrics|exporters?|telemetry|graphite|statsd|grafana|observability|monitoring",
    ),
    _entry(
        "against",
        -4.0,
        r"type(?:script)? (?:definitions?|declarations?|stubs?|annotations?)|typings?|stubs? (?:for|only)|typescript definitions.*",
    ),
    _entry(
        "against",
        -2.6,
        r"(?:unit|integration|acceptance|regression|load|end-?to-?end|e2e|visual|web|ui|functional|automated|cross[- ]browser)[- ]test\w*|test(?:s|ing|ed|er)? (?:frameworks?|runners?|suites?|cases?|utilit\w+|librar\w+|environment|helpers?|fixtures?)|mock\w*|fixtures?|assertions?|selenium ide|pytest|jest|mocha|karma|cypress|storybook|test automation|tdd|bdd",
    ),
    _entry("against", -1.4, r"test(?:s|ing)?"),
    _entry(
        "against",
        -3.4,
        r"(?:block|prevent|protect|defend|stop|mitigat)\w* .{0,40}(?:bots?|crawl\w*|scrap\w*|spiders?|spam|harvest\w*)|anti-?(?:scraping|crawl\w*|spam|spider)|(?:detect|identif)\w* (?:\w+ ){0,4}(?:bots?|crawlers?|spiders?)|(?:bots?|crawlers?|spiders?)[/ ](?:\w+[/ ]){0,3}detect\w*|obfuscat\w+|honeypot|is ?bot|prerender\w*|seo(?:[- ]friendly)?|search engine optimi\w+",
    ),
    _entry(
        "against",
        -3.0,
        r"(?:directory|director(?:y|ies)|file ?system|files?|folder|source code|code ?base|repositor\w+|dependency|dependencies|package|object|tree|ast|schema|database|data ?lake|glue|graph|json|dom|node_modules|module)[- ](?:\w+ )?(?:crawl\w*|spider\w*|scrap\w*|harvest\w*|walk\w*)|(?:crawl|walk|scan|harvest)(?:s|ing|er)? (?:\w+ ){0,4}(?:directory|director(?:y|ies)|file ?systems?|files|folders?|dependency|dependencies|object|objects|trees?|json|monorepo)",
    ),
    _entry(
        "against",
        -3.0,
        r"(?:webpack|babel|eslint|rollup|vite|gulp|grunt|postcss|metro|parcel|esbuild|tailwind\w*|svelte|angular|vue|react|react[- ]native|jquery|ember|next\.?js|nuxt|gatsby|wordpress|drupal|django|flask|fastapi|rails|laravel|home ?assistant|sphinx|mkdocs|docusaurus|jekyll|hexo|airflow|dagster|prefect|singer|meltano|airbyte|rasa)[- ](?:plugin|loader|component|hook|theme|app|application|extension|integration|provider|adapter|connector|backend|module)s?",
    ),
    _entry(
        "against",
        -0.8,
        r"webpack|babel|eslint|rollup|gulp|grunt|angular|vue|react|jquery|django|flask|fastapi|wordpress",
    ),
    _entry(
        "against",
        -2.6,
        r"aws|amazon (?:s3|web services|sqs|dynamodb|ec2|bedrock)|azure|gcp|google cloud|cloud ?storage|s3|gcs|kubernetes|k8s|docker|terraform|helm|cloudformation|lambda|sharepoint|onedrive|dropbox|google drive|snowflake|bigquery|salesforce|ftp|sftp|webdav|minio|artifactory|nexus|alibaba cloud|aliyun|oracle cloud|ibm|serverless",
    ),
    _entry(
        "against",
        -2.4,
        r"rss|atom feeds?|feeds?(?: (?:reader|parser|generator))?|podcasts?|sitemaps?(?: generator)?|robots(?:\.txt| exclusion)|link[- ]check\w*|broken links?|changelogs?|documentation(?: generator)?",
        "crawls",
        "scrapes",
        "downloads",
        "mirrors",
    ),
    _entry(
        "against",
        -3.0,
        r"(?:package|dependency|version|plugin|module|toolchain|runtime|firmware|update|release|artifact|asset|binary|binaries|font|icon|map|tile|model|file|patch|driver|certificate|report|invoice)s?(?: file)? (?:manager|installer|downloader|updater|download|downloads|retrieval)|(?:download|install|fetch)(?:s|ing|er)? (?:and (?:install|build|cache|extract|verify|run|use)\w* )?(?:\w+ ){0,4}(?:packages?|binary|binaries|executables?|releases?|drivers?|dependencies|modules?|tools?|versions?|fonts?|models?|weights|artifacts?|node\.?js|python|updates?|platform-specific\w*|files? from (?:s3|github))|install(?:s|er|ing)?|npm|pypi|conda|pip|wheels?|brew|prebuil\w+|installers?",
        "downloads",
        "mirrors",
    ),
    _entry(
        "against",
        -2.2,
        r"hugging ?face|pre-?trained|machine learning models?|model (?:zoo|hub|weights)|checkpoints?|inference|deep learning models?|neural|satellite|geospatial|gis|raster|earth|climate|weather|meteo\w*|genom\w*|bioinformatic\w*|sequenc\w+|protein|ncbi|astronom\w*|medical|clinical|dicom|census|statistic\w*|financial|finance|stocks?|market data|trading|crypto\w*|bitcoin|blockchain|bank\w*|invoice\w*|tax|arxiv|pubmed|papers?|bibliograph\w*|economic|energy|osm|openstreetmap|copernicus|nasa|simulation|physics",
        "downloads",
        "harvests",
        "mirrors",
        "scrapes",
        "crawls",
    ),
    _entry(
        "against",
        -2.4,
        r"(?:chat|telegram|discord|slack|irc|matrix|line|wechat|messenger|whatsapp)[- ]?bots?(?: (?:api|framework|library|sdk))?|bot (?:api|framework|builder|sdk|library)|chat ?bots?|webhooks?|notifications?|smtp|mail server|payments?|checkout",
        "harvests",
        "downloads",
        "scrapes",
        "drives",
    ),
    _entry(
        "against",
        -3.0,
        r"oauth\d?|auth(?:entication|orization)? (?:strategy|provider|backend|plugin|middleware|with|via|for)|passport|sign[- ]?in|single sign|sso|share (?:buttons?|links?)|sharing|social (?:login|auth\w*|icons?|share|buttons?)|icons?|embed(?:s|ded|ding|der)?|players?|thumbnails?|oembed|open ?graph|meta ?tags|emoji\w*|pixel|ads|advertising|marketing api|business sdk|conversions?|analytics|tag manager|previews?|unfurl\w*|css frameworks?|ui|widgets?|components?|carousel|slider|lightbox|viewer|editor|image gallery|responsive|lazy ?load\w*",
    ),
    _entry(
        "against",
        -2.2,
        r"(?:web|rest|http|api|asgi|wsgi|application|micro) ?(?:frameworks?|servers?)|middlewares?|reverse proxy|load balanc\w*|proxy server|routers?|database driver|orm|message queue|rpc|grpc|protobuf",
    ),
    _entry(
        "against",
        -1.6,
        r"http(?:/\d(?:\.\d)?)? (?:clients?|librar\w+|requests?|user agent)|fetch api|polyfills?|promise[- ]based|xhr|ajax",
        "downloads",
        "scrapes",
        "crawls",
        "drives",
        "searches",
    ),
    _entry(
        "against",
        -1.2,
        r"(?:html|xml|css|xpath|markdown|json|pdf|csv|user[- ]agent|url)[- ]?(?:and \w+ )?(?:parser|parsing|tree|selectors?|sanitizer|cleaner|minifier|validator|converter)s?|parses? (?:html|xml|css|user)|boilerplate removal|language detection",
    ),
    _entry(
        "against",
        -2.6,
        r"deprecated|placeholder|security holding|dummy package|internal (?:package|use)|private package|boilerplate|template|scaffold\w*|starter|cli generator|example(?: project)?|tutorial|game|games|robot(?:s|ics)?|ros|arduino|iot|raspberry|firmware|smart ?home|device|camera|sensor|printer|hardware|bluetooth|usb|serial",
    ),
    _entry(
        "against",
        -2.4,
        r"source code|outlook|rate limit(?:er|ing)|throttl\w*|network devices?|ssh|address ?validation|geocod\w*|rout(?:e|es|ing)|places api|maps (?:javascript|platform|services)|google maps (?:\w+ )?api|business api|messenger (?:platform|api)\w*|chromecast|user[- ]agent strings?|crawl for packages|strip comments|parse comments|event ?sub|page insights|campaigns?",
    ),
    _entry(
        "against",
        -1.6,
        r"screen ?shots?|pdf|audio (?:processing|analysis|codec)|image (?:processing|manipulation|recognition|classification|segmentation|augmentation|optimization|compression|resiz\w+|format|loading|library|data)|video (?:processing|encod\w+|decod\w+|edit\w+|conferenc\w+|call\w*|codec|player|stream)|computer vision|opencv|ocr|speech|transcri\w+|rendering|webgl|canvas|3d|animation",
        "downloads",
        "drives",
        "harvests",
    ),
    _entry(
        "against",
        -1.6,
        r"search index|full[- ]text search|elasticsearch|opensearch|solr|algolia|vector (?:search|store|database)|semantic search|search box|autocomplete|fuzzy|site search|code search|lucene|typeahead|search ui|search-ui",
        "searches",
        "crawls",
    ),
    _entry(
        "against",
        -1.6,
        r"(?:log|logs|logging|error|errors|crash|events?|message|messages|queue|thread|threads|stream|streams|channel|task|tasks|memory|heap|core|stack|sql|db|database|mysql|postgres\w*|mongo\w*|redis|backup|disk|git|file|files|json|yaml|csv|data ?base|object) (?:dump\w*|backup\w*|archiv\w*|export\w*|sav\w*|retriev\w*)|(?:dump|backup|archive|export|save|retrieve)(?:s|r|ing)? (?:\w+ ){0,3}(?:logs?|databases?|files?|json|yaml|sql|tables?|objects?|state|data ?frames?|settings|config\w*|memory|values?|directories)|tar|zip|gzip|compress\w*|archives?",
        "downloads",
        "mirrors",
        "harvests",
    ),
)
"""Takes away. One entry counts once, however many of its words are there."""
