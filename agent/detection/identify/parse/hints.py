"""Words in the texts and names of a program, whatever its language: the next page, an interface, what reads a list.

`vocabulary.py` holds what every reader looks for; here is what the readers by tokens and of the shell add to it. Every
pattern is searched in a bounded piece of text.
"""

from __future__ import annotations

import re

MAX_TEXT = 2000
FEW = 30
"""A list in the code itself of up to so many things is not a collection."""
NEXT = re.compile(
    r"next[_-]?(?:page|cursor|token|url|link|button|btn|href|max|max_?id|data|offset)|(?:has|is)[_-]?(?:next|more)"
    r"|(?:goto|go_to|click|load|fetch)[_-]?(?:next|more)|(?:end|start|page|paging)[_-]?(?:cursor|token|info)"
    r"|max_?(?:id|cursor)|page_?(?:no|num|nr|number|index)(?![a-z])|(?:curr(?:ent)?|last|max|total|num)_?pages?(?![a-z])"
    r"|(?:load|show|see)_?more|infinite_?scroll",
    re.IGNORECASE,
)
"""Names that stand for going on to the next page."""
NEXT_SELECTOR = re.compile(
    r"[.#\[=>\"'](?:pagination|paginat|pager|next)(?![a-z]{3})|load[- ]more|show[- ]more|^(?:next|more|›|»)$"
    r"|rel=.?next|pagination[-_ ]?next|next[-_ ]page",
    re.IGNORECASE,
)
"""Selectors and labels of what leads to the next page."""
PAGE_PLACE = re.compile(
    r"[?&/](?:[a-z_]*page[a-z_]*|p|pg|offset|start|from|skip|cursor|after|max_id|seite)[=/-](?:$|[$#{%\"'\d<:])"
    r"|[?&](?:page|p|pg|offset|start|cursor|after|skip|max_id|begin|paged)=",
    re.IGNORECASE,
)
"""An address with the number of a page in it."""
API_PLACE = re.compile(r"//api[.-]|/api/|/graphql|\.json(?:$|\?)|/rest/|//graph\.|application/json", re.IGNORECASE)
BINARY = frozenset(
    [
        *("arraybuffer", "blob", "pipe", "pipeline", "createwritestream", "stream", "bytes", "io.copy", "download"),
        *("copyto", "binary", "mirror", "getstore", "outfile", "sink", "download_file", "downloadfile", "copy_stream"),
        *("download.file", "saveas", "transferfrom", "copyurltofile", "save_content", "binwrite"),
    ]
)
"""Functions that hand an answer on byte for byte."""
STATUS = frozenset(["status", "statuscode", "status_code", "ok", "code", "getstatuscode", "is_success", "http_code"])
SCROLLS = frozenset(["scrollto", "scrollby", "wheel", "scrollintoview", "scrollintoviewifneeded", "scroll_to"])
GIVES_LIST = frozenset(
    [
        *(
            "readfile",
            "readfilesync",
            "readtextfile",
            "readtextfilesync",
            "createreadstream",
            "createinterface",
            "argv",
        ),
        *(
            "file",
            "fgetcsv",
            "fgets",
            "file_get_contents",
            "readlines",
            "foreach_line",
            "stdin",
            "argf",
            "lines",
            "args",
        ),
        *(
            "readline",
            "read.csv",
            "read_csv",
            "readlines",
            "scan",
            "get-content",
            "import-csv",
            "newscanner",
            "newreader",
        ),
        *(
            "readall",
            "readalllines",
            "readstring",
            "scanner",
            "hasnextline",
            "text_lines",
            "csvtojson",
            "gets",
            "slurp",
        ),
    ]
)
"""Functions and names that give a list from a file, from standard input or from the command line."""
ADDRESS_NAME = re.compile(r"ur[il]s?(?:$|_)|^ur[il]|link|href|endpoint|^address", re.IGNORECASE)
CONSTANT_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
MARKUP_PATTERN = re.compile(r"<[a-z/!(\[]|href|src=|class=|\]\+?@|\\w\+?@", re.IGNORECASE)
"""A regular expression that looks into a page."""
KEEPS_ROWS = re.compile(r"\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|copy\s+\w+\s+from)\b", re.IGNORECASE)
SENDING = re.compile(r"(?:PUT|PATCH|DELETE|POST)", re.IGNORECASE)
RETRY = re.compile(r"attempt|retr(?:y|ies)|tries|backoff", re.IGNORECASE)
