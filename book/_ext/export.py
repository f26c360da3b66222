"""Export: turns the marked cells of the chapters into the package.

A code cell whose first line is `#| export minigrad/engine.py` goes into that module. Cells are
joined in the order of `_toc.yml`; their imports are gathered at the top; nothing else is changed.

    python book/_ext/export.py                      write minigrad/
    python book/_ext/export.py --check              say whether minigrad/ is what the chapters say
    python book/_ext/export.py --until 4 --to DIR   write DIR/minigrad as of the end of chapter 4
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"#\|\s*export\s+minigrad/([\w/]+\.py)\s*(?:\n|$)")
LONGEST = 25  # lines of a cell, blank ones aside


class ExportError(Exception):
    """A chapter that cannot be exported; the message names the cell."""


@dataclass
class Cell:
    """One exported cell: where it stands, its module, and its code without the mark."""

    path: str
    title: str
    number: int
    module: str
    code: str
    imports: list[str] = field(default_factory=list)
    typing_imports: list[str] = field(default_factory=list)
    body: str = ""

    @property
    def place(self) -> str:
        return f"{self.path}, cell {self.number}"


def chapters(until: int | None = None) -> list[Path]:
    """The notebooks in the order of _toc.yml; `until` leaves out chapters of a higher number."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    entries = [{"file": toc["root"]}, *toc.get("chapters", [])]
    entries += [entry for part in toc.get("parts", []) for entry in part["chapters"]]
    files = [ROOT / f"{entry['file']}.ipynb" for entry in entries]
    return [f for f in files if f.exists() and (until is None or chapter_number(f) <= until)]


def chapter_number(path: Path) -> int:
    """03_matvec.ipynb is chapter 3; a file without a number is chapter 0."""
    head = path.stem.split("_")[0]
    return int(head) if head.isdigit() else 0


def exported_cells(path: Path) -> list[Cell]:
    """The marked cells of one notebook, each split into imports and the rest."""
    cells, title, name = [], path.stem, path.relative_to(ROOT).as_posix()
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and title == path.stem and source.startswith("# "):
            title = source.split("\n")[0][2:].strip()
        mark = MARK.match(source)
        if cell["cell_type"] != "code" or not mark:
            continue
        found = Cell(name, title, number, mark[1], source[mark.end() :])
        if sum(bool(line.strip()) for line in source.split("\n")) > LONGEST:
            raise ExportError(f"{found.place}: longer than {LONGEST} lines; make two cells of it")
        split(found)
        cells.append(found)
    return cells


def split(cell: Cell) -> None:
    """Take the imports at the top level out of a cell; an import of its own module is dropped."""
    lines = cell.code.split("\n")
    try:
        statements = ast.parse(cell.code).body
    except SyntaxError as error:
        raise ExportError(f"{cell.place}: {error}") from None
    own = dotted(cell.module)
    for node in reversed(statements):
        first, last = node.lineno - 1, node.end_lineno or node.lineno
        text = "\n".join(lines[first:last])
        if isinstance(node, ast.Import | ast.ImportFrom):
            if not (isinstance(node, ast.ImportFrom) and node.module == own):
                cell.imports.insert(0, text)
            del lines[first:last]
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            cell.typing_imports.insert(0, "\n".join(lines[first + 1 : last]))
            del lines[first:last]
    cell.body = "\n".join(lines).strip("\n")


def dotted(module: str) -> str:
    """nn/functional.py is minigrad.nn.functional, nn/__init__.py is minigrad.nn."""
    return ".".join(
        ["minigrad", *module.removesuffix(".py").removesuffix("__init__").split("/")]
    ).rstrip(".")


def refuse_duplicates(cells: list[Cell]) -> None:
    """A name is defined in one cell of its module (overloads may share that cell)."""
    seen: dict[tuple[str, str], Cell] = {}
    for cell in cells:
        for node in ast.parse(cell.body).body:
            names = [getattr(node, "name", "")]
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            for name in filter(None, names):
                first = seen.setdefault((cell.module, name), cell)
                if first is not cell:
                    raise ExportError(f"{cell.place}: {name} is defined in {first.place} already")


