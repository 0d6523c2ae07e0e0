/*
  Lines by which a script or a bundle takes in a library that collects, in any language. Looked for in the helper
  process only: in unknown executables, and in entry scripts that the reader of their language cannot read; never in
  folders of packages. What each rule means (capability, weight, words) stands in `agent/detection/identify/yara.py` under its name. Our own words.
*/

rule imports_python_scraping {
  strings:
    $from = /(^|[\n;])[ \t]*(from|import)[ \t]+(scrapy|crawlee|crawl4ai|scrapling|autoscraper|botasaurus|pyspider|icrawler|feapder|trafilatura|newspaper|firecrawl|scrapegraphai|parsera|memorious|minet|ruia|grab\.spider)\b/
  condition:
    any of them
}

rule imports_python_people {
  strings:
    $from = /(^|[\n;])[ \t]*(from|import)[ \t]+(instaloader|instagrapi|snscrape|twscrape|twint|facebook_scraper|linkedin_api|linkedin_scraper|TikTokApi|praw|asyncpraw|tweepy|telethon|pyrogram|facebook_business|sherlock_project|maigret|holehe|staffspy|jobspy|twikit|scweet)\b/
  condition:
    any of them
}

rule imports_python_media {
  strings:
    $from = /(^|[\n;])[ \t]*(from|import)[ \t]+(yt_dlp|youtube_dl|gallery_dl|pytube|pytubefix|you_get|spotdl|streamlink|scdl|bing_image_downloader)\b/
  condition:
    any of them
}

rule imports_python_driver {
  strings:
    $from = /(^|[\n;])[ \t]*(from|import)[ \t]+(selenium|seleniumbase|playwright|patchright|undetected_chromedriver|nodriver|zendriver|pyppeteer|camoufox|DrissionPage|browser_use|helium|splinter)\b/
  condition:
    any of them
}

rule imports_python_search {
  strings:
    $from = /(^|[\n;])[ \t]*(from|import)[ \t]+(googlesearch|duckduckgo_search|ddgs|serpapi|search_engine_parser|yagooglesearch|scholarly)\b/
  condition:
    any of them
}

rule imports_node_scraping {
  strings:
    $need = /(require\(|from |import )[ \t]*["'](crawlee|@crawlee\/[a-z]+|apify|website-scraper|simplecrawler|x-ray|scrape-it|got-scraping|headless-chrome-crawler|crawler|js-crawler|@mendable\/firecrawl-js)["']/
  condition:
    any of them
}

rule imports_node_media {
  strings:
    $need = /(require\(|from |import )[ \t]*["']((@distube\/)?ytdl-core|youtube-dl-exec|yt-dlp-wrap|ytpl|youtubei\.js|soundcloud-downloader|tiktok-scraper|instagram-private-api|snoowrap)["']/
  condition:
    any of them
}

rule imports_node_driver {
  strings:
    $need = /(require\(|from |import )[ \t]*["'](puppeteer|puppeteer-core|puppeteer-extra|playwright|playwright-core|selenium-webdriver|rebrowser-puppeteer|patchright|nightmare)["']/
  condition:
    any of them
}

rule imports_other_scraping {
  strings:
    $ruby = /(^|\n)[ \t]*require[ \t(]+["'](nokogiri|mechanize|spidr|anemone|kimurai|wombat|vessel|ferrum|watir|upton)["']/
    $perl = /(^|\n)[ \t]*use[ \t]+(WWW::Mechanize|Web::Scraper|WWW::Crawler|LWP::RobotUA|HTML::TreeBuilder|Mojo::DOM|Scrappy)\b/
    $php = /(Goutte\\Client|Symfony\\Component\\(DomCrawler|Panther)|RoachPHP|Crwlr\\Crawler|simple_html_dom|PHPHtmlParser|spatie\/crawler|Spatie\\Crawler)/
    $java = /import[ \t]+(org\.jsoup|us\.codecraft\.webmagic|edu\.uci\.ics\.crawler4j|com\.gargoylesoftware\.htmlunit|org\.htmlunit|com\.microsoft\.playwright|org\.openqa\.selenium)/
    $r = /(library|require)\([ \t]*["']?(rvest|Rcrawler|RSelenium|chromote|polite|rtweet|twitteR|Rfacebook|instaR|academictwitteR|tuber|RedditExtractoR)["']?[ \t]*\)/
    $dotnet = /using[ \t]+(HtmlAgilityPack|AngleSharp|Abot2?|DotnetSpider|PuppeteerSharp|Microsoft\.Playwright|OpenQA\.Selenium)/
    $lua = /require[ \t(]*["'](htmlparser|gumbo|splash)["']/
    $go = /"github\.com\/(gocolly\/colly|chromedp\/chromedp|go-rod\/rod|PuerkitoBio\/(goquery|gocrawl)|geziyor\/geziyor|playwright-community\/playwright-go|tebeka\/selenium|MontFerret\/ferret|antchfx\/htmlquery)/
    $rust = /(^|\n)[ \t]*use[ \t]+(spider|scraper|headless_chrome|fantoccini|thirtyfour|chromiumoxide|voyager|select::document)::/
  condition:
    any of them
}
