"""An evaluation as tables for people."""

from __future__ import annotations

from ribin.evaluate.run import Evaluation
from ribin.report.text import facts, table


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
            ("parameters", f"{result.params_id}, ribin {result.version}"),
        ]
    )
