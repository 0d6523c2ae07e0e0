/*
  Texts inside executables: programs that are known whatever file name they bear, libraries compiled in, and the
  options and messages by which a crawler or a downloader of any make gives itself away. Weights in
  `agent/detection/identify/yara.py`. Our own words; the quoted texts are the programs' own messages, which a copy
  under another name keeps.
*/

rule is_wget {
  strings:
    $version = "GNU Wget %s built on"
    $rc = "WGETRC"
    $retr = "--page-requisites"
    $robots = "no-parent"
  condition:
    $version or ($rc and $retr and $robots)
}

rule is_wget2 {
  strings:
    $version = "GNU Wget2 "
    $rc = "wget2rc"
  condition:
    all of them
}

rule is_curl {
  strings:
    $usage = "Usage: curl [options...] <url>"
    $option = "--remote-name-all"
  condition:
    any of them
}

rule is_aria2 {
  strings:
    $a = "aria2.unpauseAll"
    $b = "aria2 version"
    $c = "max-connection-per-server"
  condition:
    2 of them
}

rule is_httrack {
  strings:
    $a = "HTTrack Website Copier"
    $b = "hts_main2"
    $c = "hts-cache/new.zip"
  condition:
    2 of them
}

rule is_axel {
  strings:
    $a = "Usage: axel [options] url1"
    $b = "AXEL_BUILTIN"
    $c = "--num-connections="
  condition:
    $a or ($b and $c)
}

rule is_yt_dlp {
  strings:
    $a = "yt_dlp/extractor/"
    $b = "yt_dlp/__main__.py"
    $c = "yt_dlp.extractor."
  condition:
    any of them
}

rule is_youtube_dl {
  strings:
    $a = "youtube_dl/extractor/"
    $b = "youtube_dl/__main__.py"
  condition:
    any of them
}

rule is_gallery_dl {
  strings:
    $a = "gallery_dl/extractor/"
    $b = "gallery_dl.extractor."
  condition:
    any of them
}

rule carries_go_scraping {
  strings:
    $a = "github.com/gocolly/colly"
    $b = "github.com/geziyor/geziyor"
    $c = "github.com/PuerkitoBio/gocrawl"
    $d = "github.com/MontFerret/ferret"
    $e = "github.com/projectdiscovery/katana"
  condition:
    any of them
}

rule carries_go_driver {
  strings:
    $a = "github.com/chromedp/chromedp"
    $b = "github.com/go-rod/rod"
    $c = "github.com/playwright-community/playwright-go"
    $d = "github.com/tebeka/selenium"
  condition:
    any of them
}

rule carries_rust_scraping {
  strings:
    $a = /registry\/src\/[^\/]{1,60}\/(spider|scraper|voyager|crawly|select)-[0-9]/
  condition:
    any of them
}

rule carries_rust_driver {
  strings:
    $a = /registry\/src\/[^\/]{1,60}\/(headless_chrome|fantoccini|thirtyfour|chromiumoxide)-[0-9]/
  condition:
    any of them
}

rule texts_of_a_crawler {
  strings:
    $act1 = /\b(max(imum)?|crawl(ing)?|recursion|link)[- _]depth\b/ nocase
    $act2 = /\bcrawl(er|ing|ed)? (the |a |this )?(web|site|website|url|urls|domain|page|pages|target|scope)\b/ nocase
    $act3 = /\b(follow|extract|collect|discover)(s|ed|ing)? (all |the |new |found )?(links|urls|endpoints|e-?mails)\b/ nocase
    $act4 = /\b(pages?|urls?|requests?) (crawled|scraped|visited)\b/ nocase
    $rob = "robots.txt"
    $agent = /user[- ]agent/ nocase
    $head = /headless (chrome|browser|mode)/ nocase
  condition:
    3 of ($act*) or (2 of ($act*) and 2 of ($rob, $agent, $head))
}

rule texts_of_a_media_downloader {
  strings:
    $what1 = /\bdownload(s|ing)? (all )?(the )?(videos?|playlists?|albums?|galler(y|ies)|images|photos|channels?|audio|streams?|media)\b/ nocase
    $list1 = /\b(playlist|channel)[- _]?(start|end|items|url|id)\b/ nocase
    $list2 = /\b(whole|entire|full) (playlist|channel|album|profile|gallery)\b/ nocase
    $site1 = "youtube.com" nocase
    $site2 = "instagram.com" nocase
    $site3 = "tiktok.com" nocase
    $site4 = "bilibili.com" nocase
    $site5 = "vimeo.com" nocase
    $site6 = "twitter.com" nocase
    $site7 = "reddit.com" nocase
  condition:
    $what1 and (any of ($list*) or 3 of ($site*)) and 2 of ($site*)
}

rule texts_of_a_people_search {
  strings:
    $net1 = "linkedin.com" nocase
    $net2 = "instagram.com" nocase
    $net3 = "facebook.com" nocase
    $net4 = "twitter.com" nocase
    $net5 = "github.com/users" nocase
    $act1 = /\b(e-?mail|phone|profile|follower|username)s? (found|harvested|extracted|scraped|collected)\b/ nocase
    $act2 = /\b(scrap|harvest|enumerat)(e|es|ing)? (e-?mails?|profiles?|usernames?|followers?|employees?|people)\b/ nocase
  condition:
    2 of ($net*) and any of ($act*)
}

rule is_python {
  strings:
    $main = "Py_BytesMain"
    $frozen = "_MEIPASS"
  condition:
    $main and not $frozen and filesize < 30MB
}

rule is_node {
  strings:
    $options = "NODE_OPTIONS"
    $warnings = "NODE_NO_WARNINGS"
    $single = "NODE_SEA_FUSE"
  condition:
    $options and $warnings and not $single
}

rule is_perl {
  strings:
    $library = "PERL5LIB"
    $options = "PERL5OPT"
  condition:
    all of them
}

rule is_ruby {
  strings:
    $run = "ruby_run_node"
    $options = "ruby_process_options"
  condition:
    any of them
}

rule is_bash {
  strings:
    $code = "BASH_EXECUTION_STRING"
    $source = "BASH_SOURCE"
  condition:
    all of them
}
