"""What tests share: real scans where they are, the sample data, and `ribin` as a function."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

# No test, and no program that one starts, reads the settings of the person at this machine.
os.environ["RIBIN_SETTINGS"] = os.devnull

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


@pytest.fixture
def counted(record_property) -> Callable[[str], None]:
    """Takes what a fault run counted: kills, flips, refusals; the end of the run shows it."""
    return lambda text: record_property("counted", text)


def pytest_terminal_summary(terminalreporter) -> None:
    reports = (one for kind in ("passed", "failed") for one in terminalreporter.getreports(kind))
    properties = [pair for one in reports if one.when == "call" for pair in one.user_properties]
    counts = [text for name, text in properties if name == "counted"]
    if counts:
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
    monkeypatch.delenv("RIBIN_PARAMS", raising=False)
    monkeypatch.delenv("RIBIN_USER", raising=False)

    def ran(*args: object) -> Ran:
        capsys.readouterr()
        code = run(app, [str(a) for a in args])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


@pytest.fixture(scope="session")
def linked(sample_dir, tmp_path_factory) -> Callable[..., Path]:
    """Make members of one cluster that hold these sample scans; gives their network.toml.

    `linked(folder, JAM=("JAM-2026-0007-1",), BLZ=())` shares each exhibit with the cluster. Its
    name is that of the scan, its event E- and that name. A vault is made once and copied.
    """
    from ribin.commands.app import app
    from ribin.commands.terminal import run

    made: dict[tuple[str, tuple[str, ...], str], Path] = {}

    def vault_of(code: str, names: tuple[str, ...], who: str) -> Path:
        if (code, names, who) not in made:
            vault = tmp_path_factory.mktemp("linked") / code
            by = ["--who", who]
            assert run(app, ["init", str(vault), "--member", code, *by]) == 0
            for name in names:
                fields = ["--event", f"E-{name}", "--exhibit", name, "--sharing", "cluster"]
                file, place = str(sample_dir / f"{name}.x3p"), ["--vault", str(vault)]
                assert run(app, ["enrol", file, *fields, *place, *by]) == 0
            made[code, names, who] = vault
        return made[code, names, who]

    def make(folder: Path, who: str = "me", **held: tuple[str, ...]) -> Path:
        for code, names in held.items():
            shutil.copytree(vault_of(code, names, who), folder / code)
        sections = [f'[members.{code}]\nvault = "{code}"\n' for code in held]
        codes = ", ".join(f'"{code}"' for code in held)
        file = folder / "network.toml"
        file.write_text("".join(sections) + f"[clusters]\nlinked = [{codes}]\n", encoding="utf-8")
        return file

    return make


@pytest.fixture(scope="session")
def self_tested():
    """What the self test of the doctor measures on this machine; it takes a second or two."""
    from ribin.services.doctor import _three_cases

    return _three_cases()


@pytest.fixture
def templates_read(monkeypatch):
    """Ids of the marks whose templates are read from scan files from now on."""
    from ribin.vault.vault import Vault

    read: list[int] = []
    real = Vault.template

    def noted(self, mark):
        read.append(mark.mark_id)
        return real(self, mark)

    monkeypatch.setattr(Vault, "template", noted)
    return read


@pytest.fixture
def plain_correlator(monkeypatch):
    """Searches compare coarse vectors and nothing else: small made-up templates will do."""
    from search_makers import fake_compare_many, fake_moves, fake_sketch

    for place in ("services.replies", "exchange.looks"):  # real templates are tested elsewhere
        monkeypatch.setattr(f"ribin.{place}.check_described", lambda arrays, where: None)
    monkeypatch.setattr("ribin.search.compare.compare_many", fake_compare_many)
    monkeypatch.setattr("ribin.search.compare.look_again", lambda *_: None)
    monkeypatch.setattr("ribin.search.index.sketch_mark", fake_sketch)
    monkeypatch.setattr("ribin.search.shortlist.moved_sketches", fake_moves)


class Login:
    """Calling it sets the login, the account and the machine of whoever acts from then on."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch

    def __call__(self, login, account="", host="session"):
        """An account of no name is that of the login."""
        self._monkeypatch.setattr("getpass.getuser", lambda: login)
        self._monkeypatch.setattr("ribin.cases.leads.account_name", lambda: account or login)
        self._monkeypatch.setattr("socket.gethostname", lambda: host)


@pytest.fixture
def login(monkeypatch):
    return Login(monkeypatch)
