"""What is due in a laboratory: new exhibits, lists, second reviews, what came from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ribin.cases.leads import same_person
from ribin.comparison import score_text
from ribin.errors import ParameterError
from ribin.exchange.message import MessageKind
from ribin.leads.rules import status_of
from ribin.leads.text import leads_to_review
from ribin.services.blind_pairs import shown_findings, withheld_searches
from ribin.services.list_review import list_progress
from ribin.vault.assignments import assign, read_assignments
from ribin.vault.leads import read_leads
from ribin.vault.messages import own_questions, questions_held
from ribin.vault.people import check_looker, check_searcher
from ribin.vault.recorded_searches import read_searches, unanswered_searches
from ribin.vault.saved_searches import mark_reported, read_findings, read_saved_searches
from ribin.vault.vault import Vault


class DueKind(StrEnum):
    """A kind of what is due, in the order in which a page shows them."""

    VERDICT = "leads that await your verdict"
    FROM_ABROAD = "leads that another member took up"
    QUESTION = "questions of other members that wait for your word"
    LIST = "lists that nobody has worked through"
    EXHIBIT = "exhibits that nobody has searched with"
    FINDING = "findings of saved searches"
    UNANSWERED = "searches that a member could not answer"
    UNDELIVERED = "steps that another member has not got yet"


@dataclass(frozen=True)
class DueItem:
    """One thing that is due: what it is about, since when, and who began it.

    `subject` is the number of a lead, a search or a question, or the name of an exhibit.
    """

    work: DueKind
    subject: str
    words: str
    since: str  # ISO 8601
    person: str = ""
    about: str = ""  # what an assignment names: an exhibit by its first name
    assigned: str = ""  # to whom; empty where to nobody
    due: str = ""  # ISO 8601 day

    def is_of(self, who: str) -> bool:
        """Whether it is a person's to do: assigned to, or begun by, where nobody else has it."""
        mine = self.work is DueKind.VERDICT or same_person(self.person, who)
        return same_person(self.assigned, who) if self.assigned else mine


def worklist(vault: Vault, who: str) -> list[DueItem]:
    """All that is due; within each kind by the day that it is due, then what has waited longest.

    Raises AccessError: the vault's people have roles, and `who` has none.
    """
    check_looker(vault.catalogue, who)
    found = [*_leads(vault, who), *_lists(vault, who), *_exhibits(vault), *_findings(vault, who)]
    found += [*_questions(vault), *_unanswered(vault, who), *_undelivered(vault)]
    with vault.catalogue.reading() as db:
        given = read_assignments(db)
    items = []
    for one in found:
        said = given.get((one.work.name, one.about or one.subject))
        items.append(replace(one, assigned=said.person, due=said.due) if said else one)
    order = {work: place for place, work in enumerate(DueKind)}
    return sorted(items, key=lambda one: (order[one.work], one.due or "9", one.since, one.subject))


def assign_work(vault: Vault, work: str, about: str, person: str, due: str, who: str) -> None:
    """Say who is to do something that is due; errors as `assign`, and ParameterError where it is
    not due."""
    if not any(
        (one.work.name, one.about or one.subject) == (work, about) for one in worklist(vault, who)
    ):
        raise ParameterError(f"assign: something that is due needed, found {about[:60]}")
    assign(vault, work, about, person, due, who)


def _leads(vault: Vault, who: str) -> Iterator[DueItem]:
    with vault.catalogue.reading() as db:
        histories = read_leads(db)
    mine = {history.lead.lead for history in leads_to_review(histories, who, vault.member)}
    for history in histories:
        lead = history.lead
        words = f"{lead.reference} and {lead.comparison}: {status_of(history)}"
        if lead.lead in mine:
            yield DueItem(DueKind.VERDICT, lead.lead, words, lead.at, lead.examiner)
        elif lead.member != vault.member and history.is_open:
            by = f"{lead.examiner} ({lead.member})"
            yield DueItem(DueKind.FROM_ABROAD, lead.lead, words, lead.at, by)


def _lists(vault: Vault, who: str) -> Iterator[DueItem]:
    for one in list_progress(vault, who):
        made = one.search
        if one.reviewed or made.stated.ended or one.withheld:
            continue
        seen = max(one.mine, one.others)
        words = f"{one.exhibit or made.stated.query}: {seen} of {one.candidates} candidates seen"
        yield DueItem(DueKind.LIST, made.number, words, made.at, made.person)


def _exhibits(vault: Vault) -> Iterator[DueItem]:
    query = (
        "SELECT exhibit, first_name, min(enrolled_at) AS since, exhibits.event FROM scans "
        "JOIN exhibits USING (exhibit) WHERE exhibit NOT IN ("
        "SELECT exhibit FROM scans JOIN records ON records.kind = 'search' "
        "AND CASE body WHEN '' THEN '' ELSE json_extract(body, '$.query_sha256') END = scans.sha256"
        ") GROUP BY exhibit"
    )
    with vault.catalogue.reading() as db:
        rows = db.execute(query).fetchall()
    for row in rows:
        words, about = f"event {row['event']}", row["first_name"]
        yield DueItem(DueKind.EXHIBIT, row["exhibit"], words, row["since"], about=about)


def _findings(vault: Vault, who: str) -> Iterator[DueItem]:
    searches = {one.standing: one for one in read_saved_searches(vault, ended=True)}
    untold = read_findings(vault, untold=True)
    shown, _ = shown_findings(vault, who, untold, searches.values())
    numbers = {str(one.candidate.get("search", "")) for one in shown}
    with vault.catalogue.reading() as db:
        lists = [one for one in read_searches(db) if one.number in numbers] if numbers else []
    shut = withheld_searches(vault, who, lists)
    for one in shown:
        begun = searches[one.standing]
        words = f"{one.standing} with {begun.exhibit}: {one.member}:{one.exhibit}"
        if "score" in one.candidate:
            words += f", score {score_text(one.candidate['score'])}"
        subject = str(one.candidate.get("search", ""))
        subject = "" if subject in shut else subject
        yield DueItem(DueKind.FINDING, subject or begun.exhibit, words, one.at, begun.who)


def read_all_findings(vault: Vault, who: str) -> int:
    """Note that a person has read the findings that are due; gives their number.

    Raises AccessError: the vault's people have roles, and `who` has none that searches.
    """
    check_searcher(vault.catalogue, who)
    searches = read_saved_searches(vault, ended=True)
    shown, _ = shown_findings(vault, who, read_findings(vault, untold=True), searches)
    mark_reported(vault, shown, who)
    return len(shown)


def _unanswered(vault: Vault, who: str) -> Iterator[DueItem]:
    with vault.catalogue.reading() as db:
        found = unanswered_searches(db)
    shut = withheld_searches(vault, who, [one for one, _ in found])
    for one, members in found:
        if one.number in shut:
            continue
        words = f"{one.stated.query}: {', '.join(members)}"
        yield DueItem(DueKind.UNANSWERED, one.number, words, one.at, one.person)


def _questions(vault: Vault) -> Iterator[DueItem]:
    for one in questions_held(vault):
        words = f"{one.kind} of {one.sender}: {one.reason}"
        yield DueItem(DueKind.QUESTION, one.id[:12], words, one.at, one.who)


def _undelivered(vault: Vault) -> Iterator[DueItem]:
    for one in own_questions(vault, kind=str(MessageKind.LEADS), waiting=True):
        yield DueItem(DueKind.UNDELIVERED, one.subject, f"{one.receiver}: {one.delivery}", one.at)
