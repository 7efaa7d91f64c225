"""Five people at once at a vault of 5,000 exhibits: what a page costs; memory stays flat."""

from __future__ import annotations

import gc
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from budgets import slowness
from laboratory_client import EXAMINER, HEAD, REVIEWER, TECHNICIAN, make_staff, running_laboratory
from loadtest import LoadedMark, _exhibit, load_marks
from web_client import record_long_list

from ribin.cases.exhibits import Row
from ribin.cases.leads import ExhibitRef
from ribin.model import MarkType
from ribin.params.defaults import DEFAULT_PARAMS
from ribin.services.enrol import EnrolOptions, enrol_rows
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session
from ribin.vault.vault import Vault

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_passwords")]
EXHIBITS = 5000
PAGES = (
    *("/", "/exhibits", "/exhibits?page=49&kind=evidence", "/leads", "/searches", "/entry"),
    *("/statistics", "/audit", "/people", "/vault", "/account"),
)
SCANS = ("JAM-2026-0007-1", "JAM-2025-0038-1")  # enrolled; of the others there are no files
OF_ONE = (
    f"/exhibit?name={SCANS[0]}",
    f"/redo?exhibit={SCANS[0]}",
    "/list?id={list}",
    "/list?id={list}&scores=hidden",
    "/candidate?id={list}&mark=breech_face&rank=399",
)
DEAREST_S = 0.15  # of one page, in seconds of one quiet core: what a person takes for at once
_STATM = "/proc/self/statm"


@pytest.fixture(scope="module")
def folder(sample_dir, tmp_path_factory, quick_passwords):
    made = tmp_path_factory.mktemp("load") / "JAM"
    Vault.create(made, "JAM", who=HEAD).close()
    rows = [
        Row(sample_dir / f"{name}.x3p", "JAM", {"event": f"E-{name}", "exhibit": name})
        for name in SCANS
    ]
    assert not enrol_rows(rows, EnrolOptions(DEFAULT_PARAMS, HEAD, vault=made)).failed
    with Vault.open(made) as vault:
        load_marks(
            vault,
            [
                LoadedMark(
                    _exhibit(number, "JAM"),
                    MarkType.BREECH_FACE,
                    25.0,
                    "0123456789ab",
                    hashlib.sha256(str(number).encode()).hexdigest(),
                )
                for number in range(EXHIBITS)
            ],
        )
        make_staff(vault)
    return made


@pytest.fixture(scope="module")
def long_list(folder):
    """The number of a list of 400 exhibits of the vault."""
    with Session.open(folder, None, DEFAULT_PARAMS, 1) as session:
        options = SearchOptions(HEAD, full=True)
        made = search_for(session, ExhibitRef("JAM", SCANS[0]), options)
        names = [name for name in session.vault.exhibits() if name not in SCANS][:400]
        return record_long_list(session, made.lists.search, HEAD, names)


@pytest.fixture(scope="module")
def lab(folder):
    with running_laboratory(folder) as running:
        yield running


@pytest.mark.parametrize("path", [*PAGES, *OF_ONE])
def test_a_page_costs_little(lab, long_list, path):
    browser, path = lab.browser(HEAD), path.format(list=long_list)
    browser.get(path)
    costs = []
    gc.collect()
    gc.freeze()  # what other tests left is not gone through again and again
    for _ in range(5):
        begun = time.process_time()  # of the server, and of the little that asks it
        assert browser.get(path).status == 200
        costs.append(time.process_time() - begun)
    gc.unfreeze()
    assert min(costs) < DEAREST_S * slowness()


def memory_mb() -> float:
    gc.collect()
    return int(Path(_STATM).read_text().split()[1]) * 4096 / 1e6


@pytest.mark.skipif(not Path(_STATM).exists(), reason="no /proc on this system")
def test_five_people_at_once_are_served_and_memory_stays_flat(lab):
    people = (HEAD, EXAMINER, REVIEWER, TECHNICIAN, EXAMINER)
    browsers = [lab.browser(who, address=f"10.0.9.{n}") for n, who in enumerate(people)]

    def work(number: int) -> set[int]:
        browser = browsers[number % len(browsers)]
        return {browser.get(path).status for path in PAGES if path != "/audit"}

    def ask(rounds: int) -> None:
        with ThreadPoolExecutor(len(browsers)) as pool:
            for statuses in pool.map(work, range(rounds * len(browsers))):
                assert statuses == {200}

    ask(6)  # caches and threads
    before = memory_mb()
    ask(20)  # 1,000 requests
    assert memory_mb() - before < 20.0
    # Nobody's page was given to another.
    for browser, who in zip(browsers, people, strict=True):
        assert who in browser.get("/account").text
