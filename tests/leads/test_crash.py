"""Killed in the middle of a step, both vaults keep what was acknowledged; they can be joined."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lead_makers import EXAMINER, as_both_have_it, make_member, make_network

from ribin.leads.merge import sync_leads
from ribin.vault.leads import read_leads
from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault

WORKER = """
import sys
from itertools import product
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_network
from ribin.errors import RibinError
from ribin.cases.leads import Conclusion, ReviewBasis
from ribin.leads.steps import take_up_lead
from ribin.leads.steps import give_review
from ribin.vault.vault import Vault
network = make_network(Path(sys.argv[2]), "BLZ", "JAM")
verdict = (Conclusion.IDENTIFICATION, ReviewBasis.ITEMS)
with Vault.open(Path(sys.argv[2]) / "JAM") as vault:
    for own, other in product(range(1, 7), sys.argv[3:]):
        pair = (exhibit_ref(f"JAM:JAM-{own}"), exhibit_ref(f"BLZ:{other}"))
        try:
            step = take_up_lead(vault, network, *pair, who=EXAMINER, note="n")
            print(step.history.lead.lead, 0, flush=True)
            for count, who in enumerate((EXAMINER, SECOND), start=1):
                lead = step.history.lead.lead
                step = give_review(vault, network, lead, *verdict, who=who, note="n")
                print(lead, count, flush=True)
        except RibinError:
            continue  # the pair has a lead already
"""


@pytest.mark.parametrize("kills", [1, pytest.param(6, marks=pytest.mark.slow)])
def test_killed_in_the_middle_of_a_step(tmp_path, counted, kills):
    for code in ("JAM", "BLZ"):
        make_member(tmp_path, code, 6).close()
    network = make_network(tmp_path, "BLZ", "JAM")
    with Vault.open(tmp_path / "BLZ") as vault:
        names = list(pseudonyms(vault, vault.exhibits()).values())
    command = [sys.executable, "-c", WORKER, str(Path(__file__).parents[1]), str(tmp_path), *names]
    rng = random.Random(5)
    acknowledged: set[tuple[str, int]] = set()
    apart = 0
    for kill in range(kills):
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(1 + rng.randrange(4))]
        time.sleep(rng.uniform(0, 0.03))
        worker.kill()
        lines += worker.communicate()[0].splitlines(keepends=True)
        acknowledged |= {
            (line.split()[0], int(line.split()[1])) for line in lines if line.endswith("\n")
        }
        files = {}
        for code in ("JAM", "BLZ"):
            with Vault.open(tmp_path / code) as vault:
                assert vault.check().problems == (), (kill, code)
                with vault.catalogue.reading() as db:
                    files[code] = read_leads(db)
        there = {(f.lead.lead, n) for f in files["JAM"] for n in range(len(f.reviews) + 1)}
        assert acknowledged <= there
        apart += files["JAM"] != files["BLZ"]
        with Vault.open(tmp_path / "JAM") as vault:
            sync_leads(vault, network, who=EXAMINER)
            with vault.catalogue.reading() as db:
                files["JAM"] = read_leads(db)
        with Vault.open(tmp_path / "BLZ") as vault, vault.catalogue.reading() as db:
            now = [as_both_have_it(file) for file in read_leads(db)]
        assert now == [as_both_have_it(file) for file in files["JAM"]]
    assert len(acknowledged) > kills
    counted(
        f"{kills} kills: {len(acknowledged)} steps acknowledged, none lost, {apart} times apart"
    )
