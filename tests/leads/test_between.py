"""A process killed between the commits of two vaults leaves a step at one side; sync repairs it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lead_makers import EXAMINER, SECOND, THIRD, exhibit_ref, make_member, make_network

from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.leads.merge import sync_leads
from ribin.leads.steps import confirm_lead, give_review, take_up_lead
from ribin.services.leads import announce_received
from ribin.vault.leads import read_leads
from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault

# The own vault is committed first, and the process ends before the other member is told: nobody but
# the own audit log can vouch for what was done here.
WORKER = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_network
from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.leads.steps import confirm_lead, give_review, take_up_lead, withdraw_link
from ribin.vault.catalogue import Catalogue
from ribin.vault.vault import Vault
folder, code, step, first = Path(sys.argv[2]), *sys.argv[3:6]
writing, commits = Catalogue.writing, []
@contextmanager
def killed_after_one(catalogue):
    with writing(catalogue) as db:
        yield db
    if catalogue.path.parent.name != code:  # who was asked logs it
        return
    commits.append(catalogue.path.parent.name)
    print(*commits, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
network = make_network(folder, "BLZ", "JAM")
with Vault.open(folder / code) as vault:
    Catalogue.writing = killed_after_one
    if step == "lead":
        pair = exhibit_ref("JAM:JAM-1"), exhibit_ref("BLZ:" + first)
        take_up_lead(vault, network, *pair, who=EXAMINER, note="n")
    elif step == "withdrawal":
        withdraw_link(vault, network, "JAM-BLZ-L1", who=EXAMINER, reason="mixed up")
    elif step == "confirmation":
        confirm_lead(vault, network, "JAM-BLZ-L1", who=EXAMINER, note="n")
    else:
        verdict = (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
        who = {"first": EXAMINER, "second": SECOND}[step]
        give_review(vault, network, "JAM-BLZ-L1", *verdict, who=who, note="n")
"""


def entries(folder: Path, code: str) -> tuple[int, int, int, int]:
    """Leads, verdicts, links and withdrawals of a vault, which must be sound."""
    with Vault.open(folder / code) as vault:
        assert vault.check().problems == ()
        with vault.catalogue.reading() as db:
            files = read_leads(db)
    given = sum(len(file.reviews) for file in files)
    ends = [(file.link is not None, file.withdrawal is not None) for file in files]
    return len(files), given, sum(link for link, _ in ends), sum(end for _, end in ends)


def go_on_to(step: str, folder: Path, opaque: str) -> None:
    """Everything that comes before a step, at both sides."""
    network = make_network(folder, "BLZ", "JAM")
    with Vault.open(folder / "JAM") as vault:
        if step == "lead":
            return
        pair = exhibit_ref("JAM:JAM-1"), exhibit_ref(f"BLZ:{opaque}")
        take_up_lead(vault, network, *pair, who=EXAMINER, note="n")
        for who in {"first": (), "second": (EXAMINER,)}.get(step, (EXAMINER, THIRD)):
            verdict = (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
            give_review(vault, network, "JAM-BLZ-L1", *verdict, who=who, note="n")
    if step == "withdrawal":
        with Vault.open(folder / "BLZ") as vault:
            confirm_lead(vault, network, "JAM-BLZ-L1", who=EXAMINER, note="n")


WANTED = {"lead": (1, 0, 0, 0), "first": (1, 1, 0, 0), "second": (1, 2, 1, 0),
          "confirmation": (1, 2, 1, 0), "withdrawal": (1, 2, 1, 1)}  # fmt: skip


@pytest.mark.parametrize("step", WANTED)
def test_killed_between_the_two_commits(tmp_path, step):
    folder = tmp_path / "made"
    folder.mkdir()
    killed_in(folder, step)
    for mender in ("JAM", "BLZ"):  # either side may be the one that mends
        shutil.copytree(folder, tmp_path / mender)
        mend(tmp_path / mender, step, mender)


def killed_in(folder: Path, step: str) -> None:
    """Two vaults of which one alone has the step."""
    acting = "JAM" if step in ("lead", "first") else "BLZ"
    for code in ("JAM", "BLZ"):
        make_member(folder, code, 1).close()
    with Vault.open(folder / "BLZ") as vault:
        opaque = pseudonyms(vault, ["BLZ-1"])["BLZ-1"]
    go_on_to(step, folder, opaque)
    before = entries(folder, "JAM")
    words = [str(Path(__file__).parents[1]), str(folder), acting, step, opaque]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    (committed,) = done.stdout.split()
    (other,) = {"JAM", "BLZ"} - {committed}
    assert committed == acting
    # The content of the first verdict comes when the second one was told, and with it the link.
    done_alone = (1, 2, 0, 0) if step == "second" else WANTED[step]
    assert entries(folder, committed) == done_alone
    assert entries(folder, other) == before != WANTED[step]


def mend(folder: Path, step: str, mender: str) -> None:
    """One side brings the step to the other, and both tell their country."""
    network = make_network(folder, "BLZ", "JAM")
    with Vault.open(folder / mender) as vault:
        carried, notes = sync_leads(vault, network, who=SECOND)
        told = announce_received(vault, network, SECOND)
        assert (carried > 0, notes) == (True, ())
        assert sync_leads(vault, network, who=SECOND) == (0, ())
        assert announce_received(vault, network, SECOND) == []
    assert entries(folder, "JAM") == entries(folder, "BLZ") == WANTED[step]
    # each country's own side has written its own of every link and end, when it came to know them
    assert all(one.written for one in told)
    for code in ("JAM", "BLZ"):
        assert len(list((folder / code).glob("notices/*.json"))) == sum(WANTED[step][2:])
