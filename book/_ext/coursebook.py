"""The book's own Sphinx extension: export captions, offline mathematics, a tidy theme."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset

from minigrad.play import SCRIPT

LOGO = {"text": "minigrad", "alt_text": "A small graph", "image_light": "_static/logo.svg"}
LOGO["image_dark"] = LOGO["image_light"]
MARK = re.compile(r"#\|\s*export\s+(minigrad/([\w/]+)\.py)\s*(?:\n|$)")


def caption_exports(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """The first line of an exported cell becomes a caption that links to the module."""
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code_source":
            continue
        for block in cell.findall(nodes.literal_block):
            source = block.rawsource or block.astext()
            mark = MARK.match(source)
            if not mark:
                continue
            block.rawsource = source[mark.end() :]
            block.children = [nodes.Text(block.rawsource)]
            cell.parent["classes"].append("exported")
            cell.insert(0, caption(app, docname, mark[1], mark[2]))
            break


def caption(app: Sphinx, docname: str, path: str, module: str) -> nodes.container:
    """`goes into minigrad/engine.py`, the name linked to the page of the module's source."""
    name: nodes.Node = nodes.literal("", path)
    shown = getattr(app.env, "_viewcode_modules", {})
    if app.builder.format == "html" and shown.get(f"minigrad.{module.replace('/', '.')}"):
        uri = app.builder.get_relative_uri(docname, f"_modules/minigrad/{module}")
        name = nodes.reference("", "", name, refuri=uri, internal=True)
    line = nodes.paragraph("", "", nodes.Text("goes into "), name)
    return nodes.container("", line, classes=["export-caption"])


def name_folds(app: Sphinx, doctree: nodes.document) -> None:
    """A cell that is folded whole is a solution; a folded input is the code of a picture."""
    for cell in doctree.findall(nodes.container):
        if cell.get("hide_mode") == "all":
            cell["prompt_show"], cell["prompt_hide"] = "Solution", "Fold the solution"
        elif cell.get("hide_mode") == "input":
            cell["prompt_show"], cell["prompt_hide"] = "The code", "Fold the code"


def plain_docstrings(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Docstrings are plain text: `code` is code, an asterisk is an asterisk."""
    for number, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        parts = re.split(r"`+([^`]+)`+", line)
        parts[::2] = [re.sub(r"([*|\\]|_\b)", r"\\\1", text) for text in parts[::2]]
        parts[1::2] = [f"``{code}``" for code in parts[1::2]]
        lines[number] = "".join(parts)


def tidy_scripts(app: Sphinx, page: str, template: str, context: Any, doctree: Any) -> None:
    """Drop Thebe (it asks another host) and scripts that stand on the page twice."""
    seen, kept = set(), []
    for script in context["script_files"]:
        body = getattr(script, "attributes", {}).get("body", "") or ""
        name = str(getattr(script, "filename", script) or "")
        if "thebe" in name.lower() or "THEBE" in body or "thebe" in body or (name, body) in seen:
            continue
        seen.add((name, body))
        kept.append(script)
    context["script_files"][:] = kept


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """MathJax comes from an installed package, not from another host."""
    if error is not None or app.builder.format != "html":
        return
    spec = importlib.util.find_spec("sphinx-mathjax-offline")
    if spec is None or spec.origin is None:
        raise RuntimeError("sphinx-mathjax-offline is missing: pip install -r requirements.txt")
    source = Path(spec.origin).parent / "static" / "mathjax"
    target = Path(app.outdir) / "_static" / "mathjax"
    fonts = Path("output/chtml/fonts/woff-v2")
    (target / fonts).mkdir(parents=True, exist_ok=True)
    copy_asset(str(source / "tex-chtml.js"), str(target))
    copy_asset(str(source / fonts), str(target / fonts))


def write_player(app: Sphinx) -> None:
    """The player of graphs is part of the package: figures.js draws with the same script."""
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "player.js").write_text(SCRIPT, encoding="utf-8")


def tidy_pages(app: Sphinx, error: Exception | None) -> None:
    """Drop the 1.5 MB script that draws icons a second time (the web font has drawn them)."""
    if error is not None or app.builder.format != "html":
        return
    script = re.compile(r"\s*<(script|link)[^>]*fontawesome\.js[^>]*>(</script>)?")
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        tidied = script.sub("", text)
        if tidied != text:
            page.write_text(tidied, encoding="utf-8")


def theme(app: Sphinx, config: Any) -> None:
    """One header bar, the reader's own light or dark, links to the place of publication if any."""
    options = config.html_theme_options
    options.update(navbar_persistent=[], logo=LOGO)
    config.html_context["default_mode"] = "auto"
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository:
        options.update(
            repository_url=f"https://github.com/{repository}",
            repository_branch="main",
            path_to_docs="",
            use_repository_button=True,
            use_issues_button=True,
            use_edit_page_button=True,
            launch_buttons={
                "notebook_interface": "jupyterlab",
                "binderhub_url": "https://mybinder.org",
            },
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", theme)
    app.connect("builder-inited", write_player)
    app.connect("autodoc-process-docstring", plain_docstrings)
    app.connect("doctree-read", name_folds)
    app.connect("doctree-resolved", caption_exports)
    app.connect("html-page-context", tidy_scripts, priority=900)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", tidy_pages)
    if os.environ.get("BOOK_URL"):
        app.config.html_baseurl = os.environ["BOOK_URL"].rstrip("/") + "/"
        app.config.ogp_site_url = app.config.html_baseurl
        app.config.ogp_social_cards = {"enable": False}
        app.config.sitemap_url_scheme = "{link}"
        app.setup_extension("sphinxext.opengraph")
        app.setup_extension("sphinx_sitemap")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
