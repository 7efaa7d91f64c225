"""The list of exhibits: every filter, and a part of it that is made by names alone."""

from __future__ import annotations

import pytest
from lead_makers import EXAMINER, SECOND, exhibit_ref, make_member
from vault_makers import enrol, make_exhibit

from ribin.cases.exhibits import ExhibitKind, Scope
from ribin.errors import AccessError, ParameterError
from ribin.leads.steps import close_lead, take_up_lead
from ribin.services.corrections import correct
from ribin.services.exhibits import (
    ExhibitFilters,
    exhibits_named,
    find_exhibits,
    list_exhibits,
    show_exhibit,
)

NAMES = {"1": "JAM-1", "3": "JAM-3", "4": "JAM-4", "9": "T-9"}


@pytest.fixture
def vault(tmp_path):
    with make_member(tmp_path, "JAM", 4) as made:
        fired = make_exhibit("T-9", kind=ExhibitKind.TEST_FIRE, firearm="Glock 17, 4711")
        enrol(made, 9, fired)
        correct(made, ["JAM-2"], {"exhibit": "2-new"}, who=EXAMINER, reason="renumbered")
        for one, other in ("13", "49", "13"):
            pair = [exhibit_ref(f"JAM:{NAMES[n]}") for n in (one, other)]
            lead = take_up_lead(made, None, *pair, who=EXAMINER, note="alike").history.lead.lead
            if lead != "JAM-L3":
                close_lead(made, None, lead, who=EXAMINER, reason="by mistake")
        yield made


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, "2-new JAM-1 JAM-3 JAM-4 T-9"),
        ({"text": "jam-2"}, "2-new"),  # the name that it had
        ({"text": "glock 4711"}, "T-9"),
        ({"text": "glock jam"}, ""),
        ({"event": "e-jam-3"}, "JAM-3"),
        ({"firearm": "4711"}, "T-9"),
        ({"calibre": "9 mm Luger"}, "2-new JAM-1 JAM-3 JAM-4"),
        ({"kind": ExhibitKind.TEST_FIRE}, "T-9"),
        ({"sharing": Scope.COUNTRY}, "T-9"),
        ({"date_from": "2025-02-10", "date_to": "2025-03-31"}, "2-new JAM-3"),
        ({"date_to": "2025-01-31"}, "JAM-1"),  # T-9 is of no known day
        ({"verdict": "usable"}, ""),
        ({"in_lead": True}, "JAM-1 JAM-3"),  # not one of which every lead is closed
        ({"in_lead": True, "date_from": "2025-03-01"}, "JAM-3"),
    ],
)
def test_the_filters(vault, filters, names):
    found = find_exhibits(vault, EXAMINER, ExhibitFilters(**filters))
    assert found == names.split()
    listed = list_exhibits(vault, EXAMINER, ExhibitFilters(**filters))
    assert [one.fields["exhibit"] for one in listed] == found
    assert listed == exhibits_named(vault, EXAMINER, found)


def test_the_name_by_which_others_know_an_exhibit_finds_it(vault):
    (one,) = exhibits_named(vault, SECOND, ["2-new"])
    assert find_exhibits(vault, SECOND, ExhibitFilters(text=one.opaque)) == ["2-new"]
    assert one.aliases == ("JAM-2",)
    assert show_exhibit(vault, SECOND, "JAM-2").exhibit == one


def test_names_in_their_order_and_none_that_is_unknown(vault):
    found = exhibits_named(vault, EXAMINER, ["T-9", "unheard", "JAM-1"])
    assert [one.fields["exhibit"] for one in found] == ["T-9", "JAM-1"]


def test_who_has_no_role_sees_none(vault):
    for ask in (find_exhibits, list_exhibits):
        with pytest.raises(AccessError, match="found no role"):
            ask(vault, "Nobody", ExhibitFilters())
    with pytest.raises(AccessError, match="found no role"):
        exhibits_named(vault, "Nobody", ["T-9"])
    with pytest.raises(ParameterError, match="2025-13-01"):
        ExhibitFilters(date_from="2025-13-01")
