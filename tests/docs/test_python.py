"""`docs/python.md` runs as it stands, and has every command."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from pkgutil import resolve_name

import pytest
from command_list import commands

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
LEFT_OUT = {"ribin completion", "ribin synth gallery"}  # theirs alone


@pytest.mark.slow
def test_the_code_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "sample_data", "sample_data")
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    assert len(blocks) > 4
    exec(compile("\n".join(blocks), "docs/python.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "3 enrolled, 0 refused" in printed
    assert "6 pairs, 2 of them of one firearm" in printed
    for name in ("pair.png", "pair.html", "report.html", "list.html"):
        assert Path(name).stat().st_size > 1000


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(ribin\.[\w.]+)`", PAGE))))
def test_what_the_table_names_is_there(name):
    assert resolve_name(name) is not None


def test_every_command_is_on_the_page():
    named = set(re.findall(r"ribin [a-z][a-z -]*[a-z]", PAGE))
    lacking = {name for name, _ in commands()} - LEFT_OUT
    assert {name for name in lacking if not any(one.startswith(name) for one in named)} == set()
