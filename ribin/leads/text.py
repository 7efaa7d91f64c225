"""Leads and the history of a gun as text: a list, and one with all that followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ribin.cases.leads import CONCLUSION_MEANING, LeadHistory, LeadWord, Review, ReviewBasis
from ribin.comparison import shown_score
from ribin.leads.rules import (
    awaits_confirmation,
    awaits_logs,
    had_a_part,
    lacks_a_blind_verdict,
    may_confirm,
    not_blind_second,
    shows_the_marks_alone,
    status_of,
    verdicts_are_known,
    visible_reviews,
)
from ribin.leads.trace import History, TracedLink
from ribin.report.table import facts, table
from ribin.text import counted, escaped
from ribin.vault.leads import leads_of_pair
from ribin.vault.sharing import named_in_lead
from ribin.vault.vault import Vault

NO_LINK_YET = "no link yet: `ribin lead sync` reads the logs of both members"
NO_LINK = (
    "no link: a verdict was not blind; the pair may be taken up as a new lead, "
    "with a second verdict by somebody who has seen none on it"
)
THIRD_DUE = "; or a third reviewer, who has seen none, gives a verdict on this lead"
OWN_VERDICT = "your own verdict is shown, and the second reviewer must not see it"
SHOWN_EARLY = (
    "this verdict was given from another login; the audit log has it who looks: "
    "a second review under this name or login is not blind now"
)


@dataclass(frozen=True)
class LeadView:
    """A lead as one person may see it: own exhibits by their names, and no verdict too early."""

    history: LeadHistory
    reviews: tuple[Review, ...]
    hidden_reviews: int
    marks_alone: bool = False  # for who may give the second verdict: no note, no figures
    figures_withheld: str = ""  # why the figures of its list are not shown to this person now

    @property
    def shows_early(self) -> bool:
        """Whether it shows the first verdict, to who gave it, while the second one is due."""
        return bool(self.reviews) and not verdicts_are_known(self.history)

    def after_a_step(self) -> LeadView:
        """The same for who has just taken a step: of verdicts that await the second, the one just
        given and not what it supersedes. So a step under a borrowed name shows nothing new."""
        if not self.shows_early:
            return self
        shown = self.reviews[-1:]
        return replace(self, reviews=shown, hidden_reviews=len(self.history.reviews) - 1)

    def without_verdicts(self) -> LeadView:
        """The same without what was concluded."""
        return replace(self, reviews=(), hidden_reviews=len(self.history.reviews))


def view_lead(vault: Vault, history: LeadHistory, who: str) -> LeadView:
    """The lead for this person's eyes."""
    ends = list(history.lead.exhibits)
    with vault.catalogue.reading() as db:
        of_pair = leads_of_pair(db, history.lead.pair)
        for place, end in enumerate(ends):
            if end.member == vault.member:
                ends[place] = replace(end, exhibit=named_in_lead(db, end.exhibit))
    lead = replace(history.lead, reference=ends[0], comparison=ends[1])
    seen = visible_reviews(history, who, vault.member)
    alone = shows_the_marks_alone(history, who, vault.member)
    if not alone and not any(had_a_part(one, who, vault.member) for one in of_pair):
        # An earlier lead of a pair whose second verdict is due again.
        alone = any(shows_the_marks_alone(one, who, vault.member) for one in of_pair)
        seen = () if alone else seen
    if alone:
        lead = replace(lead, note="", figures=mark_alone(lead.figures))
    hidden = len(history.reviews) - len(seen)
    return LeadView(replace(history, lead=lead), seen, hidden, alone)


