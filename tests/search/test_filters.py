"""Filters of a search by class fields: what passes, in whose words, and what is said of none."""

from __future__ import annotations

import dataclasses
import json

import pytest
from search_makers import PARAMS_ID, SMALL, ask, make_network, make_query, own_names, search
from vault_makers import enrol, make_exhibit, make_mark, make_scan, make_template

from ribin.cases.exhibits import CLASS_FIELDS, ClassFields, Filters, Scope
from ribin.errors import ParameterError
from ribin.model import ScanKind
from ribin.search.context import SearchContext
from ribin.search.rules import LIGHT_UNKNOWN
from ribin.vault.vault import Vault
from ribin.vault.vocabulary import state_synonym

SAID = {"who": "me", "reason": "the same"}
FIELDS = {
    "calibre": ("9x19", "9 mm Luger", ".45 ACP"),
    "firing_pin_shape": ("round", " ROUND", "rectangular"),
    "breech_face_type": ("parallel", "Parallel ", "arched"),
    "ammunition": ("CBC", "cbc", "Federal"),
    "make": ("Glock", "GLOCK", "Taurus"),
    "model": ("17", " 17", "24/7"),
}


@pytest.fixture
def network(tmp_path, plain_correlator):
    """BRB and JAM with an exhibit of either value of each field, and one of which nothing is
    known."""
    made = make_network(tmp_path, ("BRB", "JAM"), ("BRB", "JAM"))
    for code in made.members:
        with Vault.open(made.members[code].folder) as vault:
            for number, place in ((1, 0), (2, 2)):
                fields = ClassFields(**{name: FIELDS[name][place] for name in CLASS_FIELDS})
                put(vault, f"{code}-{number}", number, fields)
            put(vault, f"{code}-0", 3, ClassFields())
    return made


def put(vault, name, seed, fields):
    exhibit = dataclasses.replace(make_exhibit(name, Scope.CLUSTER), class_fields=fields)
    enrol(vault, seed, exhibit, params_id=PARAMS_ID)


def found(network, **filters):
    asked = ask("JAM", Scope.CLUSTER, filters=Filters(**filters))
    result = search(make_query(), asked, SearchContext(network, SMALL))
    assert result.counts.adds_up
    return sorted(own_names(network, result.candidates)), result.notes


@pytest.mark.parametrize("name", CLASS_FIELDS)
def test_each_class_field_is_a_filter_and_what_is_not_known_passes(network, name):
    value, spelling, other = FIELDS[name]
    for said in (value, spelling):
        names, notes = found(network, **{name: said})
        assert (names, notes) == (["BRB-0", "BRB-1", "JAM-0", "JAM-1"], ())
    assert found(network, **{name: other})[0] == ["BRB-0", "BRB-2", "JAM-0", "JAM-2"]


@pytest.mark.parametrize("name", CLASS_FIELDS[1:])
def test_a_value_that_nobody_has_is_said_with_those_there_are(network, name):
    names, notes = found(network, **{name: "none of it"})
    assert names == ["BRB-0", "JAM-0"]
    one, _, other = FIELDS[name]
    words = name.replace("_", " ")
    listed = ", ".join(f"{value} (1)" for value in sorted([one, other, "not known"]))
    assert notes == tuple(
        f"{code}: no mark of {words} none of it; there are {listed}" for code in ("BRB", "JAM")
    )


def test_many_long_values_do_not_cost_the_answer_of_their_owner(network):
    """A text that crosses a border has a length, beyond which the whole answer is refused."""
    with Vault.open(network.members["BRB"].folder) as vault:
        for number in range(10, 18):
            put(vault, f"BRB-{number}", number, ClassFields(ammunition=f"{number} " + "x" * 190))
    names, notes = found(network, ammunition="none of it")
    assert names == ["BRB-0", "JAM-0"]
    assert notes[0].startswith("BRB: no mark of ammunition none of it; there are ")
    assert notes[0].endswith(" more")