def joined(cells: list[Cell]) -> str:
    """The text of one module: origin, docstring, imports, then the cells chapter by chapter."""
    paths = list(dict.fromkeys(cell.path for cell in cells))
    origin = f"Exported from {', '.join(paths)}: change it there, not here."
    parts = [textwrap.fill(origin, 100, initial_indent="# ", subsequent_indent="# ")]
    docstring, rest = cells[0].body, cells
    if re.match(r'r?"""', docstring) and not ast.parse(docstring).body[1:]:
        parts[0] += "\n" + docstring
        rest = cells[1:]
    parts.append("\n".join(line for cell in cells for line in cell.imports))
    typing_imports = [line for cell in cells for line in cell.typing_imports]
    if typing_imports:
        parts.append("if TYPE_CHECKING:\n" + "\n".join(typing_imports))
    for path in paths:
        mine = [cell for cell in rest if cell.path == path and cell.body]
        if mine and len(paths) > 1:
            parts.append(f"# --- {path}: {mine[0].title}")
        parts += [cell.body for cell in mine]
    return "\n\n\n".join(parts) + "\n"


def ruff(*arguments: str) -> None:
    config = str(ROOT / "pyproject.toml")
    subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--quiet", "--config", config], check=True
    )


def build(until: int | None = None) -> dict[str, str]:
    """File name -> text of the package, as of the end of chapter `until` (of the book if None)."""
    cells = [cell for path in chapters(until) for cell in exported_cells(path)]
    refuse_duplicates(cells)
    modules: dict[str, list[Cell]] = {}
    for cell in cells:
        modules.setdefault(cell.module, []).append(cell)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "minigrad"
        for name, its_cells in modules.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(joined(its_cells), encoding="utf-8")
        ruff("check", "--select", "I", "--fix", str(folder))
        ruff("format", str(folder))
        package = {name: (folder / name).read_text(encoding="utf-8") for name in sorted(modules)}
    for name, its_cells in modules.items():
        refuse_changes(package[name], its_cells)
    return {**package, "py.typed": ""}


def refuse_changes(text: str, cells: list[Cell]) -> None:
    """Every cell stands in its module word for word, in order; otherwise it was not formatted."""
    end = 0
    for cell in cells:
        start = text.find(cell.body, end)
        if start < 0:
            raise ExportError(f"{cell.place}: not formatted; run book/_ext/run.py on the chapter")
        end = start + len(cell.body)


def differences(package: dict[str, str], folder: Path) -> list[str]:
    """What keeps the files in `folder` from being the package, as lines of a diff."""
    lines: list[str] = []
    for name in sorted(package.keys() | {name_in(folder, path) for path in written(folder)}):
        path = folder / name
        old = path.read_bytes().decode() if path.exists() else ""
        new = package.get(name, "")
        lines += difflib.unified_diff(
            old.splitlines(),
            new.splitlines(),
            f"minigrad/{name}",
            f"exported {name}",
            "",
            "",
            1,
            "",
        )
        if path.exists() != (name in package):
            lines.append(f"minigrad/{name}: {'not exported' if path.exists() else 'missing'}")
    return lines


def written(folder: Path) -> list[Path]:
    return [*folder.rglob("*.py"), *folder.glob("py.typed")]


def name_in(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def write(package: dict[str, str], folder: Path) -> None:
    """Write the package, and remove modules that no chapter exports any more."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in written(folder):
        if name_in(folder, path) not in package:
            path.unlink()
    for name, text in package.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())


def main() -> int:
    parser = argparse.ArgumentParser(description="Turn the marked cells into minigrad/.")
    parser.add_argument("--check", action="store_true", help="only say what differs")
    parser.add_argument("--until", type=int, metavar="K", help="chapters 1 to K only")
    parser.add_argument("--to", type=Path, default=ROOT, metavar="DIR", help="write DIR/minigrad")
    options = parser.parse_args()
    if options.until is not None and options.to == ROOT:
        parser.error("--until needs --to: the package in the repository is that of the whole book")
    try:
        package = build(options.until)
    except ExportError as error:
        print(error, file=sys.stderr)
        return 1
    folder = options.to / "minigrad"
    if not options.check:
        write(package, folder)
        return 0
    lines = differences(package, folder)
    print("\n".join(lines[:60]) or "minigrad/ is what the chapters say")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
