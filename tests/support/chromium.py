"""Opens pages in the machine's Chromium, and fails when a page complains or asks for something from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser tests")

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

READBACK = "willReadFrequently"  # a hint caused by tests that look at the canvas, not by the page
UNLOADED = "Failed to load resource"  # the browser does not say which; the answer itself is noted with its address


def executable() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed: the pages were not tested in a browser")
    return found


@contextmanager
def launched() -> Iterator[playwright.Browser]:
    path = executable()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def opened(
    browser: playwright.Browser,
    url: str,
    *,
    size: tuple[int, int] = (900, 600),
    ratio: float = 1,
    touch: bool = False,
    dark: bool = True,
    locale: str = "en-US",
    complaints: tuple[str, ...] = (),
) -> Iterator[playwright.Page]:
    """A fresh page at `url`. `complaints`: pieces of console errors that the test expects."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=ratio,
        has_touch=touch,
        color_scheme="dark" if dark else "light",
        locale=locale,
    )
    context.set_default_timeout(8000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
    page.on("response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on("request", lambda request: faults.append(request.url) if _foreign(request.url) else None)
    page.goto(url)
    yield page
    context.close()
    unexpected = [fault for fault in faults if not any(piece in fault for piece in (*complaints, READBACK, UNLOADED))]
    assert not unexpected, unexpected


def _foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1"


def drawn(page: playwright.Page | playwright.Frame | playwright.Locator) -> None:
    """Waits until the page has drawn what it was told: what it shows and says changes only then, not with the event."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def inner_of(page: playwright.Page, name: str) -> playwright.Frame:
    """The page of an editor within the webui's, once it is up."""
    element = page.wait_for_selector(f"iframe[data-atelier-frame='{name}']")
    inner = element.content_frame() if element else None
    assert inner is not None
    inner.wait_for_selector("html[data-ready]", state="attached")
    return inner
