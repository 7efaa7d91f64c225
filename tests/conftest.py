"""What tests share: real scans where they are, the sample data, and `ribin` as a function."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"


MEMORY = Path("/dev/shm")  # where Linux keeps files in memory
ROOM = 2 << 30  # bytes that must be free there


def pytest_configure() -> None:
    """Keep temporary folders in memory where there is room: a vault syncs all that it writes."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not REAL_DATA.is_dir():
        absent = pytest.mark.skip(reason="the real scans are not in ../shared/data")
        for item in items:
            if item.get_closest_marker("realdata"):
                item.add_marker(absent)


COUNTS = pytest.StashKey[list[str]]()


@pytest.fixture
def counted(pytestconfig) -> Callable[[str], None]:
    """Takes what a fault run counted: kills, flips, refusals; the end of the run shows it."""
    return pytestconfig.stash.setdefault(COUNTS, []).append


def pytest_terminal_summary(terminalreporter, config) -> None:
    if counts := config.stash.get(COUNTS, []):
        terminalreporter.section("what fault runs counted")
        for text in counts:
            terminalreporter.line(text)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real scans; only for tests that carry the marker `realdata`."""
    return REAL_DATA


@pytest.fixture(scope="session")
def fadul_dir() -> Path:
    """The 40 Fadul scans and their labels.csv; only for tests with the marker `realdata`."""
    return REAL_DATA / "fadul"


@pytest.fixture(scope="session")
def sample_dir() -> Path:
    """The project's own synthetic scans."""
    return ROOT / "sample_data"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def ribin(capsys, monkeypatch):
    """Run a command in this process, as `ribin ARGS` would; environment variables do not leak."""
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    monkeypatch.delenv("RIBIN_VAULT", raising=False)
    monkeypatch.delenv("RIBIN_NETWORK", raising=False)
    monkeypatch.delenv("RIBIN_USER", raising=False)

    def ran(*args: object) -> Ran:
        capsys.readouterr()
        code = run(app, [str(a) for a in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


@pytest.fixture
def plain_correlator(monkeypatch):
    """Searches compare coarse vectors and nothing else: small made-up templates will do."""
    from search_makers import fake_compare_many, fake_moves, fake_sketch

    monkeypatch.setattr("ribin.search.compare.compare_many", fake_compare_many)
    monkeypatch.setattr("ribin.search.index.sketch_mark", fake_sketch)
    monkeypatch.setattr("ribin.search.shortlist.moved_sketches", fake_moves)
