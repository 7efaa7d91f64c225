"""The folder list is the architecture: imports point down, and few files know a library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From top to bottom. A floor imports only what stands on lower floors, never its neighbours.
FLOORS = (
    ("__init__", "__main__"),
    ("commands",),
    ("web", "node"),
    ("services",),
    ("leads",),
    ("evaluate", "export", "search"),
    ("exchange",),
    ("pipeline", "view"),
    ("report", "vault"),
    ("read", "extract", "describe", "correlate", "decide", "synth"),
    ("cases", "crypto"),
    ("comparison",),
    ("params",),
    ("surface",),
    ("model", "workers"),
    ("foreign", "input_file", "connections"),
    ("text",),
    ("errors", "_version"),
)
FLOOR = {place: len(FLOORS) - number for number, places in enumerate(FLOORS) for place in places}
# A library, and the only folders ("/") and files that may import it.
ONLY_IN = {
    "argon2": ("crypto/passwords.py",),
    "click": ("commands/",),
    "csv": ("cases/csv_files.py",),
    "cryptography": ("crypto/",),
    "cv2": ("surface/", "read/raster.py", "extract/", "report/", "view/"),
    "distributed": ("services/cluster.py",),
    "h5py": ("vault/", "search/index.py"),
    "imagecodecs": ("read/image.py",),
    "jinja2": ("view/", "web/"),
    "llvmlite": ("surface/simd/",),
    "matplotlib": ("evaluate/report.py", "report/"),
    "numba": ("surface/",),
    "reportlab": ("report/",),
    "platformdirs": ("commands/settings.py",),
    "rich": ("report/table.py",),
    "sqlite3": ("vault/",),
    "starlette": ("web/", "node/"),
    "tifffile": ("read/tiff.py",),
    "uvicorn": ("web/", "node/", "connections.py"),
    "urllib3": ("exchange/node_client.py",),
    "x3pio": ("read/", "synth/", "export/scanfolder.py"),
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "core", "common", "misc"}


def imports(path: Path, package_root: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, also inside functions and by `import_module`; the line."""
    parents = ["ribin", *path.relative_to(package_root).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from ribin import vault` and `from ribin.vault import audit` name modules too.
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Constant) and _names_a_module(node.value):
            yield str(node.value), node.lineno


def _names_a_module(value: object) -> bool:
    """Whether a constant is what `import_module` is given, at once or by a table of names."""
    text = str(value)
    return text.startswith("ribin.") and text.replace(".", "").isidentifier()


def place(module: str) -> str:
    """The folder or file of the top view that a dotted name lies in; empty for the package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else ""


def violations(package_root: Path) -> list[str]:
    """Each broken rule, as `file:line: what`."""
    found = []
    for path in sorted(package_root.rglob("*.py")):
        name = path.relative_to(package_root).as_posix()
        own = name.split("/")[0].removesuffix(".py")
        if own not in FLOOR:
            found.append(f"{name}: no floor for {own!r} in the architecture")
            continue
        vague = FORBIDDEN_NAMES.intersection(Path(name).with_suffix("").parts)
        found.extend(f"{name}: {part!r} does not name an idea" for part in sorted(vague))
        for module, line in imports(path, package_root):
            top = module.split(".")[0]
            allowed = ONLY_IN.get(top)
            if allowed and not any(
                name.startswith(a) if a.endswith("/") else name == a for a in allowed
            ):
                found.append(f"{name}:{line}: {top} is imported only in {', '.join(allowed)}")
            other = place(module) if top == "ribin" else ""
            if other and other != own and FLOOR[other] >= FLOOR[own]:
                found.append(f"{name}:{line}: {own} may not import {other}")
    return found


def class_names(package_root: Path) -> dict[str, list[str]]:
    """The files that define a class, by its name."""
    homes: dict[str, list[str]] = {}
    for path in sorted(package_root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(path.relative_to(package_root).as_posix())
    return homes


def test_imports_point_down():
    assert violations(ROOT / "ribin") == []


def test_every_place_of_the_list_is_there():
    there = {p.stem for p in (ROOT / "ribin").iterdir() if p.suffix == ".py" or p.is_dir()}
    assert set(FLOOR) - there <= {"node"}  # comes with the nodes


def test_a_class_name_means_one_thing():
    twice = {name: homes for name, homes in class_names(ROOT / "ribin").items() if len(homes) > 1}
    assert twice == {}


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("vault/vault.py", "from ribin.search import rules", "vault may not import search"),
        ("vault/vault.py", "from ribin import services", "vault may not import services"),
        ("vault/vault.py", "from ..search import engine", "vault may not import search"),
        ("read/x3p.py", "def f():\n    import ribin.commands.app", "read may not import commands"),
        ("read/x3p.py", "from ribin.extract import find", "read may not import extract"),
        ("model.py", "from ribin.params.defaults import Params", "model may not import params"),
        ("errors.py", "from ribin import _version", "errors may not import _version"),
        ("model.py", 'import_module("ribin.report.notebook")', "model may not import report"),
        ("model.py", 'HOMES = {"x": "ribin.web.app"}', "model may not import web"),
        ("read/x3p.py", "def f():\n    import cv2", "cv2 is imported only in surface/"),
        ("search/engine.py", "import h5py.h5f", "h5py is imported only in vault/"),
        ("search/index.py", "from sqlite3 import connect", "sqlite3 is imported only in vault/"),
        ("services/enrol.py", "import click", "click is imported only in commands/"),
        ("services/search.py", "import starlette", "starlette is imported only in web/, node/"),
        ("correlate/blocks.py", "from numba import njit", "numba is imported only in surface/"),
        ("vault/utils.py", "", "'utils' does not name an idea"),
        ("attic.py", "", "no floor for 'attic'"),
    ],
)
def test_the_checker_sees_a_planted_violation(tmp_path, file, text, complaint):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert complaint in "; ".join(violations(tmp_path))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("commands/enrol.py", "import click\nfrom ribin.vault.vault import Vault"),
        ("read/raster.py", "import cv2\nfrom ribin.read.pitch import f\nfrom ribin import model"),
        ("search/index.py", "import h5py\nfrom ribin.vault import vault"),
        ("read/__init__.py", "from .scan import read_scan"),
    ],
)
def test_the_checker_leaves_allowed_imports_alone(tmp_path, file, text):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert violations(tmp_path) == []
