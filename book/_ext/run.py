"""Run: executes chapters so that the same chapter always gives the same file, byte for byte.

    python book/_ext/run.py                           every notebook of _toc.yml, in place
    python book/_ext/run.py book/03_matvec.ipynb      this one
    python book/_ext/run.py --from draft/03_matvec.md   a MyST text, made into book/03_matvec.ipynb
    python book/_ext/run.py --to-text book/03_matvec.ipynb > draft/03_matvec.md

Code is formatted first, as the package is. A cell that must fail carries the tag raises-exception;
any other error, and anything written to stderr, stops the run and leaves the old file as it was.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from export import ROOT, chapters
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

BOOK = ROOT / "book"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
# What could make a run differ from the last one: hashing, threads, warnings, the place of things.
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "PYTHONHASHSEED": "0",
    "PYTHONWARNINGS": "default",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def tidy(notebook: Any) -> None:
    """Ids by position, one spelling of the metadata, nothing of the front end that wrote it."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03}"
        for key in ("execution", "collapsed", "jupyter", "editable", "slideshow", "vscode"):
            cell.metadata.pop(key, None)
        cell.source = cell.source.strip("\n")
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells = [cell for cell in notebook.cells if cell.source]


def formatted(notebook: Any) -> Any:
    """The notebook with its code in the house style (ruff knows notebooks and their magics)."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "chapter.ipynb"
        nbformat.write(notebook, path)
        config = str(ROOT / "pyproject.toml")
        command = [sys.executable, "-m", "ruff", "format", "--quiet", "--config", config, str(path)]
        subprocess.run(command, check=True)
        return nbformat.read(path, as_version=4)


def steady(notebook: Any) -> list[str]:
    """Take this machine out of the outputs; return what should not have been printed."""
    complaints = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                complaints.append(f"cell {number} wrote to stderr: {output.text.strip()[-400:]}")
            if output.output_type == "error":
                output.traceback = [f"\x1b[0;31m{output.ename}\x1b[0m: {output.evalue}"]
        if str(ROOT) in json.dumps(cell.get("outputs", [])):
            complaints.append(f"cell {number} shows where the repository lies on this machine")
    return complaints


def execute(notebook: Any, path: Path) -> None:
    """Run all cells in a fresh kernel, in the folder of the book, and write the notebook."""
    tidy(notebook)
    notebook = formatted(notebook)
    os.environ.update(ENVIRONMENT)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,  # the kernel may send one text in pieces, now so, now so
        resources={"metadata": {"path": str(BOOK)}},
    )
    client.execute()
    complaints = steady(notebook)
    if complaints:
        raise ValueError("\n".join(complaints))
    notebook.metadata = nbformat.from_dict(METADATA)
    path.write_text(nbformat.writes(notebook).rstrip("\n") + "\n", encoding="utf-8")


def from_text(path: Path) -> Any:
    import jupytext

    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S)
    return jupytext.reads(text, fmt="md:myst")


def to_text(path: Path) -> str:
    import jupytext

    notebook = nbformat.read(path, as_version=4)
    tidy(notebook)
    return str(jupytext.writes(notebook, fmt="md:myst"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Execute chapters in place, steadily.")
    parser.add_argument("files", nargs="*", type=Path, help="notebooks (all, if none is named)")
    parser.add_argument("--from", dest="text", type=Path, help="a MyST text to make and run")
    parser.add_argument("--to-text", action="store_true", help="print notebooks as MyST text")
    options = parser.parse_args()
    if options.to_text:
        print("".join(to_text(path) for path in options.files), end="")
        return 0
    if options.text:
        jobs = [(from_text(options.text), BOOK / f"{options.text.stem}.ipynb")]
    else:
        files = options.files or chapters()
        jobs = [(nbformat.read(path, as_version=4), path) for path in files]
    failed = 0
    for notebook, path in jobs:
        start = time.perf_counter()
        try:
            execute(notebook, path)
        except (CellExecutionError, ValueError, subprocess.CalledProcessError) as error:
            failed += 1
            print(f"{path.name}: {error}", file=sys.stderr)
        else:
            words = sum(len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown")
            took = time.perf_counter() - start
            print(f"{path.name}: {len(notebook.cells)} cells, {words} words, {took:.1f} s")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
