"""Leads, reviews and the words on them, as rows of the catalogue; what they came to follows."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from secrets import token_hex
from typing import Any

from ribin.cases.lead_history import LeadStatements, read_pair
from ribin.cases.leads import (
    Conclusion,
    ExhibitRef,
    Lead,
    LeadHistory,
    LeadWord,
    Review,
    ReviewBasis,
    ReviewRound,
    VerdictContent,
)
from ribin.cases.record import Record, RecordKind, body_sha256
from ribin.errors import StoreError
from ribin.vault.records import insert_version, next_version, record_of, restored_suffix
from ribin.vault.rows import RowHash, columns_sha256, from_row, insert_record

# In a row of the audit log: leads whose verdicts came before somebody's eyes; of an export or a
# backup, those that awaited the second one.
VERDICTS_OF = "verdicts_of"
_TABLES = {Lead: "leads", Review: "reviews"}
_CONTENT = ("conclusion", "examined", "note")  # of a review: a record of its own


def insert_entry(db: sqlite3.Connection, entry: Lead | Review) -> RowHash:
    """Add a lead, or a review without its content (one that supersedes another names it)."""
    return insert_record(db, _TABLES[type(entry)], _columns(entry))


def insert_review(db: sqlite3.Connection, review: Review) -> list[RowHash]:
    """Add a review and its content, which has a hash that tells nothing of it."""
    body = {name: str(getattr(review, name)) for name in _CONTENT} | {"salt": token_hex(32)}
    said = next_version(db, RecordKind.VERDICT, review.review, body, review.reviewer, "")
    said = replace(said, member=review.member, identity="")
    sealed = replace(review, content_sha256=said.body_sha256)
    return [insert_entry(db, sealed), insert_version(db, said)]


def entry_sha256(entry: Lead | Review) -> str:
    """SHA-256 that the record of an entry has, or would have."""
    return columns_sha256(_TABLES[type(entry)], _columns(entry))


def _columns(entry: Lead | Review) -> dict[str, Any]:
    columns = dict(vars(entry))
    if isinstance(entry, Lead):
        for name, end in (("reference", entry.reference), ("comparison", entry.comparison)):
            columns |= {f"{name}_member": end.member, name: end.exhibit}
        columns["pair"] = entry.pair
        columns["figures"] = json.dumps(entry.figures, sort_keys=True, ensure_ascii=False)
    if isinstance(entry, Review):
        columns["supersedes"] = entry.supersedes or None
        columns = {name: value for name, value in columns.items() if name not in _CONTENT}
    return columns


def find_lead(db: sqlite3.Connection, lead: str) -> LeadHistory | None:
    """A lead with all that followed, or None."""
    return next(iter(_histories(db, "lead = ?", lead)), None)


def read_lead(db: sqlite3.Connection, lead: str, where: str) -> LeadHistory:
    """As `find_lead`; StoreError where there is none, naming the vault as `where`."""
    found = find_lead(db, lead)
    if found is None:
        raise StoreError(
            f"{where}: lead {lead} needed, found none of this number",
            hint="`ribin lead list` lists the leads",
        )
    return found


def read_leads(db: sqlite3.Connection) -> list[LeadHistory]:
    """Every lead, oldest first."""
    return _histories(db, "true")


def lead_numbers(db: sqlite3.Connection, where: str, *values: str) -> list[tuple[str, str]]:
    """Moment and number of the leads that a condition chooses, without what they say."""
    query = f"SELECT at, lead FROM leads WHERE {where}"
    return [(str(at), str(lead)) for at, lead in db.execute(query, values)]


def leads_with_second_due(db: sqlite3.Connection) -> list[str]:
    """Leads that have a first verdict, with its content, and no second one, or none that was blind
    and no link."""
    found = []
    for history in _histories(db, "lead IN (SELECT lead FROM reviews)"):
        blind = any(r.blind for r in history.counted if r.place is ReviewRound.SECOND)
        known = not all(review.is_sealed for review in history.given)
        found += [history.lead.lead] if known and not (blind or history.link) else []
    return sorted(found)


def leads_of_pair(db: sqlite3.Connection, pair: str) -> list[LeadHistory]:
    """Every lead on two exhibits, oldest first."""
    return _histories(db, "pair = ?", pair)


def leads_of_exhibit(db: sqlite3.Connection, ref: ExhibitRef) -> list[LeadHistory]:
    """Every lead on an exhibit, oldest first."""
    reference = "reference_member = ?1 AND reference = ?2"
    comparison = "comparison_member = ?1 AND comparison = ?2"
    return _histories(db, f"({reference}) OR ({comparison})", ref.member, ref.exhibit)


def next_lead_number(db: sqlite3.Connection, member: str, other: str) -> str:
    """A number that no lead of this member has had.

    Leads with another member are counted by themselves: their numbers would tell it how many leads
    there are within the country, and with others.
    """
    series = f"{member}-L" if other == member else f"{member}-{other}-L"
    query = "SELECT count(*) FROM leads WHERE member = ? AND substr(lead, 1, ?) = ?"
    count = db.execute(query, (member, len(series), series)).fetchone()[0]
    return f"{series}{count + 1}{restored_suffix(db)}"


def next_review_number(db: sqlite3.Connection, lead: str, member: str) -> str:
    """A number that no review of this member has had, as `next_lead_number`."""
    query = "SELECT count(*) FROM reviews WHERE lead = ? AND member = ?"
    count = db.execute(query, (lead, member)).fetchone()[0]
    return f"{lead}/{member}{count + 1}{restored_suffix(db)}"


def _histories(db: sqlite3.Connection, where: str, *values: str) -> list[LeadHistory]:
    """The leads that a condition chooses; each is read with the others of its pair."""
    chosen = {row[0] for row in db.execute(f"SELECT lead FROM leads WHERE {where}", values)}
    query = f"SELECT * FROM leads WHERE pair IN (SELECT pair FROM leads WHERE {where})"
    pairs: dict[str, list[LeadStatements]] = {}
    for row in db.execute(query, values).fetchall():
        try:
            stated = _statements(db, row)
        except (ValueError, TypeError, RecursionError):
            if row["lead"] in chosen:
                raise
            continue  # another of the pair, which `store check` names
        pairs.setdefault(row["pair"], []).append(stated)
    read = (history for of_pair in pairs.values() for history in read_pair(of_pair))
    found = [history for history in read if history.lead.lead in chosen]
    return sorted(found, key=lambda history: (history.lead.at, history.lead.lead))


def _statements(db: sqlite3.Connection, row: sqlite3.Row) -> LeadStatements:
    ends = {e: ExhibitRef(row[f"{e}_member"], row[e]) for e in ("reference", "comparison")}
    figures = json.loads(row["figures"])
    lead = from_row(Lead, row, **ends, figures=figures)
    if not isinstance(lead.at, str) or not isinstance(figures, dict):
        raise TypeError(f"lead {lead.lead}: a moment and figures needed, found {lead.at!r}")
    rows = db.execute("SELECT * FROM reviews WHERE lead = ?", (lead.lead,)).fetchall()
    said = read_words(db, lead.lead)
    contents = {one.id: one for one in said if one.kind is RecordKind.VERDICT}
    reviews = (_review(one, contents.get(one["review"])) for one in rows)
    words = (word_of(one) for one in said if one.kind is not RecordKind.VERDICT)
    return LeadStatements(lead, tuple(reviews), tuple(words))


def _review(row: sqlite3.Row, said: Record | None) -> Review:
    given: dict[str, Any] = dict.fromkeys(_CONTENT) | {"note": ""}
    if said and said.body and body_sha256(said.body) == row["content_sha256"]:
        given["conclusion"] = Conclusion(said.body["conclusion"])
        given["examined"] = ReviewBasis(said.body["examined"])
        given["note"] = said.body["note"]
    return from_row(Review, row, supersedes=row["supersedes"] or "", **given)


def content_of(said: Record) -> VerdictContent:
    """A record of the content of a review as such."""
    body = said.body or {}
    texts = [str(body.get(name, "")) for name in (*_CONTENT, "salt")]
    return VerdictContent(said.id, said.id.partition("/")[0], said.member, said.at, *texts)


# Words on a lead are records: one for each member that states one; of blindness, for each verdict.
# So is the content of a verdict.

WORDS = (RecordKind.CLOSURE, RecordKind.CONFIRMATION, RecordKind.WITHDRAWAL, RecordKind.BLINDNESS)
_STATED = (*WORDS, RecordKind.VERDICT)
_WORDS = f"kind IN ({', '.join('?' * len(_STATED))})"


def next_word(
    db: sqlite3.Connection, kind: RecordKind, lead: str, who: str, reason: str, **found: Any
) -> Record:
    """What a person of this vault's member states of a lead; `found` is what logs say of a
    review."""
    owner = db.execute("SELECT subject FROM audit WHERE seq = 1").fetchone()[0]
    word = f"{found.get('review', lead)}/{owner}{restored_suffix(db)}"
    said = next_version(db, kind, word, {"lead": lead, **found}, who, reason)
    return replace(said, identity="")  # that stays at home, in the audit log


def read_words(db: sqlite3.Connection, lead: str) -> list[Record]:
    """The words on a lead and the contents of its verdicts, whoever stated them."""
    query = f"SELECT * FROM records WHERE {_WORDS} AND id > ? AND id < ? ORDER BY record"
    return [record_of(row) for row in db.execute(query, (*_STATED, f"{lead}/", f"{lead}0"))]


def is_named_as_stated(word: LeadWord) -> bool:
    """Whether its name is one that its member gives such a word."""
    about, _, member = word.id.rpartition("/")
    return about == (word.review or word.lead) and member.partition("-")[0] == word.member


def word_of(said: Record) -> LeadWord:
    """A record of a word as one."""
    body = said.body or {}
    facts = {name: body[name] for name in ("review", "blind") if name in body}
    named = (said.kind, said.id, said.id.partition("/")[0], said.person, said.member)
    return LeadWord(*named, said.at, said.reason, **facts)
