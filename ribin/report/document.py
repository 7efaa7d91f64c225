"""A report as what it says: sections of paragraphs, facts, grids and pictures.

What a report says is built once, by `comparison.py` and `search.py`; how it looks is the business
of `html.py` and `pdf.py`, which say exactly the same. What every report says in the same words is
here too: program and method, limits, signatures, audit chain.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

from ribin.model import Provenance
from ribin.params.defaults import MethodParams
from ribin.report.pictures import Picture

SORTS = (
    "The program sorts and shows. It says how far surfaces agree by its method; it does not say "
    "which firearm marked an item. That conclusion is a named examiner's, drawn on the items."
)
_LIBRARIES = ("numpy", "scipy", "numba", "opencv-python-headless", "scikit-image", "h5py", "x3pio")


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences that stand beside each other."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and values, one a line."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Grid:
    """A table. `numbers` are the columns that stand at their right edge.

    `bars` holds, where given, a share from 0 to 1 for each row: a bar behind the last column, by
    which a drop in a list is seen at once.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    bars: tuple[float, ...] = ()
    small: bool = False  # for long annexes


@dataclass(frozen=True, eq=False)
class Figure:
    """A picture, (H, W, 3) uint8 red, green, blue, and what it shows."""

    picture: Picture
    caption: str


@dataclass(frozen=True)
class Blanks:
    """Lines to be filled in by hand: one for each label, in as many columns as there are people."""

    labels: tuple[str, ...]
    people: tuple[str, ...]


@dataclass(frozen=True)
class WritingSpace:
    """Empty lines for a person's own words under a heading."""

    heading: str
    lines: int


Block = Paragraph | Points | Facts | Grid | Figure | Blanks | WritingSpace


@dataclass(frozen=True)
class Section:
    """A numbered part of a report; an annex begins on a page of its own."""

    title: str
    blocks: tuple[Block, ...]
    annex: bool = False


@dataclass(frozen=True)
class Document:
    """A whole report: its kind, and what it is of."""

    title: str
    subject: str
    head: tuple[tuple[str, str], ...]  # facts above the first section: case, person, time
    footer: str  # one line that stands on each page
    sections: tuple[Section, ...] = ()


def document_texts(document: Document) -> Iterator[str]:
    """Every text of a report, in order; for a test of its words, and for programs."""
    yield from (document.title, document.subject, document.footer)
    yield from (text for pair in document.head for text in pair)
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from block_texts(block)


def block_texts(block: Block) -> Iterator[str]:
    """Every text of one block."""
    match block:
        case Paragraph(text):
            yield text
        case Points(texts):
            yield from texts
        case Facts(pairs):
            yield from (text for pair in pairs for text in pair)
        case Grid():
            yield from block.header
            yield from (text for row in block.rows for text in row)
        case Figure():
            yield block.caption
        case Blanks(labels, people):
            yield from (*labels, *people)
        case WritingSpace():
            yield block.heading


def numbered(document: Document) -> Iterator[tuple[str, Section]]:
    """The sections with their numbers; annexes count in letters."""
    annexes = 0
    for number, section in enumerate(document.sections, start=1):
        if section.annex:
            yield f"Annex {chr(ord('A') + annexes)}", section
            annexes += 1
        else:
            yield str(number), section


# What every report says in the same words.


@dataclass(frozen=True)
class ReportHead:
    """Who had a report made, when, and for which case."""

    who: str
    at: str  # UTC, ISO 8601
    question: str = ""  # in the person's own words; empty where the report puts it
    case_number: str = ""
    member: str = ""  # whose vault it came from; empty where there was none

    def facts(self) -> tuple[tuple[str, str], ...]:
        """What is known of them, for the head of a report."""
        return known(
            [
                ("Case number", self.case_number),
                ("Member", self.member),
                ("Report made", f"{self.at} (UTC)"),
                ("Report made by", self.who),
            ]
        )


@dataclass(frozen=True)
class ChainHead:
    """The last row of a member's audit log when a report was made.

    `kept`: the last head that it keeps of the log of each other member.
    """

    member: str
    row: int
    at: str
    sha256: str
    kept: tuple[tuple[str, str], ...] = ()


def method_section(
    params_id: str, ribin_version: str, method: MethodParams | None, searched: bool = False
) -> Section:
    """How the figures came about, with what another laboratory needs to repeat them."""
    stages = (
        "Each mark is cut out of its scan. On the breech face of a topography, what stands far out "
        "of its form and relief is left out: dust and fibres, drag of the firing pin beside the "
        "aperture, flowback around it. What is left is freed of its form and filtered to a band of "
        "waves (ISO 16610-61). The two marks are laid on each other in every turn and shift of the "
        "search range. Cells of each are then searched for on the other; a cell is congruent where "
        "it lies, to within the limits below, where the other cells say it should (congruent cell "
        "method after Song)."
    )
    coarse = (
        "A coarse stage scores every exhibit; what it sets aside as too unlike the query is "
        "counted in the next section and is not compared cell by cell."
    )
    program = [
        ("Program", f"RIBIN {ribin_version}"),
        ("Method parameters", params_id),
        ("Run on", f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"),
        ("Libraries", ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)),
    ]
    again = (
        "A pair of low score is compared again at other scales, mirrored, and mirrored and "
        "inverted, as the scan of a cast is. Where the marks agree better so, the figures are "
        "those of that comparison, with points taken off, and a note says so."
    )
    blocks: list[Block] = [Paragraph(stages), Paragraph(_two_parts(method)), Paragraph(again)]

    if searched:
        blocks.append(Paragraph(coarse))
    blocks.append(Facts((*program, *(_limits(method) if method else ()))))
    return Section("Method", tuple(blocks))


