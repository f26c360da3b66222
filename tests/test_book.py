"""The notebooks as files, and what Markdown says in code, here and in README.md."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.chapters import NOTEBOOKS, ROOT, cells, export, tags

PAGES = [ROOT / "README.md", *sorted((ROOT / "book").glob("*.md"))]
FENCE = re.compile(
    r"^```+ *(?:\{code(?:-block)?\} *)?python *(?P<mark>.*)\n(?P<code>(?s:.*?))^```+", re.M
)
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_every_page_of_the_contents_exists() -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    names = [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]
    missing = [name for name in names if not list(ROOT.glob(f"{name}.*"))]
    assert not missing
    on_disk = {
        p.relative_to(ROOT).with_suffix("").as_posix() for p in (ROOT / "book").glob("*.ipynb")
    }
    assert on_disk <= set(names)


@each_notebook
def test_cells_are_short(path: Path) -> None:
    for number, cell in enumerate(cells(path, "code")):
        length = sum(bool(line.strip()) for line in cell["source"].split("\n"))
        assert length <= export.LONGEST, f"code cell {number} has {length} lines"


@each_notebook
def test_outputs_are_those_of_one_run_from_the_top(path: Path) -> None:
    """Run in order, nothing on stderr, errors only where they are meant, and there indeed."""
    code = cells(path, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        kinds = [output["output_type"] for output in cell["outputs"]]
        assert ("error" in kinds) == ("raises-exception" in tags(cell)), cell["source"]
        assert all(output.get("name") != "stderr" for output in cell["outputs"]), cell["source"]


@each_notebook
def test_a_notebook_holds_nothing_of_the_machine_it_ran_on(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|tmp|root|Users|usr|opt)/", text)
    assert not re.search(r"\bat 0x[0-9a-f]{6,}", text)
    assert '"iopub' not in text and '"version": "3.' not in text
    ids = re.findall(r'^   "id": "(.*)"', text, re.M)
    assert ids == [f"cell-{number:03}" for number in range(len(ids))]


@each_notebook
def test_pictures_have_a_text_alternative(path: Path) -> None:
    for number, cell in enumerate(cells(path, "code")):
        kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
        if kinds & {"image/png", "image/svg+xml", "image/jpeg"} and "text/html" not in kinds:
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 15, f"code cell {number}: set mystnb.image.alt\n{cell['source']}"
    for cell in cells(path, "markdown"):
        assert not re.search(r"!\[\s*\]\(", cell["source"]), cell["source"]


@each_notebook
def test_a_chapter_begins_with_its_title_and_has_sections(path: Path) -> None:
    texts = [cell["source"] for cell in cells(path, "markdown")]
    assert texts[0].startswith("# ")
    assert sum(len(re.findall(r"^# ", text, re.M)) for text in texts) == 1
    assert any(re.search(r"^## ", text, re.M) for text in texts)


def blocks(text: str) -> list[str]:
    """The Python in a text, but for blocks marked as deliberately not run."""
    found = [match for match in FENCE.finditer(text) if "no-run" not in match["mark"]]
    return [re.sub(r"^:.*\n", "", match["code"], flags=re.M) for match in found]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_python_in_markdown_runs_as_written(path: Path) -> None:
    """The blocks of one page share their names, as a reader who types them in would have it."""
    names: dict[str, Any] = {}
    for code in blocks(path.read_text(encoding="utf-8")):
        exec(compile(code, path.name, "exec"), names)


@each_notebook
def test_python_in_the_text_of_a_chapter_runs_on_its_own(path: Path) -> None:
    for cell in cells(path, "markdown"):
        for code in blocks(cell["source"]):
            exec(compile(code, path.name, "exec"), {})


def test_blocks_are_found_and_marks_respected() -> None:
    text = "a\n```python\nx = 1\n```\n```python no-run\nx = 2\n```\n```text\nx = 3\n```\n"
    assert blocks(text) == ["x = 1\n"]


def test_every_module_stands_in_the_reference() -> None:
    reference = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
    paths = [path.relative_to(ROOT) for path in (ROOT / "minigrad").rglob("*.py")]
    modules = {".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__"}
    assert modules == set(re.findall(r"automodule:: ([\w.]+)", reference))


def test_docstrings_are_our_own() -> None:
    """NumPy's and Python's docstrings, inherited by wrapping, would speak of other things."""
    import minigrad

    borrowed = []
    for name in filter(str.islower, dir(minigrad)):
        ours, theirs = getattr(minigrad, name), getattr(np, name, None)
        if callable(ours) and ours is not theirs and ours.__doc__:
            borrowed += [name] if ours.__doc__ == getattr(theirs, "__doc__", None) else []
    assert not borrowed


def test_import_prints_nothing_and_is_quick(tmp_path: Path) -> None:
    """At most 20 ms over NumPy once compiled; a little more only where all tries are slow."""
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    code = "import time, numpy\nstart = time.perf_counter()\nimport minigrad\n"
    code += "print(time.perf_counter() - start)"
    times = []
    for _ in range(8):
        command = [sys.executable, "-W", "error", "-c", code]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert not run.stderr
        times.append(float(run.stdout))
    assert min(times[1:]) < 0.020 or statistics.median(times) < 0.040, times
