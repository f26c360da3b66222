"""The package is what the chapters say: byte for byte, line for line, and at every stage."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chapters import NOTEBOOKS, NUMBERS, ROOT, cells, export

PACKAGE = sorted((ROOT / "minigrad").rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT / "minigrad").as_posix()


def test_the_committed_package_is_the_export() -> None:
    package = export.build()
    files = [path for path in (ROOT / "minigrad").rglob("*") if path.is_file()]
    committed = {name(path) for path in files if path.suffix != ".pyc"}
    assert committed == package.keys()
    assert not export.differences(package, ROOT / "minigrad")


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_every_statement_stands_in_exactly_one_cell(path: Path) -> None:
    """Of the whole book, exported or not: what a page shows twice can be read only once."""
    sources = [cell["source"] for notebook in NOTEBOOKS for cell in cells(notebook, "code")]
    text = path.read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        statement = "\n".join(text.split("\n")[first - 1 : node.end_lineno])
        found = sum(f"\n{statement}\n" in f"\n{source}\n" for source in sources)
        assert found == 1, f"{path.name}, line {first}: stands in {found} cells"


@pytest.mark.parametrize("path", PACKAGE, ids=name)
def test_lines_outside_the_cells_are_imports_and_origins(path: Path) -> None:
    """Comments between statements count as lines too: they are in a cell, or say where it is."""
    text = re.sub(r"\A(?:#.*\n)+", "", path.read_text(encoding="utf-8"))  # without its head
    exported = (cell for notebook in NOTEBOOKS for cell in export.exported_cells(notebook))
    for cell in exported:
        if cell.module == name(path):
            assert text.count(cell.body) >= 1
            text = text.replace(cell.body, "", 1)
    comments = [line for line in text.split("\n") if line.startswith("#")]
    assert all("book/" in line for line in comments), comments
    rest = ast.parse(text).body
    assert all(isinstance(node, ast.Import | ast.ImportFrom | ast.If) for node in rest)


ONE_AT_A_TIME = threading.Lock()


def run_stage(last: int, folder: Path) -> str:
    """Chapter k on the package exported from chapters 1 to k; what went wrong, if anything."""
    with ONE_AT_A_TIME:  # Python 3.11 cannot parse in two threads at once
        export.write(export.build(until=last), folder / "minigrad")
    notebooks = [path for path in NOTEBOOKS if export.chapter_number(path) == last]
    if last == max(NUMBERS):  # the landing page needs the whole book
        notebooks = [path for path in NOTEBOOKS if export.chapter_number(path) in (0, last)]
    command = [sys.executable, str(ROOT / "tests" / "stage.py"), str(folder), *map(str, notebooks)]
    run = subprocess.run(command, cwd=ROOT / "book", capture_output=True, text=True)
    return run.stdout + run.stderr if run.returncode else ""


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Future[str]]]:
    """All stages, two at a time, each in a fresh interpreter."""
    with ThreadPoolExecutor(2) as pool:
        folders = {last: tmp_path_factory.mktemp(f"stage{last}") for last in NUMBERS}
        yield {last: pool.submit(run_stage, last, folders[last]) for last in NUMBERS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("last", NUMBERS)
def test_a_chapter_runs_on_the_package_of_its_stage(
    last: int, stages: dict[int, Future[str]]
) -> None:
    assert not stages[last].result()


# ------------------------------------------------------------------- the exporter's own manners


def book(folder: Path, *sources: str) -> None:
    """A book of one chapter with these code cells."""
    (folder / "_toc.yml").write_text("format: jb-book\nroot: 01_one\n")
    code = [{"cell_type": "code", "source": source, "metadata": {}} for source in sources]
    title = {"cell_type": "markdown", "source": "# One", "metadata": {}}
    (folder / "01_one.ipynb").write_text(json.dumps({"cells": [title, *code]}))


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(export, "ROOT", tmp_path)
    return tmp_path


def test_imports_are_gathered_merged_and_sorted(elsewhere: Path) -> None:
    book(
        elsewhere,
        '#| export minigrad/a.py\n"""About a."""',
        "#| export minigrad/a.py\nfrom os import sep\n\nx = 1",
        "y = 2  # stays in the book",
        "#| export minigrad/a.py\nimport abc\nfrom os import path\n"
        "from minigrad.a import x\n\nz = x",
    )
    assert export.build()["a.py"] == (
        "# Exported from 01_one.ipynb: change it there, not here.\n"
        '"""About a."""\n\nimport abc\nfrom os import path, sep\n\nx = 1\n\n\nz = x\n'
    )


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        (["x = 1\n" * 25], r"01_one.ipynb, cell 1: longer than 25 lines; make two cells of it"),
        (["x=1"], r"01_one.ipynb, cell 1: not formatted"),
        (["def f(): ...", "def f(): ..."], r"cell 2: f is defined in 01_one.ipynb, cell 1 already"),
        (["x = 1", "x = 2"], r"cell 2: x is defined in 01_one.ipynb, cell 1 already"),
        (["def f(:"], r"01_one.ipynb, cell 1: invalid syntax"),
    ],
)
def test_a_chapter_that_cannot_be_exported(
    elsewhere: Path, sources: list[str], complaint: str
) -> None:
    book(elsewhere, *(f"#| export minigrad/a.py\n{source}" for source in sources))
    with pytest.raises(export.ExportError, match=complaint):
        export.build()


def test_one_changed_character_is_noticed(elsewhere: Path) -> None:
    book(elsewhere, "#| export minigrad/a.py\nx = 1")
    package = export.build()
    export.write(package, elsewhere / "minigrad")
    assert not export.differences(package, elsewhere / "minigrad")
    (elsewhere / "minigrad" / "a.py").write_text(package["a.py"].replace("x = 1", "x = 2"))
    assert "-x = 2" in export.differences(package, elsewhere / "minigrad")
    (elsewhere / "minigrad" / "b.py").write_text("")
    assert "minigrad/b.py: not exported" in export.differences(package, elsewhere / "minigrad")
