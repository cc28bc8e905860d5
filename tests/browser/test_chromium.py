"""The check that fails a page's test when the page complains."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import pytest
from chromium import opened
from playwright.sync_api import Browser

COMPLAIN = "console.error('broken')"


class Slow(BaseHTTPRequestHandler):
    """A page that takes a second to come, and is gone once it is asked for by another name."""

    def do_GET(self) -> None:
        sleep(1)
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"a page")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_what_a_page_says_while_it_is_left_does_not_count(browser: Browser, url: str) -> None:
    with opened(browser, url) as page, page.expect_navigation():
        page.evaluate(f"() => {{ setTimeout(() => {COMPLAIN}, 400); location.reload(); }}")


@pytest.mark.parametrize("when", ["before", "after", "without"])
def test_all_else_that_it_says_counts(browser: Browser, url: str, when: str) -> None:
    with pytest.raises(AssertionError, match="broken"), opened(browser, url) as page:
        if when != "after":
            page.evaluate(COMPLAIN)
        if when != "without":
            page.reload()
        if when == "after":
            page.evaluate(COMPLAIN)


def test_a_page_that_is_not_there_counts(browser: Browser, url: str) -> None:
    with pytest.raises(AssertionError, match="404"), opened(browser, url) as page:
        page.goto(url + "gone")
