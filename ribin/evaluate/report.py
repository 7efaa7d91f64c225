"""An evaluation as tables and as pictures for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ribin.errors import ParameterError
from ribin.evaluate.calibration import cross_entropy, recalibrated
from ribin.evaluate.metrics import Scores, roc_curve
from ribin.evaluate.pairs import Pair
from ribin.evaluate.population import REQUIRABLE, MethodResult
from ribin.evaluate.run import Evaluation
from ribin.evaluate.validation import TestedPairs, WeightValidation
from ribin.report.table import facts, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def evaluation_text(result: Evaluation) -> str:
    """What was compared, the figures of each score, and each firearm beside the pool."""
    parts = [_counts(result), _figures(result), _firearms(result)]
    if result.ammunition:
        parts.append(_ammunition(result))
    parts.append(_cost(result))
    return "\n\n".join(parts)


def _counts(result: Evaluation) -> str:
    lines: list[tuple[str, object]] = [
        ("scans", result.scans),
        ("pairs", result.pairs),
        ("known matches", result.known_match),
        ("known non-matches", result.known_non_match),
        ("not compared", result.not_compared),
    ]
    lines += [(f"  {n}", reason) for reason, n in result.not_compared_reasons.items()]
    return facts(lines)


def _figures(result: Evaluation) -> str:
    header = ("", "AUC", "95 % from", "to", "EER", "TPR at FPR 0")
    spread = ("km min", "km median", "knm median", "knm max", "variance ratio")
    rows = []
    for name in ("score", "cmc", "ccf"):
        f = getattr(result, name)
        rates = (name, f.auc, *f.auc_ci95, f.eer, f.tpr_at_zero_fpr)
        rows.append((*rates, f.km_min, f.km_median, f.knm_median, f.knm_max, f.variance_ratio))
    ranks = (
        f"rank 1 {result.rank1:.3f}   rank 10 {result.rank10:.3f}   "
        f"(share of the {result.scans_with_mate} scans with a mate)"
    )
    return f"{table((*header, *spread), rows)}\n\n{ranks}"


def _firearms(result: Evaluation) -> str:
    """A row each, and the pool under them: one firearm may make most of its misses."""
    header = (
        *("firearm", "scans", "km pairs", "km min", "km median", "at or below knm max"),
        "own knm max",
    )
    rows = [
        (
            *(f.firearm, f.scans, f.known_match, f.score_min, f.score_median),
            *(f.at_or_below_knm_max, f.knm_max),
        )
        for f in result.firearms
    ]
    pool, missed = result.score, 1.0 - result.score.tpr_at_zero_fpr
    scans = sum(f.scans for f in result.firearms)
    figures = (pool.known_match, pool.km_min, pool.km_median, missed, pool.knm_max)
    return table(header, [*rows, ("all", scans, *figures)])


def _ammunition(result: Evaluation) -> str:
    header = ("ammunition", "km pairs", "knm pairs", "AUC", "km min", "km median", "knm max")
    rows = [
        (a.ammunition, a.known_match, a.known_non_match, a.auc, a.km_min, a.km_median, a.knm_max)
        for a in result.ammunition
    ]
    return table(header, rows)


def _cost(result: Evaluation) -> str:
    return facts(
        [
            ("CPU a pair", f"{1000 * result.cpu_seconds_per_pair:.2f} ms"),
            ("CPU a scan", f"{result.cpu_seconds_per_scan:.2f} s"),
            ("peak memory", f"{result.peak_rss_mb:.0f} MiB"),
            ("method parameters", f"{result.params_id}, ribin {result.version}"),
        ]
    )


def methods_table(methods: Sequence[MethodResult]) -> str:
    """What each candidate method of a plan came to."""
    rows = [(str(o.method), np.nan if o.cllr is None else o.cllr, o.reason) for o in methods]
    return table(("method", "Cllr", ""), rows)


# Of the figures of a validation, in their order.
FIGURE_NAMES = dict(
    zip(
        REQUIRABLE,
        (
            *("Cllr", "Cllr min", "calibration loss", "devPAV", "known matches misled"),
            *("known non-matches misled", "EER"),
        ),
        strict=True,
    )
)


def validation_text(weight: WeightValidation) -> str:
    """What likelihood ratios would have been worth on these firearms."""
    parts = [
        f"Weight of {weight.figure}: cross-validation by firearm, within the bounds",
        methods_table(weight.methods),
    ]
    f = weight.figures
    if f is None:
        return "\n\n".join([*parts, "no method could be fitted: no likelihood ratio"])
    named = zip(FIGURE_NAMES.values(), astuple(f)[3:], strict=True)
    parts += [
        f"{weight.method}: tested on {f.known_match} known matches and "
        f"{f.known_non_match} known non-matches of {f.firearms} firearms",
        table(("", "", "95 % from", "to"), [(name, *figure) for name, figure in named]),
    ]
    header = ("km pairs", "knm pairs", "Cllr", "km misled", "knm misled")
    for name, cut in (("firearm", weight.firearms), ("ammunition", weight.ammunition)):
        if cut:
            parts.append(table((name, *header), [astuple(one) for one in cut]))
    return "\n\n".join(parts)


# Pictures by matplotlib, which is in the extra `ribin[plots]`.

FILES = ("roc.png", "scores.png", "ranks.png")
_KINDS = {"score": "score", "cmc": "congruent cells", "ccf": "whole-mark ccf"}
# Okabe and Ito's palette, which all kinds of colour vision tell apart.
_KM, _KNM, _THIRD = "#0072B2", "#E69F00", "#009E73"
_STYLES = dict(zip(_KINDS, ((_KM, "-"), (_KNM, "--"), (_THIRD, ":")), strict=True))
_BINS = 40


def check_pictures(folder: Path) -> None:
    """Refuse before the work what would fail after it.

    Raises ParameterError: matplotlib is not installed, or the folder cannot be made.
    """
    if find_spec("matplotlib") is None:
        raise ParameterError(
            "--pictures: matplotlib needed, found none", hint="pip install 'ribin[plots]'"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"{folder}: a folder to write needed, {error.strerror}") from error


def write_pictures(
    result: Evaluation, pairs: Sequence[Pair], name: str, folder: Path
) -> tuple[Path, ...]:
    """Write roc.png, scores.png and ranks.png; `name` says which set of files they show.

    Raises ParameterError: as `check_pictures`, or a file cannot be written.
    """
    check_pictures(folder)
    classes = {kind: _classes(pairs, kind) for kind in _KINDS}
    figures = (_roc(result, classes), _scores(result, classes), _ranks(result))
    title = f"{name}: {_score_counts(result)}"
    footer = f"ribin {result.version}, method parameters {result.params_id}"
    return _save(folder, dict(zip(FILES, figures, strict=True)), title, footer)


def _save(
    folder: Path, figures: dict[str, Figure], title: str, footer: str = ""
) -> tuple[Path, ...]:
    for file, figure in figures.items():
        figure.suptitle(title, fontsize=9)
        figure.text(0.99, 0.01, footer, ha="right", fontsize=7, color="0.4")
        try:
            figure.savefig(folder / file, dpi=120)
        except OSError as error:
            raise ParameterError(f"{folder / file}: cannot be written, {error.strerror}") from error
    return tuple(folder / file for file in figures)


def _roc(result: Evaluation, classes: dict[str, tuple[Scores, Scores]]) -> Figure:
    """Share of the known matches found against share of the known non-matches taken in."""
    figure, (axes,) = _page(1, (5.6, 5.4))
    axes.plot((0, 1), (0, 1), color="0.8", linewidth=1)
    for kind, (km, knm) in classes.items():
        taken_in, found = roc_curve(km, knm)
        f = getattr(result, kind)
        low, high = f.auc_ci95
        label = f"{_KINDS[kind]}: AUC {f.auc:.4f} [{low:.4f}, {high:.4f}]"
        colour, line = _STYLES[kind]
        axes.plot(taken_in, found, line, color=colour, label=label, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("share of known non-matches at or above the threshold")
    axes.set_ylabel("share of known matches at or above it")
    axes.legend(loc="lower right", fontsize=8, title="in brackets: 95 %, firearms resampled",
                title_fontsize=7)  # fmt: skip
    return figure


def _scores(result: Evaluation, classes: dict[str, tuple[Scores, Scores]]) -> Figure:
    """Both classes of pairs, each as shares of itself: they differ much in number."""
    figure, panels = _page(len(classes), (10.5, 4.0))
    for axes, (kind, (km, knm)) in zip(panels, classes.items(), strict=True):
        both = np.concatenate([km, knm])
        edges = np.histogram_bin_edges(both, _BINS) if both.size else np.linspace(0, 1, _BINS)
        for scores, colour, hatch, label in (
            (knm, _KNM, "///", f"{knm.size} known non-matches"),
            (km, _KM, "", f"{km.size} known matches"),
        ):
            share = np.full(scores.size, 1 / max(scores.size, 1))
            axes.hist(scores, edges.tolist(), weights=share, color=colour, hatch=hatch, alpha=0.7,
                      edgecolor="white", linewidth=0.3, label=label)  # fmt: skip
        f = getattr(result, kind)
        for value, colour in ((f.km_min, _KM), (f.knm_max, _KNM)):
            axes.axvline(value, color=colour, linestyle="--", linewidth=1)
        axes.set_xlabel(f"{_KINDS[kind]}\n(dashed: lowest known match, highest known non-match)",
                        fontsize=8)  # fmt: skip
        axes.legend(loc="upper center", fontsize=8)
    panels[0].set_ylabel("share of the pairs of its class")
    return figure


def _ranks(result: Evaluation) -> Figure:
    """How far down a list the first mate stands."""
    figure, (axes,) = _page(1, (5.6, 4.2))
    ranks = np.arange(1, len(result.rank_curve) + 1)
    axes.plot(ranks, result.rank_curve, "o-", color=_KM, markersize=4, clip_on=False)
    axes.set(xlim=(0.5, len(ranks) + 0.5), ylim=(0, 1), xticks=ranks)
    axes.tick_params(labelsize=8)
    axes.set_xlabel("rank k")
    axes.set_ylabel("share of scans that find a mate within rank k")
    axes.set_title(f"{result.scans_with_mate} scans have a mate", fontsize=8)
    return figure


def _page(panels: int, size_inches: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_inches, layout="constrained")
    FigureCanvasAgg(figure)  # draws into memory: no display is asked for
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])


def _score_counts(result: Evaluation) -> str:
    return (
        f"{result.scans} scans of {len(result.firearms)} firearms,\n{result.known_match} known "
        f"matches, {result.known_non_match} known non-matches, {result.not_compared} pairs not "
        "compared"
    )


def _classes(pairs: Sequence[Pair], kind: str) -> tuple[Scores, Scores]:
    def of(known_match: bool) -> Scores:
        values = [getattr(p, kind) for p in pairs if p.known_match is known_match]
        scores = np.array(values, dtype=np.float64)
        return scores[~np.isnan(scores)]

    return of(True), of(False)


# Pictures of a validation of likelihood ratios.


def write_weight_pictures(tested: TestedPairs, name: str, folder: Path) -> tuple[Path, ...]:
    """Write pav.png, tippett.png and ece.png; errors as `write_pictures`."""
    check_pictures(folder)
    mates = tested.table.mates
    counts = f"{mates.sum()} known matches, {(~mates).sum()} known non-matches"
    title = f"{name}: {tested.table.sources} firearms, {counts}"
    return _save(folder, {f"{n}.png": f for n, f in weight_figures_drawn(tested).items()}, title)


def weight_figures_drawn(tested: TestedPairs) -> dict[str, Figure]:
    """pav, tippett and ece, by matplotlib.

    The likelihood ratios against their best monotone recalibration, the share of either class that
    has at least one, and what is still not known by the prior odds.
    """
    lrs, mates = np.sort(tested.log10_lrs), tested.table.mates[np.argsort(tested.log10_lrs)]
    best = recalibrated(lrs, mates)
    there, odds = np.isfinite(best), np.linspace(-3.0, 3.0, 121)
    entropies = (
        (lrs, "-", _KM, "as reported"),
        (np.clip(best, -20.0, 20.0), ":", _THIRD, "recalibrated"),
        (np.zeros_like(lrs), "--", "0.5", "LR = 1"),
    )
    shares = ((mates, "-", _KM, "known matches"), (~mates, "--", _KNM, "known non-matches"))
    return {
        "pav": _curves(
            ("log10 LR", "log10 LR recalibrated (pool adjacent violators)"),
            [
                (lrs[[0, -1]], lrs[[0, -1]], "-", "0.8", "LRs that need none"),
                (lrs[there], best[there], ".-", _KM, "these LRs"),
            ],
        ),
        "tippett": _curves(
            ("log10 LR", "share of the pairs of its class at or above it"),
            [(lrs[o], 1.0 - np.arange(o.sum()) / o.sum(), *style) for o, *style in shares],
            "steps-pre",
        ),
        "ece": _curves(
            ("log10 of the prior odds", "empirical cross-entropy (bits)"),
            [(odds, cross_entropy(own, mates, odds), *style) for own, *style in entropies],
        ),
    }


def _curves(labels: tuple[str, str], curves: Sequence[Sequence[Any]], steps: str = "") -> Figure:
    """Of each curve x, y, the line, its colour and its name."""
    figure, (axes,) = _page(1, (5.6, 4.8))
    for x, y, line, colour, name in curves:
        axes.plot(x, y, line, color=colour, label=name, drawstyle=steps or "default")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    axes.legend(fontsize=8)
    return figure
