"""Runs chapters on a package of their own: python stage.py FOLDER NOTEBOOK...

A fresh interpreter imports minigrad from FOLDER and nowhere else; each notebook's cells run in an
empty namespace. Says which cell went wrong; outputs are nbval's affair.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path


def main(folder: str, *notebooks: str) -> int:
    sys.path[0] = folder
    os.environ["MPLBACKEND"] = "agg"
    from IPython.core.interactiveshell import InteractiveShell

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        import minigrad
    if said.getvalue():
        print(f"import minigrad printed {said.getvalue()!r}")
        return 1
    if Path(str(minigrad.__file__)).parents[1] != Path(folder):
        print(f"minigrad came from {minigrad.__file__}")
        return 1
    shell = InteractiveShell.instance()
    shell.colors = "nocolor"
    # A chapter enters its own functions into these; the next one starts on the package again.
    tables = [
        getattr(sys.modules[f"minigrad.{module}"], name)
        for module, name in (("engine", "rules"), ("protocol", "spelled"), ("products", "products"))
        if hasattr(sys.modules.get(f"minigrad.{module}"), name)
    ]
    kept = [dict(table) for table in tables]
    for notebook in notebooks:
        shell.reset(new_session=False)
        for table, entries in zip(tables, kept, strict=True):
            table.clear()
            table.update(entries)
        for number, cell in enumerate(json.loads(Path(notebook).read_text("utf-8"))["cells"]):
            if cell["cell_type"] != "code":
                continue
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                result = shell.run_cell("".join(cell["source"]), store_history=False)
            if result.success == ("raises-exception" in cell["metadata"].get("tags", [])):
                print(f"{Path(notebook).name}, cell {number}: success is {result.success}")
                print(said.getvalue()[-2000:])
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
