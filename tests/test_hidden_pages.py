"""The differential tester on whole scans: what another member sees on pages, in reports and
does not depend on what their owner hides. `leads/test_hidden_facts.py` does so for the rest.

Two copies of the same two vaults; in one of them Belize changes what Jamaica may not know.
"""

from __future__ import annotations

import base64
import re
import shutil
import zlib
from html import unescape

import pytest
from web_client import served

from ribin.params.defaults import DEFAULT_PARAMS
from ribin.vault.sharing import pseudonyms
from ribin.vault.vault import Vault
from ribin.web.state import ApplicationState

pytestmark = pytest.mark.slow  # a world is 4 s of reports, pages and pictures
QUERY, MATE = "JAM-2026-0007-1", "BLZ-2025-0042-1"
OTHER, HIDDEN = "BLZ-2025-0029-1", "BLZ-2025-0047-1"
WIDE = ("--scope", "cluster", "--reason", "a shooting")


class World:
    """Jamaica, who looks, and Belize, who shows two exhibits and hides one."""

    def __init__(self, folder, ribin):
        self.folder, self._ribin = folder, ribin

    def run(self, member, *words, code=0):
        done = self._ribin(*words, "--vault", self.folder / member, "--who", "me")
        assert code is None or done.code == code, done.err
        return done

    def blz(self, *words):
        return self.run("BLZ", *words, "--reason", "law")

    def name(self, exhibit):
        with Vault.open(self.folder / "BLZ", read_only=True) as vault:
            return "BLZ:" + pseudonyms(vault, [exhibit])[exhibit]


# What Belize hides.


def the_day_place_and_case(world):
    said = ("--date", "2025-06-06", "--place", "Corozal", "--case-number", "C 9/25")
    world.blz("exhibit", "edit", MATE, *said)


def another_name(world):
    world.blz("exhibit", "edit", MATE, "--name", "Pink-1")


def two_of_one_event(world):
    world.blz("exhibit", "edit", MATE, "--event", f"E-{OTHER}")


def a_wider_level(world):
    world.blz("share", MATE, "--sharing", "network")


def a_release_to_another(world):
    world.blz("release", MATE, "--to", "BRB", "--network", world.folder / "three.toml")


def what_is_of_the_country(world):
    world.blz("exhibit", "edit", HIDDEN, "--calibre", ".45 ACP")
    world.run("BLZ", "lead", "open", HIDDEN, MATE, "--note", "n")


def one_less_of_the_country(world):
    world.blz("purge", HIDDEN, "--yes")


def own_searches(world):
    world.blz("search", MATE)


FACTS = [
    the_day_place_and_case,
    another_name,
    two_of_one_event,
    a_wider_level,
    a_release_to_another,
    what_is_of_the_country,
    own_searches,
    one_less_of_the_country,
]


def everything(world):
    """All of these facts at once."""
    for fact in FACTS[:5]:
        fact(world)
    own_searches(world)
    world.blz("purge", HIDDEN, "--yes")


# What Jamaica sees of it.


def observed(world):
    """Every page, report, picture and error that Jamaica gets, by its name."""
    net, seen = ("--network", world.folder / "network.toml", *WIDE), {}
    out = world.folder / "seen"
    out.mkdir()
    drawn = ("--picture", out / "first.png", "--gallery", out / "list.html")
    seen["search"] = world.run("JAM", "search", QUERY, *net, *drawn, "--json").out
    mate, hidden = world.name(mate_now(world)), "BLZ:x-0123456789abcdef"
    pair = (QUERY, mate, *net)
    seen["compare"] = world.run("JAM", "compare", *pair, "--overlay", out / "o.png").out
    world.run("JAM", "view", *pair, "-o", out / "view.html")
    world.run("JAM", "report", *pair, "-o", out / "pair.html", "-o", out / "pair.pdf")
    of_list = ("JAM-Q1", "--pictures", "1", "--network", world.folder / "network.toml")
    world.run("JAM", "report", *of_list, "-o", out / "list_report.html", "-o", out / "list.pdf")
    for name in (hidden, world.name(HIDDEN), "BLZ:none", f"BLZ:{MATE}"):
        words = ("compare", QUERY, name, *net)
        done = world.run("JAM", *words, code=2)
        seen[f"refused {name if name == hidden else name[4:6]}"] = done.err.replace(name, "NAME")
    seen |= {path.name: content_of(path) for path in sorted(out.rglob("*")) if path.is_file()}
    seen |= pages(world)
    return {name: without_chance(world, text) for name, text in seen.items()}


def mate_now(world):
    """What Belize calls the mate now."""
    with Vault.open(world.folder / "BLZ", read_only=True) as vault:
        return vault.exhibit(MATE).exhibit