def _two_parts(method: MethodParams | None) -> str:
    """What becomes of lines that firearms of one make may share."""
    most = "up to a limit"
    if method:
        decide = method.decide
        ends = zip(decide.most_with_lines, decide.rest_scores, strict=True)
        most = f"for at most {max(with_lines - rest for with_lines, rest in ends):.0f} points"
    return (
        "Parallel lines, and lines about one centre, may be the same on every firearm of a "
        "production run. Where a mark has such lines, both are also compared without them, "
        "wherever they then agree best. What they share beyond the lines counts in full, and what "
        f"they share along them counts {most}."
    )


def limits_section(*more: str) -> Section:
    """What a reader must not take from the figures."""
    return Section(
        "Limits",
        (
            Points(
                (
                    "A score is a similarity of two surfaces. It is not a likelihood ratio and not "
                    "a probability, and scores of different method parameters are not comparable.",
                    "Which scores marks of one firearm and marks of different firearms reach "
                    "depends on firearms, ammunition and instrument. The laboratory's own "
                    "validation says so for its casework; this report does not.",
                    "Consecutively made parts may share marks of the tool that made them: a high "
                    "score is a reason to look.",
                    *more,
                )
            ),
        ),
    )


def examiner_section() -> Section:
    """Space for what only a person may say, with names, days and signatures of two."""
    return Section(
        "Examiner",
        (
            Paragraph(
                "To be filled in by hand. The conclusion rests on the items, in the words that the "
                "laboratory has laid down."
            ),
            WritingSpace("Observations and conclusion", 8),
            Blanks(("Name", "Date", "Signature"), ("Examiner", "Second examiner")),
        ),
    )


def record_section(figures_sha256: str, chain: ChainHead | None, *more: tuple[str, str]) -> Section:
    """By what this report can be held against the vault, and against its own figures."""
    pairs: tuple[tuple[str, str], ...]
    if chain:
        pairs = (
            ("Audit log of", chain.member),
            ("Last row", f"{chain.row}, written {chain.at}"),
            ("Anchor", f"{chain.row}:{chain.sha256}"),
            *((f"Head kept of {member}", anchor) for member, anchor in chain.kept),
        )
        text = (
            "This report was entered in the audit log. The number and hash of its last row vouch "
            "for every row before it: `ribin audit verify --anchor` with the anchor below, kept "
            "with the case, shows any later change."
        )
    else:
        pairs = (("Audit log", "none: no vault was named"),)
        text = "Made from files alone: nothing was entered in an audit log."
    figures = (("SHA-256 of the figures", figures_sha256),)
    return Section("Record", (Paragraph(text), Facts((*pairs, *figures, *more))))


def scan_facts_of(provenance: Provenance) -> tuple[tuple[str, str], ...]:
    """What is known of a scan, with the hash of its file; where that is not released, the name that
    its owner gives it for others."""
    from_template = provenance.reader == "template"
    return known(
        [
            ("File", provenance.source),
            ("Name of the scan" if from_template else "SHA-256", provenance.sha256),
            ("Size", f"{provenance.size_bytes} bytes" if provenance.size_bytes else ""),
            ("Instrument", provenance.instrument),
            ("Creator", provenance.creator),
            ("Measured on", provenance.measured_on),
            ("Lighting", provenance.lighting),
            ("Read by", provenance.reader),
            ("Repaired", "; ".join(provenance.repairs)),
            ("Notes", "; ".join(provenance.notes)),
        ]
    )


def known(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The pairs that say something."""
    return tuple((name, value) for name, value in pairs if value)


def words(name: str) -> str:
    """A name of the program, or of a column, as a word: breech_face, breech face; date, day."""
    return "day" if name == "date" else name.replace("_", " ")


def figure_text(value: float, digits: int = 3) -> str:
    """A figure; what was not computed is a dash."""
    return "-" if math.isnan(value) else f"{value:z.{digits}f}"


def _limits(method: MethodParams) -> tuple[tuple[str, str], ...]:
    pre, correlate, decide = method.preprocess, method.correlate, method.decide
    return (
        ("Band", f"{pre.low_cutoff_um:g} to {pre.high_cutoff_um:g} \u00b5m"),
        (
            "Search range",
            f"{correlate.rotation_range_deg:g} degrees and {correlate.shift_range_um:g} \u00b5m to "
            f"either side; stated mounting {correlate.mounting_deg:g} degrees",
        ),
        (
            "Cells",
            f"{method.describe.cell_um:g} \u00b5m wide, up to {decide.cells_a_side} of each mark",
        ),
        (
            "Congruent",
            f"correlation at least {decide.min_ccf:g}, at most {decide.max_place_um:g} \u00b5m and "
            f"{decide.max_angle_deg:g} degrees from where the others fell",
        ),
    )
