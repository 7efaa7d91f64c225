"""A day in a laboratory of three people, each by an own account: entry, search, lead, two verdicts,
a link, its trace, a report and the figures; the log says who did what and how each was known."""

from __future__ import annotations

import base64
import json
import re
import time

import pytest
from laboratory_client import (
    EXAMINER,
    HEAD,
    REVIEWER,
    TECHNICIAN,
    make_staff,
    password_of,
    running_laboratory,
)
from web_client import MATE, OTHER, QUERY, hidden_fields

from ribin.vault.vault import Vault

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("quick_passwords")]
FILES = (QUERY, MATE, "JAM-2025-0051-1")
_PATIENCE_S = 240.0


@pytest.fixture
def lab(linked, tmp_path):
    linked(tmp_path, HEAD, JAM=(OTHER,), BLZ=("BLZ-2025-0029-1",))
    with Vault.open(tmp_path / "JAM") as vault:
        make_staff(vault)
    with running_laboratory(tmp_path / "JAM", tmp_path / "network.toml") as running:
        yield running


def send(browser, content, name):
    """A file in parts, as the script of the page sends it; its key."""
    key = ""
    for at in range(0, len(content), 30_000):
        data = base64.b64encode(content[at : at + 30_000]).decode()
        said = {"id": key, "name": name, "size": str(len(content)), "at": str(at), "data": data}
        answer = browser.post("/entry/part", **said)
        assert answer.status == 200, answer.text
        key = json.loads(answer.body)["id"]
    return key


def listed(browser, exhibit, scope):
    """The list of a search, when its turn has come."""
    fields = {"exhibit": exhibit, "scope": scope, "reason": "shooting of 14 March"}
    answer = browser.post("/search", **fields)
    end = time.monotonic() + _PATIENCE_S
    while "data-progress" in answer.text:
        assert time.monotonic() < end
        time.sleep(0.1)
        (again,) = set(re.findall(r"/searching/progress(\?id=[^\"]+)", answer.text))
        answer = browser.get(f"/searching{again}")
    assert answer.status == 200, answer.text
    return answer


def test_a_day(lab, sample_dir):
    begun = len(lab.log())
    tom, ana, ben = (lab.browser(who) for who in (TECHNICIAN, EXAMINER, REVIEWER))

    # The technician enrols what came in, and corrects a place.
    for number, name in enumerate(FILES, 1):
        key = send(tom, (sample_dir / f"{name}.x3p").read_bytes(), f"{name}.x3p")
        found = json.loads(tom.get(f"/entry/found?id={key}").body)
        assert found["marks"][0]["verdict"] == "usable"
        assert ana.get(f"/draft?id={key}").status == 404  # not hers
        fields = {"exhibit": f"N{number}", "event": f"E{number}", "date": f"2026-03-1{number}"}
        done = tom.post("/draft/enrol", id=key, **fields, place="Kingstn", reason="case C 7")
        assert f"enrolled as N{number}" in done.text
    changed = tom.post("/exhibit/edit", exhibit="N1", new_place="Kingston", reason="misspelt")
    assert changed.status == 200
    assert "Kingston" in tom.get("/exhibit?name=N1").text
    refused = tom.post("/lead/open", id="x", rank="1", mark="breech_face", note="x")
    assert refused.status == 403  # before it is asked which list that is

    # The examiner searches in two scopes, looks, and takes up a lead.
    country = listed(ana, "N1", "country")
    cluster = listed(ana, "N1", "cluster")
    assert "JAM:N2" in country.text
    assert "BLZ:" in cluster.text
    candidate = ana.get(country.links("/candidate?")[0])
    assert ana.get(candidate.links("/compare")[0]).status == 200
    fields = hidden_fields(candidate.text)
    opened = ana.post("/lead/open", **fields, note="cells agree all round")
    assert "Lead JAM-L1" in re.sub(r"\s+", " ", opened.text)

    # Two verdicts, each signed; the second reviewer is shown the marks alone.
    said = {"lead": "JAM-L1", "conclusion": "identification", "examined": "items"}
    assert tom.post("/review", **said, note="x", password=password_of(TECHNICIAN)).status == 403
    unsigned = ana.post("/review", **said, note="aperture shear agrees")
    assert unsigned.status == 403
    assert "aperture shear agrees" in unsigned.text  # the form keeps its fields
    signed = ana.post(
        "/review", **said, note="aperture shear agrees", password=password_of(EXAMINER)
    )
    assert "second review due" in signed.text
    blind = ben.get("/lead?number=JAM-L1").text
    for text in ("identification</dd>", "aperture shear", "cells agree", "congruent cells"):
        assert text not in blind
    assert ben.get("/lead/marks?number=JAM-L1").status == 200
    linked = ben.post("/review", **said, note="agrees on the items", password=password_of(REVIEWER))
    assert "confirmed link" in linked.text

    # Its trace, a report, the figures.
    assert "N2" in ana.get("/trace?exhibit=N1").text
    report = ana.post("/lead/report", lead="JAM-L1", case_number="C 7", question="How far?")
    assert (report.status, "C 7" in report.text) == (200, True)
    figures = tom.get("/statistics").text
    month = lab.log()[-1].at[:7]
    (row,) = re.findall(rf'<th scope="row"[^>]*>{month}</th>(.*?)</tr>', figures, re.S)
    assert re.findall(r">(\d+)</td>", row) == ["4", "2", "0", "1", "2", "1", "0"]

    # Who did what, and how each was known.
    rows = lab.log()[begun:]
    assert {row.who for row in rows} == {EXAMINER, REVIEWER, TECHNICIAN}
    assert all(row.identity.startswith("account, ") for row in rows), rows
    by = {action: {row.who for row in rows if row.action == action} for action in ("enrol", "edit")}
    assert by == {"enrol": {TECHNICIAN}, "edit": {TECHNICIAN}}
    verdicts = [(row.who, "signed off" in row.identity) for row in rows if row.action == "review"]
    assert verdicts == [(EXAMINER, True), (REVIEWER, True)]
    head = lab.browser(HEAD)
    assert "signed off" in head.get("/audit?action=review").text
    with Vault.open(lab.vault) as vault:
        assert vault.check().problems == ()
