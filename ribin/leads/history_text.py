"""The history of a gun as a table, a line an exhibit in the order of time."""

from __future__ import annotations

from ribin.leads.trace import History, TracedExhibit, TracedLink
from ribin.report.text import table


def history_table(history: History) -> str:
    """Exhibits, what joins them, what joined them once, and what could not be told."""
    header = ("date", "member", "exhibit", "event", "place", "kind", "calibre", "known")
    rows = [_row(exhibit) for exhibit in history.exhibits]
    members = sorted({exhibit.member for exhibit in history.exhibits})
    lines = [
        f"series of {history.exhibit}: {_count(len(rows), 'exhibit')} of {', '.join(members)}",
        table(header, rows),
    ]
    lines += [_joined(link) for link in history.links]
    lines += [_joined(link) for link in history.withdrawn]
    lines += [
        f"{member} does not show {_count(n, 'linked exhibit')}"
        for member, n in history.withheld.items()
    ]
    lines += [f"{member} was not asked: {why}" for member, why in history.unavailable]
    lines += history.notes
    return "\n".join([*lines, "Links are the conclusions of the persons who reviewed them."])


def _row(exhibit: TracedExhibit) -> tuple[str, ...]:
    return (
        exhibit.date or "-",
        exhibit.member,
        exhibit.exhibit,
        exhibit.event or "-",
        exhibit.place or "-",
        exhibit.kind.replace("_", " ") or "-",
        exhibit.calibre or "-",
        exhibit.known,
    )


def _joined(link: TracedLink) -> str:
    what = f"{link.standing} {link.lead}".strip()
    on = f" of {link.at[:10]}" if link.at else ""
    return f"{what}{on}: {link.one} - {link.other}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
