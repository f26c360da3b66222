"""The built pages, in a real browser: no other host, no error, no sideways scroll, no dead link."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

import pytest

from tests.chapters import ROOT, export
from tests.needs import unavailable

PAGES = [f"book/{path.stem}.html" for path in export.chapters()]
PAGES += [f"book/{name}.html" for name in ("api", "glossary", "bibliography")]
PAGES += ["_modules/minigrad/engine.html", "genindex.html", "search.html"]
SCREENS = [(1280, "light"), (1280, "dark"), (390, "light")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The book, built with warnings as errors, and the warnings."""
    if importlib.util.find_spec("jupyter_book") is None:
        unavailable("jupyter-book is not installed: pip install -r requirements.txt")
    out = tmp_path_factory.mktemp("site")
    program = Path(sys.executable).parent / "jupyter-book"
    command = [str(program), "build", str(ROOT), "--path-output", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    for published in ("BOOK_URL", "GITHUB_REPOSITORY"):
        environment.pop(published, None)
    run = subprocess.run(
        [*command, "-W", "-n", "--keep-going"], capture_output=True, text=True, env=environment
    )
    said = re.findall(r".*(?:WARNING|ERROR).*", run.stdout + run.stderr)
    assert said or not run.returncode, run.stdout[-3000:] + run.stderr[-3000:]
    return out / "_build" / "html", said


@pytest.fixture(scope="module")
def site(built: tuple[Path, list[str]]) -> Path:
    return built[0]


def test_the_book_builds_without_a_warning(built: tuple[Path, list[str]]) -> None:
    assert not built[1]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def visit(browser: Any, address: str, name: str, width: int, theme: str) -> tuple[Any, list[str]]:
    """A page, settled, and what went wrong while it loaded."""
    troubles: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()

    def guard(route: Any) -> None:
        if route.request.url.startswith(address):
            route.continue_()
        else:
            troubles.append(f"asked another host: {route.request.url}")
            route.abort()

    page.route("**/*", guard)
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    page.on(
        "response", lambda r: troubles.append(f"{r.status} {r.url}") if r.status > 399 else None
    )
    page.goto(address + name, wait_until="networkidle")
    return page, troubles


@pytest.mark.parametrize(("width", "theme"), SCREENS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(browser: Any, address: str, name: str, width: int, theme: str) -> None:
    page, troubles = visit(browser, address, name, width, theme)
    page.mouse.wheel(0, 100_000)
    page.wait_for_timeout(50)
    assert not troubles
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    wide = page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth")
    assert wide <= 0, page.evaluate(WIDEST)
    bad = page.evaluate(
        "[...document.images].filter(i => !i.alt.trim() || i.alt.includes('_images/'))"
        ".map(i => i.outerHTML.slice(0, 200))"
    )
    assert not bad
    assert not page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)")
    page.context.close()


WIDEST = """[...document.querySelectorAll("main article *")].filter(e => {
  if (e.getBoundingClientRect().right <= innerWidth + 1) return false
  for (let box = e.parentElement; box.tagName !== "ARTICLE"; box = box.parentElement)
    if (getComputedStyle(box).overflowX !== "visible") return false
  return true
}).slice(0, 5).map(e => e.outerHTML.slice(0, 160))"""


def test_every_internal_link_leads_somewhere(site: Path) -> None:
    """In every file of the site, down to the anchor."""
    texts = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    anchors = {
        path: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for path, text in texts.items()
    }
    dead = []
    for path, text in texts.items():
        for link in re.findall(r'<a\b[^>]*?href="([^"]+)"', text):
            if re.match(r"[a-z]+:|//", link):
                continue
            target, anchor = urldefrag(urljoin(path.as_uri(), link.replace("&amp;", "&")))
            file = Path(unquote(target.removeprefix("file://").split("?")[0]))
            known = anchors.get(file)
            if not file.exists() or (anchor and known is not None and unquote(anchor) not in known):
                dead.append(f"{path.name}: {link}")
    assert not sorted(set(dead))


def test_an_exported_cell_names_its_module(site: Path) -> None:
    pages = [
        site / "book" / f"{path.stem}.html"
        for path in export.chapters()
        if export.exported_cells(path)
    ]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'class="export-caption' in text
        assert "#| export" not in re.sub(r"<[^>]+>", "", text), page.name


def test_mathematics_is_set_from_the_site_itself(site: Path) -> None:
    assert (site / "_static" / "mathjax" / "tex-chtml.js").exists()
    assert len(list((site / "_static" / "mathjax").rglob("*.woff"))) > 20


def test_search_finds_a_page(browser: Any, address: str) -> None:
    page, troubles = visit(browser, address, "search.html?q=gradient", 1280, "light")
    page.wait_for_selector("#search-results li", timeout=10_000)
    assert not troubles
    page.context.close()


def test_code_can_be_copied(browser: Any, address: str) -> None:
    page, _ = visit(browser, address, "book/intro.html", 1280, "light")
    assert page.locator("button.copybtn").count() >= page.locator("div.cell_input pre").count() > 0
    page.context.close()
