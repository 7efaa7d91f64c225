"""Whole heads from scan file to fused list: three lists, a mate first in each, guns not copies."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from impressions import CASES, Job, made_head

from ribin.synth.write import write_x3p

pytestmark = pytest.mark.slow
MARKS = ["breech_face", "firing_pin", "ejector"]


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    """Two shots of each of three firearms of one class, and a third shot of the first."""
    folder = tmp_path_factory.mktemp("heads")
    rows = ["file,event,exhibit,kind,firearm"]
    for gun, shots in ((0, 3), (1, 2), (2, 2)):
        for shot in range(shots):
            name = f"g{gun}-s{shot}"
            scan = made_head(Job(replace(CASES[0], pitch_um=8.0), gun, shot)).scan
            write_x3p(scan, folder / f"{name}.x3p", step_um=0.05)
            if name != "g0-s0":
                rows.append(f"{name}.x3p,E-{name},{name},test_fire,W-{gun}")
    (folder / "exhibits.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def test_three_lists_one_fused_and_one_of_guns(ribin, heads, tmp_path):
    vault = tmp_path / "JAM"
    ribin("init", vault, "--member", "JAM", "--who", "me")
    asked = ("--vault", vault, "--jobs", "2", "--who", "me")
    done = ribin("batch", "enrol", heads / "exhibits.csv", *asked, "--out", tmp_path / "in.jsonl")
    assert done.out.startswith("6 items: 6 done, 0 failed")

    query = heads / "g0-s0.x3p"
    apart = json.loads(ribin("search", query, "--vault", vault, "--json").out)
    assert apart["fused"] is None  # pins and ejectors stand apart until an evaluation names them
    together = ("--vault", vault, "--fuse-all", "--json")
    found = json.loads(ribin("search", query, *together).out)
    assert [one["mark"] for one in found["lists"]] == MARKS
    for one in found["lists"]:
        assert {row["exhibit"] for row in one["candidates"][:2]} == {"g0-s1", "g0-s2"}
        counts = one["counts"]
        left_out = sum(number for _, number in counts["not_compared"])
        assert counts["eligible"] == counts["after_coarse"] == counts["compared"] + left_out == 6
    assert found["candidates"] == found["lists"][0]["candidates"]
    fused = found["fused"]["candidates"]
    assert {row["exhibit"] for row in fused[:2]} == {"g0-s1", "g0-s2"}
    assert found["fused"]["counts"]["eligible"] == 18

    guns = json.loads(ribin("search", query, *together, "--group", "firearm").out)
    assert guns["fused"]["candidates"][0]["group"] == "W-0"
    for one in guns["lists"]:
        assert one["candidates"][0]["group"] == "W-0"
        assert (
            len(one["candidates"])
            == len({row["group"] or row["exhibit"] for row in one["candidates"]})
            == 3
        )

    mark_with_article = ribin("search", query, "--vault", vault, "--mark", "firing_pin", "--plot")
    assert "marks of type" not in mark_with_article.out
    assert "largest drop" in mark_with_article.out.splitlines()[11]
