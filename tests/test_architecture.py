"""The folder list is the architecture: who may import whom, and how files are cut."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

STAGES = (
    "read",
    "preprocess",
    "describe",
    "correlate",
    "decide",
    "store",
    "report",
    "synth",
)
# Lower number: nearer to the ground. Imports point down; stages never import each other.
LEVELS = {
    "errors": 0,
    "units": 0,
    "_jit": 0,
    "_vector": 0,
    "checked_lines": 0,
    "json_fields": 1,
    "shown": 0,
    "model": 1,
    "comparison": 2,
    "casework": 2,
    "standing": 2.5,
    "lists": 2.5,  # of casework's rows; below the stages, because report shows them
    "params_head": 1,
    "params_image": 1,
    "params_limits": 1,
    "params_search": 1,
    "params": 2,
    "manifest": 3,
    "people": 2,
    "leads": 2,
    "reading": 4,
    "params_rules": 2,
    "params_file": 3,
    "params_rotation": 3,
    "region": 2,
    "lighting": 1,
    "trace": 2,
    "gaussian": 2,
    "harmonics": 2,
    "regression": 2,
    **dict.fromkeys(STAGES, 3),
    "seal": 2,
    "comparing": 3.5,  # one pair through the stages, for pipeline
    "pipeline": 4,
    "across": 4,
    "view": 4,  # pages: of what report says, and of marks as they were read
    "search": 5,
    "review": 5.5,
    "evaluate": 5,
    "exchange": 5.5,
    "export": 5.5,
    "notices": 5.8,
    "batch": 7,
    "gallery": 7,
    "cluster": 8,
    "desk": 6,
    "web": 7,
    "commands": 9,
}
# A library, and the only files that may import it (a folder ends in "/").
ONLY_IN = {
    "click": ("commands/",),
    "cryptography": ("seal/",),
    "h5py": ("store/", "search/shard.py"),
    "sqlite3": ("store/",),
    "cv2": (
        "gaussian.py",
        "regression.py",
        "read/optical.py",
        "preprocess/",
        "report/",
        "view/thumbnail.py",
    ),
    "matplotlib": ("evaluate/pictures.py", "report/score_plot.py"),
    "reportlab": ("report/",),
    "starlette": ("web/",),
    "uvicorn": ("web/",),
    "numba": ("_jit.py", "_vector/"),
    "llvmlite": ("_vector/",),
    "jinja2": ("view/", "web/"),
    "x3pio": ("read/", "synth/", "export/surfaces.py"),
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "core", "common", "misc"}
LONGEST_FILE = 200
LONGER_FILES: dict[str, str] = {}  # path below ribin/ -> why it may be longer
LONGEST_COMMAND = 15


def imports(path: Path, package_root: Path) -> Iterator[tuple[str, int]]:
    """Every module that a file imports, also inside functions, and the line."""
    parents = ["ribin", *path.relative_to(package_root).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from ribin import store` and `from ribin.vault import vault` name modules too.
            yield from ((f"{module}.{alias.name}", node.lineno) for alias in node.names)


def room(module: str) -> str:
    """The part of ribin that a dotted name lies in; empty for the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LEVELS else ""


def violations(package_root: Path) -> list[str]:
    """Each broken rule, as `file:line: what`."""
    found = []
    for path in sorted(package_root.rglob("*.py")):
        name = path.relative_to(package_root).as_posix()
        own = name.split("/")[0].removesuffix(".py")
        if own != "__init__" and own not in LEVELS:
            found.append(f"{name}: no level for {own!r} in the architecture")
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
            other = room(module) if top == "ribin" else ""
            if other and own != "__init__" and other != own and LEVELS[other] >= LEVELS[own]:
                found.append(f"{name}:{line}: {own} may not import {other}")
    return found


def test_imports_point_down():
    assert violations(ROOT / "ribin") == []


def test_files_hold_one_idea():
    lengths = {
        path.relative_to(ROOT / "ribin").as_posix(): path.read_text(encoding="utf-8").count("\n")
        for path in (ROOT / "ribin").rglob("*.py")
    }
    too_long = {name: n for name, n in lengths.items() if n > LONGEST_FILE}
    assert set(too_long) <= set(LONGER_FILES), too_long
    assert set(LONGER_FILES) <= set(too_long), "an exception that is no longer needed"


def test_commands_are_short():
    """A command parses, calls and prints; what it calls lives elsewhere."""
    for path in (ROOT / "ribin" / "commands").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and _is_command(node):
                first = node.body[1] if ast.get_docstring(node) else node.body[0]
                lines = (node.end_lineno or 0) - first.lineno + 1
                assert lines <= LONGEST_COMMAND, f"{path.name}: {node.name} has {lines} lines"


def _is_command(node: ast.FunctionDef) -> bool:
    calls = [d.func for d in node.decorator_list if isinstance(d, ast.Call)]
    return any(isinstance(c, ast.Attribute) and c.attr == "command" for c in calls)


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("store/vault.py", "from ribin.read import read_scan", "store may not import read"),
        ("store/vault.py", "from ribin import search", "store may not import search"),
        ("store/vault.py", "from ..search import engine", "store may not import search"),
        ("read/x3p.py", "def f():\n    import ribin.commands.app", "read may not import commands"),
        ("model.py", "from ribin.params.defaults import Params", "model may not import params"),
        ("errors.py", "from ribin import units", "errors may not import units"),
        ("read/x3p.py", "def f():\n    import cv2", "cv2 is imported only in gaussian.py"),
        ("search/engine.py", "import h5py.h5f", "h5py is imported only in store/"),
        ("search/index.py", "from sqlite3 import connect", "sqlite3 is imported only in store/"),
        ("batch.py", "import click", "click is imported only in commands/"),
        ("correlate/ccf.py", "from numba import njit", "numba is imported only in _jit.py"),
        ("store/utils.py", "", "'utils' does not name an idea"),
        ("attic.py", "", "no level for 'attic'"),
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
        (
            "read/optical.py",
            "import cv2\nfrom ribin.read.density import f\nfrom ribin import model",
        ),
        ("search/shard.py", "import h5py\nfrom ribin.vault import vault"),
        ("read/__init__.py", "from .dispatch import read_scan"),
    ],
)
def test_the_checker_leaves_allowed_imports_alone(tmp_path, file, text):
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert violations(tmp_path) == []