def test_the_synonyms_of_a_vault_count_in_its_searches(network):
    """Those of the owner for its own exhibits."""
    with Vault.open(network.members["JAM"].folder) as jam:
        state_synonym(jam, "ammunition", "Magtech", "CBC", **SAID)
        state_synonym(jam, "calibre", "nueve", "9 mm Luger", **SAID)
        put(jam, "JAM-3", 4, ClassFields(ammunition="Magtech", calibre="nueve"))
    names, _ = found(network, ammunition="CBC")
    assert names == ["BRB-0", "BRB-1", "JAM-0", "JAM-1", "JAM-3"]
    names, _ = found(network, ammunition="Magtech")  # BRB does not know the word
    assert names == ["BRB-0", "JAM-0", "JAM-1", "JAM-3"]
    assert "JAM-3" in found(network, calibre="9x19")[0]


def test_who_asks_says_it_in_their_own_words(network, ribin, tmp_path):
    """Another member is asked for the value that the asker's synonym stands for."""
    from ribin.services.search import in_own_words

    with Vault.open(network.members["JAM"].folder) as jam:
        state_synonym(jam, "ammunition", "Magtech", "CBC", **SAID)
        state_synonym(jam, "calibre", "nueve", "9 mm Luger", **SAID)
        asked = in_own_words(jam, Filters(calibre="nueve", ammunition=" MAGTECH", make="Glock"))
    assert (asked.calibre, asked.ammunition, asked.make) == ("9x19", "CBC", "Glock")


def test_a_photograph_of_which_no_light_is_stated_is_counted_as_not_compared(network):
    with Vault.open(network.members["JAM"].folder) as jam:
        original, scan = make_scan(9)
        lit = dataclasses.replace(scan.provenance, lighting="ring")
        scan = dataclasses.replace(scan, kind=ScanKind.IMAGE, provenance=lit)
        image = make_template(scan, params_id=PARAMS_ID)
        jam.enrol(original, scan, [make_mark(scan)], [image], make_exhibit("image"), who="me")
    for lighting, reason in (("", LIGHT_UNKNOWN), ("unknown", LIGHT_UNKNOWN), ("ring", "")):
        query = make_query()
        made = dataclasses.replace(query.provenance, lighting=lighting)
        query = dataclasses.replace(query, kind=ScanKind.IMAGE, provenance=made)
        result = search(query, ask("JAM"), SearchContext(network, SMALL))
        assert dict(result.counts.not_compared).get(reason, 0) == (1 if reason else 0)
        assert result.counts.compared == (0 if reason else 1)


def test_the_command(ribin, linked, tmp_path):
    names = ("JAM-2026-0007-1", "JAM-2026-0012-1", "JAM-2025-0038-1")
    linked(tmp_path, JAM=names)
    own = ("--vault", tmp_path / "JAM", "--who", "me")
    said = ("--firing-pin-shape", "round", "--ammunition", "CBC", "--reason", "x")
    assert ribin("exhibit", "edit", names[1], *said, *own).code == 0
    other = ("--firing-pin-shape", "rectangular", "--reason", "x")
    assert ribin("exhibit", "edit", names[2], *other, *own).code == 0
    asked = ("--firing-pin-shape", "Round", "--ammunition", "cbc", "--json")
    done = ribin("search", names[0], *asked, *own)
    found = json.loads(done.out)
    assert [row["exhibit"] for row in found["candidates"]] == [names[1]]
    assert found["request"]["filters"]["firing_pin_shape"] == "Round"
    (tmp_path / "q.csv").write_text(f"query,firing_pin_shape\nexhibit:{names[0]},rectangular\n")
    done = ribin("batch", "search", tmp_path / "q.csv", "--json", *own)
    assert done.code == 0, done.err
    (line,) = (tmp_path / "q.results.jsonl").read_text().splitlines()
    rows = json.loads(line)["result"]["candidates"]
    assert [row["exhibit"] for row in rows] == [names[2]]
    ribin("report", json.loads(ribin("search", names[0], *asked, *own).out)["search"],
          "--pictures", "0", "-o", tmp_path / "r.html", *own)  # fmt: skip
    assert "Round, and where it is not known" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("name", CLASS_FIELDS)
def test_a_filter_that_is_no_text_is_refused_in_one_line(name):
    """Whether a person wrote it or another member sent it."""
    with pytest.raises(ParameterError, match=f"filter {name.replace('_', ' ')}: a printable text"):
        Filters(**{name: "a\x1b[2J"})
