"""Perl, Ruby, PHP, Lua, R, PowerShell, Go and Java, each as one table of words for the reader by tokens.

What a table holds is what the language's manual and its libraries' own documentation name: how loops begin, what
imports, which libraries ask the web, drive a browser, take pages apart. `read` puts a program, its language's table and
its imports together; `java_code.py` adds jars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.grammar import Blocks, Grammar, words
from agent.detection.identify.parse.token_facts import facts_of
from agent.detection.identify.parse.tokens import (
    BLOCK_COMMENT,
    DOUBLE,
    DOUBLE_LINE,
    SINGLE,
    SINGLE_LINE,
    Tokens,
    pattern,
    tokens_of,
)

MAX_OWN_MODULES = 4
_BACKTICK = r"`(?:[^`\\]|\\.)*+`?+"
_STARTS = "system exec qx popen spawn execute"

PERL = Grammar(
    token=pattern(
        skip=r"(?<![$\w&])\#[^\n]*+|(?<=\n)=(?:pod|head\d|over|item|begin|encoding)\b(?:(?!\n=cut)[\s\S])*+(?:\n=cut)?+",
        text=f"{DOUBLE}|{SINGLE}|{_BACKTICK}",
        word=r"[$@%&]?[A-Za-z_]\w*+|\$_\b",
        dot=r"->|::",
    ),
    inserts=re.compile(r"[$@]\w|[$@]\{"),
    sigils="$@%&",
    started=True,
    regexes=True,
    bare_calls=True,
    loops=words("for foreach while until"),
    loop_calls=words("map grep each"),
    functions=words("sub"),
    imports=words("use require"),
    roots={"lwp": "LWP-UserAgent", "www": "WWW-Mechanize", "mojo": "Mojo-UserAgent", "http": "HTTP-Tiny"},
    http=words(
        "lwp-useragent lwp-simple www-mechanize mojo-useragent http-tiny lwp-parallel www-curl net-curl"
        " anyevent-http furl web-scraper ojo web-query www-mechanize-cached lwp-protocol-https lwp"
        " www-robotrules http-async www-mechanize-gzip mojolicious lwp-curl rest-client hijk web-magic"
        " scrappy"
    ),
    drivers=words(
        "www-mechanize-chrome www-mechanize-firefox selenium-remote-driver selenium-chrome"
        " firefox-marionette selenium-firefox selenium-waiter www-selenium playwright"
    ),
    parsers=words(
        "html-treebuilder html-parser html-tokeparser html-tableextract web-scraper mojo-dom"
        " html-linkextor web-query html-query html-treebuilder-xpath xml-libxml html-html5-parser"
        " html-element html-linkextractor pquery"
    ),
    feeds=words("xml-feed xml-rss xml-rss-parser xml-atom xml-rss-lite xml-feedpp"),
    servers=words(
        "dancer dancer2 mojolicious-lite plack catalyst net-server http-server-simple http-daemon cgi bot-basicbot"
    ),
    testers=words("test-more test-simple test2-v0 test-mojo test-www-mechanize test-most test-class"),
    calls=words("getstore getprint"),
    maybe_calls=words("get head mirror"),
    verbs=words("scrape get post request head get_p fetch simple_request follow_link mirror put perform start"),
    moves=words("follow_link find_link find_all_links"),
    drives=words("get navigate go goto"),
    parses=words(
        "look_down find_by_tag_name findnodes findvalue as_text extract_links find_all_links find_link"
        " scraper find_xpath parse_content new_from_content find_elements find_element dom get_tag"
        " get_trimmed_text tablestate"
    ),
    writes=words("csv_print print_hr insert_record spew spurt print_to_file writexlsx getstore mirror say_to"),
    reads_json=words("decode_json from_json json"),
    reads_body=words("content decoded_content body text res dom"),
    starts=words(_STARTS),
    serves=words("start app run dance daemon get post any accept to_app"),
    test_calls=words("ok is is_deeply done_testing subtest isa_ok cmp_ok"),
    checks=words("ok is is_deeply like"),
    mailers=words("email-mime net-smtp mime-lite email-sender mail-imapclient net-imap-simple"),
    grows=words("push unshift"),
)

RUBY = Grammar(
    token=pattern(
        skip=r"\#[^\n]*+|(?<=\n)=begin\b(?:(?!\n=end)[\s\S])*+(?:\n=end)?+",
        text=f"{DOUBLE}|{SINGLE}|{_BACKTICK}",
        word=r"[$@]{0,2}[A-Za-z_]\w*+[?!]?",
        dot=r"&\.|::|\.(?!\.)",
    ),
    inserts=re.compile(r"#\{"),
    sigils="$@",
    started=True,
    regexes=True,
    blocks=Blocks.ENDS,
    bare_calls=True,
    loops=words("for while until"),
    loop_calls=words(
        "each each_with_index map flat_map times upto downto step each_slice loop collect"
        " each_with_object inject foreach each_line cycle find_each in_threads in_processes each_value"
        " each_key filter_map sum reduce peach async"
    ),
    functions=words("def"),
    imports=words("require require_relative load gem"),
    roots={
        "nokogiri": "nokogiri",
        "httparty": "httparty",
        "mechanize": "mechanize",
        "restclient": "rest-client",
        "faraday": "faraday",
        "typhoeus": "typhoeus",
        "excon": "excon",
        "httpx": "httpx",
        "ferrum": "ferrum",
        "watir": "watir",
        "capybara": "capybara",
        "kimurai": "kimurai",
        "selenium": "selenium-webdriver",
        "anemone": "anemone",
        "spidr": "spidr",
        "oga": "oga",
    },
    bound={"open-uri": "uri", "net/http": "net", "net/https": "net", "curb": "curl", "rest-client": "restclient"},
    http=words(
        "open-uri net/http net/https httparty rest-client faraday mechanize typhoeus excon httpx http"
        " curb patron httpclient em-http-request async-http httprb spidr anemone wombat metainspector"
        " vessel down http.rb kimurai tanakai upton arachnid2 cobweb rest_client restclient"
        " async/http/internet"
    ),
    drivers=words(
        "ferrum capybara capybara/dsl watir selenium-webdriver kimurai vessel cuprite apparition"
        " poltergeist puppeteer-ruby playwright playwright-ruby-client tanakai capybara/cuprite selenium"
        " webdrivers"
    ),
    parsers=words(
        "nokogiri oga mechanize kimurai loofah nokogumbo nokolexbor wombat metainspector rexml ox readability hpricot"
    ),
    feeds=words("rss feedjira simple-rss feed-normalizer rss/maker feedbag"),
    servers=words(
        "sinatra rails rack puma roda hanami grape discordrb telegram/bot telegram-bot-ruby"
        " slack-ruby-bot sidekiq webrick action_controller cuba rufus-scheduler clockwork resque"
        " sinatra/base eventmachine"
    ),
    testers=words(
        "rspec minitest minitest/autorun test/unit test-unit cucumber webmock capybara/rspec vcr rails/test_help"
    ),
    calls=words("open_uri"),
    maybe_calls=words("open"),
    verbs=words("get post open request fetch get_response head put delete patch get_print download submit click read"),
    drives=words("goto go_to visit navigate get go open"),
    moves=words("link_with links_with"),
    crawlers=words("anemone spidr cobweb arachnid2 wombat"),
    parses=words(
        "css xpath at_css at_xpath inner_text all_css links_with find_elements elements"
        " query_selector_all inner_html find_element images_with"
    ),
    writes=words("csv_open puts_to write binwrite copy_stream insert save_to create create! insert_all upsert <<"),
    reads_json=words("parse_json parsed_response json"),
    reads_xml=words("parse"),
    reads_body=words("body read text content css xpath parsed_response to_s search page"),
    starts=words(_STARTS + " capture2 capture3 capture2e popen3 backtick"),
    serves=words("run run! get post start perform_async on command message draw every cron mount use listen"),
    test_calls=words("describe it context feature scenario specify test"),
    test_words=words("rspec minitest testcase"),
    checks=words("expect assert should must_equal"),
    mailers=words("mail net/smtp net/imap pony actionmailer"),
    grows=words("push add unshift append concat <<"),
)

PHP = Grammar(
    token=pattern(
        skip=rf"//[^\n]*+|\#(?!\[)[^\n]*+|{BLOCK_COMMENT}",
        text=f"{DOUBLE}|{SINGLE}|{_BACKTICK}",
        word=r"\$?[A-Za-z_]\w*+",
        dot=r"\?->|->|::|\\",
    ),
    inserts=re.compile(r"\$\w|\{\$"),
    sigils="$",
    started=True,
    methods=True,
    loops=words("for foreach while do"),
    loop_calls=words(
        "array_map array_walk each map array_filter each_limit ofiterator chunk flatmap times eachlimit batch"
    ),
    functions=words("function fn"),
    imports=words("use require require_once include include_once"),
    names={
        "guzzlehttp": "guzzlehttp/guzzle",
        "goutte": "fabpot/goutte",
        "weidner.goutte": "fabpot/goutte",
        "symfony.component.domcrawler": "symfony/dom-crawler",
        "symfony.component.browserkit": "symfony/browser-kit",
        "symfony.component.httpclient": "symfony/http-client",
        "symfony.component.panther": "symfony/panther",
        "symfony.component.cssselector": "symfony/css-selector",
        "facebook.webdriver": "php-webdriver/webdriver",
        "roachphp": "roach-php/core",
        "spatie.crawler": "spatie/crawler",
        "spatie.browsershot": "spatie/browsershot",
        "voku.helper": "voku/simple_html_dom",
        "sunra.phpsimple": "simple_html_dom",
        "kub-at.phpsimple": "simple_html_dom",
        "simplehtmldom": "simple_html_dom",
        "querylist": "jaeger/querylist",
        "ql.querylist": "jaeger/querylist",
        "phpunit": "phpunit/phpunit",
        "tests.testcase": "phpunit/phpunit",
        "laravel.dusk": "laravel/dusk",
        "illuminate": "laravel/framework",
        "slim": "slim/slim",
        "simplepie": "simplepie/simplepie",
        "laminas.feed": "laminas/laminas-feed",
        "react.http": "react/http",
        "workerman": "workerman/workerman",
        "phpmailer": "phpmailer/phpmailer",
        "buzz": "kriswallsmith/buzz",
        "amphp": "amphp/http-client",
        "telegram.bot": "irazasyed/telegram-bot-sdk",
        "hesp": "chrome-php/chrome",
        "headlesschromium": "chrome-php/chrome",
        "nesk.puphpeteer": "nesk/puphpeteer",
        "pestphp": "pestphp/pest",
        "instagramscraper": "raiym/instagram-php-scraper",
    },
    roots={"http": "laravel/framework", "simplexml_load_file": "simplexml"},
    http=words(
        "guzzlehttp/guzzle fabpot/goutte symfony/http-client symfony/browser-kit kriswallsmith/buzz"
        " amphp/http-client laravel/framework roach-php/core spatie/crawler jaeger/querylist"
        " rmccue/requests mashape/unirest-php react/http"
    ),
    drivers=words(
        "symfony/panther php-webdriver/webdriver chrome-php/chrome nesk/puphpeteer laravel/dusk spatie/browsershot"
    ),
    parsers=words(
        "symfony/dom-crawler fabpot/goutte simple_html_dom voku/simple_html_dom jaeger/querylist"
        " symfony/css-selector roach-php/core paquettg/php-html-parser imangazaliev/didom"
        " electrolinux/phpquery"
    ),
    crawlers=words("spatie/crawler roach-php/core"),
    feeds=words("simplepie/simplepie laminas/laminas-feed dg/rss-php debril/feed-io simplepie"),
    servers=words(
        "laravel/framework slim/slim react/http workerman/workerman irazasyed/telegram-bot-sdk swoole"
        " symfony/framework-bundle"
    ),
    testers=words("phpunit/phpunit pestphp/pest laravel/dusk codeception/codeception behat/behat"),
    calls=words("curl_exec curl_multi_exec file_get_html"),
    maybe_calls=words("file_get_contents fopen copy file get_headers load_file loadhtmlfile readfile get_meta_tags"),
    verbs=words(
        "get post request send getasync requestasync postasync sendasync put delete patch head execute fetch createpage"
    ),
    drives=words("get navigate goto to visit request url"),
    parses=words(
        "loadhtml str_get_html file_get_html domxpath getelementsbytagname filterxpath getelementbyid"
        " queryselectorall filter plaintext innertext findelements queryselector loadhtmlfile strip_tags"
        " getelementsbyclassname"
    ),
    writes=words("fputcsv file_put_contents fwrite insertone insertmany saveto savehtml addrow writerow"),
    reads_json=words("json_decode json object toarray"),
    reads_xml=words("simplexml_load_string simplexml_load_file simplexmlelement"),
    reads_body=words("getbody getcontent body json filter getcontents find crawler text"),
    starts=words("exec shell_exec system passthru proc_open popen qx fromshellcommandline mustrun"),
    serves=words("listen run handle route get post runall getupdates on"),
    test_words=words("testcase phpunit assertsame assertequals"),
    checks=words("expect assert"),
    mailers=words("phpmailer/phpmailer swiftmailer/swiftmailer symfony/mailer"),
    grows=words("array_push push enqueue append add attach array_unshift"),
)

LUA = Grammar(
    token=pattern(
        skip=r"--\[\[(?:[^\]]|\](?!\]))*+(?:\]\])?+|--[^\n]*+",
        text=f"{DOUBLE_LINE}|{SINGLE_LINE}|" + r"\[\[(?:[^\]]|\](?!\]))*+(?:\]\])?+",
        word=r"[A-Za-z_]\w*+",
        dot=r"\.(?!\.)|:(?=[A-Za-z_])",
    ),
    blocks=Blocks.ENDS,
    loops=words("for while repeat"),
    functions=words("function"),
    imports=words("require"),
    bound={"socket.http": "http", "ssl.https": "https", "lua-requests": "requests", "http.request": "request"},
    http=words(
        "socket.http ssl.https http.request requests lua-requests curl lcurl luacurl lapis.nginx.http"
        " resty.http lua-http coro-http httpclient curl.safe socket lluv.curl https http luasocket"
    ),
    drivers=words("web-driver selenium luawebdriver webdriver"),
    parsers=words("htmlparser gumbo lxp xml2lua web_sanitize web_sanitize.query html-parser lua-htmlparser xmlua"),
    servers=words("lapis pegasus milua turbo xavante discordia telegram-bot-lua copas luvit ngx resty.core"),
    testers=words("busted luaunit luassert telescope"),
    maybe_calls=words("fetch download geturl"),
    verbs=words("request get post perform fetch get_uri go setopt_url send"),
    drives=words("get navigate_to visit"),
    parses=words("select gettext getcontent query_all parse_html getelementsbytagname"),
    writes=words("write execute_insert"),
    reads_json=words("decode json"),
    reads_body=words("text body json read content"),
    starts=words("execute popen"),
    serves=words("serve start run on listen app match loop"),
    test_calls=words("describe it"),
    checks=words("assert"),
    grows=words("insert push"),
)

R = Grammar(
    token=pattern(
        skip=r"\#[^\n]*+",
        text=f"{DOUBLE}|{SINGLE}",
        word=r"[A-Za-z.][\w.]*+",
        dot=r":::?|\$|@",
    ),
    blocks=Blocks.BRACES,
    loops=words("for while repeat"),
    loop_calls=words(
        "lapply sapply vapply map map_df map_dfr map_dfc map_chr map_dbl map2 walk pmap imap future_map"
        " mclapply parlapply mapply foreach map_int future_lapply map2_dfr walk2 pblapply possibly_map"
    ),
    functions=words("function"),
    imports=words("library require requirenamespace p_load"),
    roots={
        "rvest": "rvest",
        "httr": "httr",
        "httr2": "httr2",
        "polite": "polite",
        "rselenium": "RSelenium",
        "curl": "curl",
        "rcurl": "RCurl",
        "chromote": "chromote",
        "xml2": "xml2",
        "jsonlite": "jsonlite",
    },
    http=words("rvest httr httr2 polite curl rcurl xml2 crul jsonlite rcrawler ralger"),
    drivers=words("rselenium chromote selenider selenium webdriver"),
    parsers=words("rvest xml2 xml rcrawler ralger"),
    feeds=words("tidyrss feeder"),
    servers=words("shiny plumber ambiorix httpuv opencpu rserve"),
    testers=words("testthat tinytest runit"),
    calls=words("curl_fetch_memory geturl read_html_live nod scrape getforms curl_download"),
    maybe_calls=words(
        "read_html get post session html_session bow download.file fromjson request read_html_live geturlcontent"
    )
    | words("htmlparse readhtmltable read_xml jump_to session_jump_to url"),
    verbs=words("get post session_follow_link navigate getforms"),
    drives=words("navigate goto go_to"),
    follows=words("rcrawler"),
    parses=words(
        "html_nodes html_elements html_element html_node html_text html_text2 html_attr html_attrs"
        " html_table xpathsapply getnodeset readhtmltable htmlparse findelements findelement xml_find_all"
        " html_children minimal_html"
    ),
    writes=words(
        "write.csv write_csv fwrite saverds write_json dbwritetable writelines write.table write_tsv"
        " write_xlsx write.csv2 write_parquet dbappendtable write_lines write.xlsx sqlsave write_rds"
    ),
    reads_json=words("fromjson resp_body_json parse_json"),
    reads_xml=words("read_xml xml_text"),
    reads_body=words("content resp_body_html resp_body_string html_elements read_html"),
    starts=words("system system2 run"),
    serves=words("shinyapp runapp pr_run plumb serve runserver"),
    test_calls=words("test_that describe it"),
    checks=words("expect_equal expect_true expect"),
    mailers=words("blastula emayili mailr gmailr sendmailr"),
    grows=words("append c"),
)

POWERSHELL = Grammar(
    token=pattern(
        skip=r"\#[^\n>]*+|<\#(?:[^\#]|\#(?!>))*+(?:\#>)?+",
        text=r'"(?:[^"`]|`.|"")*+"?+' + r"|'(?:[^']|'')*+'?+|(?<=\s)-[A-Za-z]\w*+",
        word=r"\$?[A-Za-z_]\w*+(?:-[A-Za-z]\w*+)*+|\$_\b",
        dot=r"::|\.(?!\.)",
    ),
    inserts=re.compile(r"\$[\w({]"),
    sigils="$",
    bare_calls=True,
    loops=words("for foreach while until do"),
    loop_calls=words("foreach-object"),
    functions=words("function filter"),
    imports=words("import-module"),
    roots={"net": "System.Net", "system": "System.Net"},
    http=words("system.net powerhtml pshtml selenium pswebscrape"),
    drivers=words("selenium playwright"),
    parsers=words("powerhtml htmlagilitypack pshtml anglesharp"),
    servers=words("pode polaris universaldashboard"),
    testers=words("pester"),
    calls=words("invoke-webrequest invoke-restmethod iwr irm curl wget start-bitstransfer enter-seurl"),
    verbs=words("getasync getstringasync sendasync openread"),
    sure=words("downloadstring downloadfile downloaddata getstringasync"),
    drives=words("gotourl navigatetourl enter-seurl"),
    parses=words(
        "parsedhtml allelements links getelementsbyclassname getelementsbytagname getelementsbyid"
        " selectnodes convertfrom-html selectsinglenode innertext get-seelement queryselectorall"
    ),
    writes=words(
        "export-csv out-file add-content set-content export-excel convertto-csv invoke-sqlcmd"
        " writealltext appendalltext"
    ),
    reads_json=words("convertfrom-json invoke-restmethod irm"),
    reads_body=words("content parsedhtml links images rawcontent outfile"),
    starts=words("start-process"),
    serves=words("getcontext start-podeserver begingetcontext start-polaris httplistener"),
    test_calls=words("describe it context"),
    checks=words("should"),
    mailers=words("mailkit"),
    grows=words("add enqueue push"),
)

GO = Grammar(
    token=pattern(
        skip=rf"//[^\n]*+|{BLOCK_COMMENT}",
        text=f"{DOUBLE_LINE}|{SINGLE_LINE}|{_BACKTICK}",
        word=r"[A-Za-z_]\w*+",
        dot=r"\.(?!\.)",
    ),
    loops=words("for"),
    loop_calls=words("onhtml onrequest onresponse onxml visitall each eachwithbreak foreach foreachwithbreak"),
    functions=words("func"),
    imports=words("import"),
    http=words(
        "net/http github.com/go-resty/resty github.com/imroc/req github.com/valyala/fasthttp"
        " github.com/gocolly/colly github.com/puerkitobio/goquery github.com/parnurzeal/gorequest"
        " github.com/geziyor/geziyor github.com/anaskhan96/soup github.com/hashicorp/go-retryablehttp"
        " github.com/bogdanfinn/tls-client github.com/antchfx/htmlquery github.com/slotix/dataflowkit"
        " github.com/puerkitobio/gocrawl github.com/puerkitobio/fetchbot"
    ),
    drivers=words(
        "github.com/chromedp/chromedp github.com/go-rod/rod github.com/playwright-community/playwright-go"
        " github.com/tebeka/selenium github.com/mxschmitt/playwright-go github.com/sclevine/agouti"
        " github.com/go-rod/stealth"
    ),
    parsers=words(
        "github.com/puerkitobio/goquery github.com/antchfx/htmlquery golang.org/x/net/html"
        " github.com/gocolly/colly github.com/andybalholm/cascadia github.com/anaskhan96/soup"
        " github.com/antchfx/xpath github.com/geziyor/geziyor"
    ),
    crawlers=words("github.com/puerkitobio/gocrawl github.com/puerkitobio/fetchbot"),
    feeds=words("github.com/mmcdole/gofeed github.com/slyrz/newscat github.com/ungerik/go-rss"),
    servers=words(
        "github.com/gin-gonic/gin github.com/labstack/echo github.com/gofiber/fiber github.com/go-chi/chi"
        " github.com/bwmarrin/discordgo github.com/go-telegram-bot-api/telegram-bot-api"
        " gopkg.in/telebot.v3 google.golang.org/grpc github.com/slack-go/slack github.com/gorilla/mux"
        " k8s.io/client-go"
    ),
    testers=words("testing github.com/stretchr/testify"),
    verbs=words("get do head post newrequest newrequestwithcontext getjson visit send postform r execute"),
    drives=words("navigate mustnavigate mustpage goto get visit"),
    follows=words("visitfirstlink"),
    parses=words(
        "newdocumentfromreader queryselectorall mustelements mustelement innertext childtext"
        " childattr findstringsubmatch childtexts outerhtml parse_html htmlfind findone querydoc musttext"
        " childattrs newtokenizer"
    ),
    writes=words("newwriter writeall writefile writestring createfile flush"),
    reads_json=words("unmarshal decode newdecoder setresult json"),
    reads_xml=words("parseurl"),
    reads_body=words("body readall text bytes string html"),
    starts=words("command commandcontext"),
    serves=words("listenandserve listenandservetls listen run serve handlefunc start addhandler open getupdateschan"),
    test_words=words("testing"),
    checks=words("fatal errorf error fatalf equal noerror"),
    mailers=words("net/smtp gopkg.in/gomail.v2 github.com/emersion/go-imap github.com/jordan-wright/email"),
    grows=words("push append enqueue add"),
)

JAVA = Grammar(
    token=pattern(
        skip=rf"//[^\n]*+|{BLOCK_COMMENT}",
        text=r'"""(?:[^"\\]|\\.|"(?!""))*+(?:""")?+|' + f"{DOUBLE_LINE}|{SINGLE_LINE}",
        word=r"[A-Za-z_$][\w$]*+",
        dot=r"\.(?!\.)|::",
    ),
    methods=True,
    loops=words("for while do"),
    loop_calls=words(
        "foreach map parallelstream maptoobj flatmap submit iterate rangeclosed each supplyasync invokeall"
    ),
    functions=frozenset(),
    imports=words("import"),
    names={
        "org.jsoup": "org.jsoup",
        "org.openqa.selenium": "org.openqa.selenium",
        "com.microsoft.playwright": "com.microsoft.playwright",
        "com.gargoylesoftware.htmlunit": "org.htmlunit",
        "org.htmlunit": "org.htmlunit",
        "java.net.http": "java.net.http",
        "java.net": "java.net",
        "okhttp3": "okhttp3",
        "org.apache.http": "org.apache.http",
        "org.apache.hc": "org.apache.http",
        "edu.uci.ics.crawler4j": "edu.uci.ics.crawler4j",
        "us.codecraft.webmagic": "us.codecraft.webmagic",
        "kong.unirest": "kong.unirest",
        "org.junit": "org.junit",
        "org.testng": "org.testng",
        "org.springframework": "org.springframework",
        "com.rometools": "com.rometools.rome",
        "javax.mail": "jakarta.mail",
        "jakarta.mail": "jakarta.mail",
        "io.javalin": "io.javalin",
        "com.sun.net.httpserver": "com.sun.net.httpserver",
        "net.dv8tion": "net.dv8tion.jda",
        "com.codeborne.selenide": "com.codeborne.selenide",
        "io.github.bonigarcia": "io.github.bonigarcia",
        "us.codecraft.xsoup": "us.codecraft.xsoup",
        "org.apache.nutch": "org.apache.nutch",
        "com.digitalpebble": "com.digitalpebble.stormcrawler",
        "org.archive": "org.archive.heritrix",
        "org.telegram": "org.telegram.telegrambots",
        "io.quarkus": "io.quarkus",
        "jakarta.servlet": "jakarta.servlet",
        "javax.servlet": "jakarta.servlet",
        "com.google.api.services.youtube": "com.google.api.services.youtube",
        "com.restfb": "com.restfb",
        "twitter4j": "twitter4j",
    },
    http=words(
        "org.jsoup java.net.http java.net okhttp3 org.apache.http kong.unirest org.springframework"
        " org.htmlunit edu.uci.ics.crawler4j us.codecraft.webmagic"
    ),
    drivers=words(
        "org.openqa.selenium com.microsoft.playwright org.htmlunit com.codeborne.selenide io.github.bonigarcia"
    ),
    parsers=words("org.jsoup org.htmlunit us.codecraft.webmagic us.codecraft.xsoup"),
    crawlers=words("edu.uci.ics.crawler4j us.codecraft.webmagic"),
    feeds=words("com.rometools.rome com.apptasticsoftware.rssreader"),
    servers=words(
        "com.sun.net.httpserver io.javalin org.springframework net.dv8tion.jda org.telegram.telegrambots"
        " io.quarkus jakarta.servlet"
    ),
    testers=words("org.junit org.testng"),
    verbs=words(
        "connect send sendasync newcall openstream openconnection execute getforobject getforentity exchange getpage"
    ),
    drives=words("get navigate open getpage to"),
    parses=words(
        "select selectfirst getelementsbyclass getelementsbytag getelementbyid findelements"
        " queryselectorall innertext getbyxpath eachtext eachattr alltextcontents selectxpath astext"
        " evalonselectorall"
    ),
    writes=words(
        "writestring writenext writerow write printrecord newbufferedwriter filewriter printwriter executeupdate"
    ),
    reads_json=words("readvalue readtree fromjson jsonobject jsonarray getforobject"),
    reads_xml=words("syndfeedinput"),
    reads_body=words("body text string readallbytes readline select gettext inputstream"),
    starts=words("processbuilder exec"),
    serves=words("start createcontext run login listen build create"),
    test_words=words("beforeeach aftereach parameterizedtest assertequals asserttrue beforetest"),
    checks=words("assertequals asserttrue assertthat"),
    mailers=words("jakarta.mail"),
    grows=words("add push offer addall enqueue"),
)

GRAMMARS = {
    "perl": PERL,
    "ruby": RUBY,
    "php": PHP,
    "lua": LUA,
    "r": R,
    "powershell": POWERSHELL,
    "go": GO,
    "java": JAVA,
}
_WITH_FOLDERS = frozenset(["ruby", "php", "perl", "lua", "r", "powershell"])
"""Languages that name files of the program's own in the same words as libraries."""
_GO_VERSION = re.compile(r"/v\d+$")


def reader(language: str) -> Callable[[bytes, Callable[[str], bytes | None]], CodeFacts]:
    """Return the reader of one of these languages.

    Args:
        language: A key of `GRAMMARS`.
    """

    def read_one(source: bytes, beside: Callable[[str], bytes | None] = lambda name: None) -> CodeFacts:
        return read(source, language, beside)

    return read_one


def read(source: bytes, language: str, beside: Callable[[str], bytes | None]) -> CodeFacts:
    """Say what shape a program has.

    Args:
        source: The program.
        language: A key of `GRAMMARS`.
        beside: Gives the source of a file of the program's own by the name it is asked for, or None.
    """
    grammar = GRAMMARS[language]
    parts = [source.decode("utf-8", "replace")]
    tokens = _tokens(parts[0], grammar)
    imports = list(_imports(tokens, grammar, language))
    if language in _WITH_FOLDERS:
        for name, _ in imports:
            if len(parts) <= MAX_OWN_MODULES and (more := _own(name, beside)) is not None:
                parts.append(more.decode("utf-8", "replace"))
        if len(parts) > 1:
            tokens = _tokens("\n".join(parts), grammar)
            imports = list(_imports(tokens, grammar, language))
    return facts_of(tokens, grammar, [one for one in imports if not one[0].startswith((".", "/"))])


def _own(name: str, beside: Callable[[str], bytes | None]) -> bytes | None:
    if not name or ".." in name or "-" in name[:1]:
        return None
    return beside(name.lstrip("./"))


def _tokens(text: str, grammar: Grammar) -> Tokens:
    return tokens_of(
        text,
        grammar.token,
        inserts=grammar.inserts,
        sigils=grammar.sigils,
        regexes=grammar.regexes,
        started=grammar.started,
    )


def _imports(t: Tokens, grammar: Grammar, language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what is imported, and the names that stand for it."""
    for at in range(len(t)):
        if t.word(at) not in grammar.imports or t.sign(at - 1) == ".":
            continue
        i = at + 1
        if language == "go":
            end = t.close[i] if t.sign(i) == "(" else i + 2
            for place in range(i, min(end, len(t))):
                if t.text(place):
                    found = t.values[place]
                    # The address of a module is none that the program asks.
                    t.values[place] = t.low[place] = ""
                    yield _go(found, t.word(place - 1) if t.lines[place - 1] == t.lines[place] else "")
            continue
        if t.sign(i) == "(" or t.word(i) in ("static", "function", "const"):
            i += 1
        if t.text(i):
            name = t.text(i)
        else:
            pieces = [t.values[i]] if t.word(i) else []
            while pieces and t.sign(i + 1) == "." and t.word(i + 2):
                i += 2
                pieces.append(t.values[i])
            name = ("-" if language == "perl" else ".").join(pieces)
        if not 0 < len(name) < 100:
            continue
        package = _packaged(name, grammar)
        last = grammar.bound.get(name) or name.rsplit(".", 1)[-1].rsplit("/", 1)[-1].rsplit("-", 1)[-1]
        names = [last]
        if t.word(i + 1) == "as" and t.word(i + 2):
            names.append(t.values[i + 2])
        if t.sign(at - 1) == "=" and t.word(at - 2):
            # local http = require("socket.http")
            names.append(t.values[at - 2])
        yield package, tuple(names)


def _packaged(name: str, grammar: Grammar) -> str:
    low = name.lower().lstrip(".")
    if not grammar.names:
        return name
    while low:
        if low in grammar.names:
            return grammar.names[low]
        low = low.rpartition(".")[0]
    return name


def _go(path: str, alias: str) -> tuple[str, tuple[str, ...]]:
    name = _GO_VERSION.sub("", path)
    return name.lower(), (alias or name.rsplit("/", 1)[-1].removeprefix("go-").removesuffix("-go"),)