def mark_alone(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Of the figures of a lead the type of mark that it was taken up by, shown to everybody."""
    return {"mark": figures["mark"]} if figures.get("mark") else {}


def leads_table(views: Sequence[LeadView]) -> str:
    """One lead a line."""
    if not views:
        return "no lead"
    header = ("lead", "reference", "comparison", "taken up by", "on", "standing")
    rows: list[tuple[object, ...]] = []
    for view in views:
        lead = view.history.lead
        named = (lead.lead, lead.reference, lead.comparison, lead.examiner)
        rows.append((*named, lead.at[:10], status_of(view.history)))
    return table(header, rows)


def lead_page(view: LeadView) -> str:
    """One lead: who took it up and why, each verdict in AFTE's words, and what became of it."""
    history, lead = view.history, view.history.lead
    known = verdicts_are_known(history)
    score = lead.figures.get("score")
    head: list[tuple[str, object]] = [
        ("lead", lead.lead),
        ("reference", lead.reference),
        ("comparison", lead.comparison),
        ("taken up by", f"{lead.examiner} ({lead.member}), {lead.at[:10]}"),
        ("note", "shown with your verdict, as are the figures" if view.marks_alone else lead.note),
    ]
    head += [("figures", view.figures_withheld)] if view.figures_withheld else []
    head += [("score", shown_score(score))] if isinstance(score, float) else []
    if {"cmc", "cells"} <= lead.figures.keys():
        cells = f"{lead.figures['cmc']:g} of {lead.figures['cells']}"
        head.append(("congruent cells", cells))
    for name, words in (("rank", "rank in the list"), ("search", "search")):
        head += [(words, lead.figures[name])] if name in lead.figures else []
    lines = [facts([*head, ("standing", status_of(history))])]
    lines += [_verdict(review, history) for review in view.reviews]
    if view.hidden_reviews:
        given = f"{counted(view.hidden_reviews, 'verdict')} given"
        lines.append(f"{given}, shown when {'yours is' if known else 'both are'} in")
    if lacks_a_blind_verdict(history):
        third = THIRD_DUE if not_blind_second(history) else ""
        lines.append(NO_LINK_YET if awaits_logs(history) else NO_LINK + third)
    if awaits_confirmation(history):
        (other,) = set(lead.members) - {review.member for review in history.current}
        lines.append(f"no link yet: an examiner of {other} confirms it, `ribin lead confirm`")
    lines += map(escaped, endings(view))
    return "\n".join(lines)


def endings(view: LeadView) -> Iterator[str]:
    """Who confirmed or closed a lead, or withdrew its link, when and why; the words of the reason
    are not shown to who may give the second verdict."""
    history = view.history
    for words, end in (
        ("confirmed", history.confirmation),
        ("closed", None if history.link else history.closure),
        ("link withdrawn", history.withdrawal),
    ):
        if end:
            said = f"{words} by {end.person} ({end.member}), {end.at[:10]}"
            yield said if view.marks_alone else f"{said}: {end.reason}"


def lead_facts(view: LeadView) -> dict[str, Any]:
    """The same for programs; verdicts only as far as they may be seen."""
    history = view.history
    return {
        "lead": history.lead,
        "standing": str(status_of(history)),
        "reviews": view.reviews,
        "hidden_reviews": view.hidden_reviews,
        "marks_alone": view.marks_alone,
        "figures_withheld": view.figures_withheld,
        "unchecked": history.unchecked,  # reviews whose blindness awaits the logs of both members
        "without_account": history.without_account,  # reviews on record that do not count
        "link": history.link if verdicts_are_known(history) else None,
        "withdrawal": _end_shown(view, history.withdrawal),
        "closure": _end_shown(view, history.closure),
        "confirmation": _end_shown(view, history.confirmation),
    }


def _end_shown(view: LeadView, end: LeadWord | None) -> LeadWord | None:
    """As `endings` of one of them."""
    return replace(end, reason="") if end and view.marks_alone else end


def leads_to_review(files: Iterable[LeadHistory], who: str, member: str) -> list[LeadHistory]:
    """Leads that await a verdict or a confirmation which a person of this member may give."""

    def is_due(history: LeadHistory) -> bool:
        if may_confirm(history, member):
            return True
        due = status_of(history).is_open or not_blind_second(history) is not None
        return due and not (history.reviews and had_a_part(history, who, member))

    return [history for history in files if is_due(history)]


def remark_on(review: Review, history: LeadHistory) -> str:
    """What is said of a verdict that does not count, was not blind or was not checked; empty for
    any other."""
    if review.review in history.without_account:
        return "does not count: the rules refuse it beside what was stated at the other member"
    if review.blind:
        return ""
    if review.review in history.unchecked:
        return "blindness not checked: the log of the other member was not in reach"
    if review.supersedes:
        return "knowing the other verdict"
    if all(one.place is not review.place for one in history.given if one.review == review.review):
        return "given apart as a first verdict: as the second, not blind or not by a reviewer"
    return "not blind: a verdict on the pair had been shown to this person or login"


SEALED = "its content has not come yet, `ribin lead sync` fetches it"
_ON = {ReviewBasis.ITEMS: "the items", ReviewBasis.CAST: "a cast"}


def _verdict(review: Review, history: LeadHistory) -> str:
    remark = f", {said}" if (said := remark_on(review, history)) else ""
    over = f", supersedes {review.supersedes}" if review.supersedes else ""
    given = f"{review.place} review {review.review} by {review.reviewer} ({review.member})"
    if review.conclusion is None or review.examined is None:
        return escaped(f"{given}, {review.at[:10]}{remark}{over}: {SEALED}")
    lines = (
        f"{given}, {review.at[:10]}, on {_ON[review.examined]}{remark}{over}:",
        f"  {str(review.conclusion).replace('_', ' ')}: {CONCLUSION_MEANING[review.conclusion]}",
        f"  {review.note}",
    )
    return "\n".join(map(escaped, lines))


# The history of a gun as a table, a line an exhibit in the order of time.


def history_table(history: History) -> str:
    """Exhibits, what joins them, what joined them once, and what could not be told."""
    header = ("day", "member", "exhibit", "event", "place", "kind", "calibre", "known")
    rows = [
        (
            *(e.date or "-", e.member, e.exhibit, e.event or "-", e.place or "-"),
            *(e.kind.replace("_", " ") or "-", e.calibre or "-", e.known),
        )
        for e in history.exhibits
    ]
    members = sorted({exhibit.member for exhibit in history.exhibits})
    lines = [
        escaped(f"series of {history.exhibit}: ")
        + f"{counted(len(rows), 'exhibit')} of {', '.join(members)}",
        table(header, rows),
    ]
    rest = [_joined(link) for link in (*history.links, *history.withdrawn)]
    rest += [f"{member} was not asked: {why}" for member, why in history.unavailable]
    rest += history.notes
    lines += map(escaped, rest)
    return "\n".join([*lines, "Links are the conclusions of the persons who reviewed them."])


def _joined(link: TracedLink) -> str:
    what = f"{link.standing} {link.lead}".strip()
    on = f" of {link.at[:10]}" if link.at else ""
    return f"{what}{on}: {link.one} - {link.other}"