def pages(world):
    """The pages of `ribin serve`, from the form of a search to a report."""
    vault, network = world.folder / "JAM", world.folder / "network.toml"
    state = ApplicationState(vault, network, DEFAULT_PARAMS, "me")
    seen = {}
    with served(state) as client:
        client.enter()
        asked = {"exhibit": QUERY, "scope": "cluster", "reason": "a shooting"}
        found = client.post("/search", **asked)
        candidate = client.get(found.links("/candidate?")[0])
        fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', candidate.text)
        hidden = {name: unescape(value) for name, value in fields if name != "csrf"}
        report = client.post("/report", **hidden, case_number="C 7", question="How far?")
        seen["/home"], seen["/found"], seen["/candidate"] = (
            answer.text for answer in (client.get("/"), found, candidate)
        )
        seen["/compare"] = client.get(candidate.links("/compare")[0]).text
        seen["/candidate.png"] = client.get(candidate.links("/candidate.png")[0]).body.hex()
        seen["/report"] = report.text
        for text in (found, candidate, report):
            assert text.status == 200
    return seen


def content_of(path):
    content = path.read_bytes()
    if path.suffix == ".png":
        return content.hex()
    if path.suffix != ".pdf":
        return content.decode("utf-8")
    streams = re.findall(rb"stream\s+(\S+)~>\s*endstream", content)
    shown = b"".join(zlib.decompress(base64.a85decode(one)) for one in streams)
    rest = re.sub(rb"stream.*?endstream", b"", content, flags=re.S)  # sizes and places of streams
    return shown.decode("latin-1") + repr(re.sub(rb"\d+", b"#", rest))


def without_chance(world, text):
    """The text without moments, secrets of the browser, folders, and hashes that rest on moments;
    a hash is told by where it comes first, so which ones are equal is still seen."""
    text = text.replace(str(world.folder), "FOLDER")
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(\+00:00)?( UTC)?", "TIME", text)
    text = re.sub(r'("elapsed_s": )[\d.e-]+', r"\1TIME", text)
    text = re.sub(r"/[\w-]{43}(?=[/\"])|127\.0\.0\.1:\d+", "SECRET", text)
    text = re.sub(r'(name="csrf" value=|data-csrf=)"[^"]*"|([?&](amp;)?id=)[\w-]+', "SECRET", text)
    text = re.sub(r'(name="id" value=)"[^"]*"|nonce-?="?[\w+/=-]+', "SECRET", text)
    text = re.sub(r"/(ID|CreationDate|ModDate)\s*(\[.*?\]|\(.*?\))", "PDF", text, flags=re.S)
    text = re.sub(r"(search report, TIME, figures )[0-9a-f]+", r"\1", text)  # of a list, with times
    numbers: dict[str, str] = {}
    return re.sub(
        r"\b[0-9a-f]{64}\b", lambda m: numbers.setdefault(m[0], f"HASH{len(numbers)}"), text
    )


@pytest.fixture(scope="module")
def two_vaults(linked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vaults")
    linked(folder, BLZ=(MATE, OTHER, HIDDEN), JAM=(QUERY,))
    sections = "".join(f'[members.{code}]\nvault = "{code}"\n' for code in ("BLZ", "BRB", "JAM"))
    (folder / "three.toml").write_text(f'{sections}[clusters]\nlinked = ["BLZ", "BRB", "JAM"]\n')
    return folder


@pytest.fixture
def world(two_vaults, tmp_path, ribin):
    """Makes the two vaults with a fact changed."""
    made = []

    def make(fact=None):
        one = World(tmp_path / f"world{len(made)}", ribin)
        made.append(one)
        shutil.copytree(two_vaults, one.folder)
        one.blz("share", HIDDEN, "--sharing", "country")
        if fact:
            fact(one)
        return one

    return make


_USUAL: dict = {}


@pytest.fixture
def usual(world):
    """What Jamaica sees where nothing was changed; it is the same for all tests."""
    if not _USUAL:
        _USUAL.update(observed(world()))
    return _USUAL


def check_equal(got, usual):
    assert got.keys() == usual.keys()
    for name in usual:
        if got[name] != usual[name]:
            both = zip(got[name], usual[name], strict=False)
            at = next(i for i, (one, other) in enumerate(both) if one != other)
            part = slice(max(0, at - 60), at + 60)
            raise AssertionError(f"{name}: {got[name][part]!r}, usually {usual[name][part]!r}")


def test_no_page_report_or_picture_tells_a_hidden_fact(world, usual):
    check_equal(observed(world(everything)), usual)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_nor_does_it_tell_each_of_them(world, usual, fact):
    check_equal(observed(world(fact)), usual)


def test_the_tester_sees_what_is_told(world, usual):
    def told(one):
        one.blz("exhibit", "edit", MATE, "--calibre", ".45 ACP")

    got = observed(world(told))
    differing = {name for name in usual if got[name] != usual[name]}
    assert {"search", "list.html", "list_report.html", "list.pdf"} <= differing
    assert {"pair.html", "pair.pdf", "/report"} <= differing
