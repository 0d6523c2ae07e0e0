"""What `gleanwatch try` runs: a harmless collection of pages that it serves itself, for about eight seconds.

Standard library only, loopback only, nothing is kept: it reads invented names off its own pages one after the other,
the way a scraper would, so that the agent has something to see. The catalogue knows it by this module's name, which
the agent has a fresh interpreter import, as a script from a tutorial would import a scraper.
"""

import http.server
import threading
import time
import urllib.request

PAGES = 40
PAUSE_SECONDS = 0.2


class Invented(http.server.BaseHTTPRequestHandler):
    """Answers every address with a page about a person who does not exist."""

    def do_GET(self) -> None:
        """Serve one invented profile."""
        body = f"<!doctype html><title>Person {self.path[1:]}</title><h1>Nobody Atall</h1>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Say nothing: nobody reads it."""


def collect() -> int:
    """Fetch the pages one by one and return how many names were read off them."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Invented) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        read = 0
        for number in range(PAGES):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/{number}") as page:
                read += page.read().count(b"<h1>")
            time.sleep(PAUSE_SECONDS)
        server.shutdown()
    return read
