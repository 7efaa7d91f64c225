"""The weight of a score: against NFI's lir, on its scores, on made-up populations, and refused."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from wording import forbidden_words

from ribin.cases.csv_files import TableForm
from ribin.comparison import Comparison
from ribin.errors import FormatError, ParameterError
from ribin.evaluate.calibration import (
    CalibrationMethod,
    ReferencePairs,
    cllr,
    cllr_min,
    cross_entropy,
    dev_pav,
    expected_utility_bound,
    fit,
    fit_logistic,
    invariance_bound,
)
from ribin.evaluate.pairs import Pair
from ribin.evaluate.population import (
    PairTable,
    Plan,
    Population,
    PopulationPair,
    PopulationScan,
    begin_population,
    plan_for,
    read_population,
    table_of,
    with_pairs_of,
    write_population,
)
from ribin.evaluate.report import validation_text, write_weight_pictures
from ribin.evaluate.validation import (
    bootstrap_lrs,
    cross_validate,
    fit_bounded,
    run_plan,
    validate_weight,
    weight_figures,
)
from ribin.evaluate.weight import CaseFacts, CaseItem, weight_of, weight_text
from ribin.model import MarkType, ScanKind, Verdict
from ribin.report.document import document_texts
from ribin.report.html import document_html
from ribin.services.weight import population_report

# Recorded with lir 1.3.1 on 126 of NFI's firing pin scores; logistic with its penalty of 1.
RECORDED = json.loads(Path(__file__).with_name("lir_1_3_1.json").read_text(encoding="utf-8"))
LOGISTIC, DENSITY = CalibrationMethod.LOGISTIC, CalibrationMethod.DENSITY


@pytest.fixture
def recorded():
    return ReferencePairs.of(np.array(RECORDED["values"]), np.array(RECORDED["mates"]) == 1)


@pytest.mark.parametrize("method", RECORDED["methods"])
def test_equal_to_lir(recorded, method):
    expected = RECORDED["methods"][method]
    within = 1e-3 if method.startswith("logistic") else 1e-6
    if method.startswith("logistic"):
        fitted = fit_logistic(recorded, penalty=1.0)
    else:
        fitted = fit(CalibrationMethod(method), recorded)
    lrs = np.array([np.nan if v is None else v for v in expected["log10_lr"]])
    found = fitted(np.array(RECORDED["at"]))
    assert (np.isfinite(found) == np.isfinite(lrs)).all()
    assert found[np.isfinite(lrs)] == pytest.approx(lrs[np.isfinite(lrs)], abs=within)
    own, mates = fitted(recorded.values), recorded.mates
    for name, bound in (
        ("elub", expected_utility_bound(own, mates)),
        ("iv", invariance_bound(own, mates)),
    ):
        step = 0.0101 if method.startswith("logistic") else 1e-6
        assert (bound.lower, bound.upper) == pytest.approx(tuple(expected[name]), abs=step)
    assert cllr(own, mates) == pytest.approx(expected["cllr"], abs=within)
    assert cllr_min(own, mates) == pytest.approx(expected["cllr_min"], abs=within)
    assert dev_pav(own, mates) == pytest.approx(expected["dev_pav"], abs=within)


def test_weights_count_as_repeated_pairs(recorded):
    often = np.random.default_rng(1).integers(0, 4, len(recorded.values)).astype(float)
    rows = np.repeat(np.arange(len(often)), often.astype(int))
    repeated = ReferencePairs.of(recorded.values[rows], recorded.mates[rows])
    at = np.array(RECORDED["at"])
    for method in (LOGISTIC, DENSITY, CalibrationMethod.ISOTONIC):
        one = fit(method, recorded.weighted(often))(at)
        assert one == pytest.approx(fit(method, repeated)(at), abs=1e-6)


def test_a_density_at_many_places_is_that_at_few(recorded):
    fitted = fit(DENSITY, recorded)
    at = np.linspace(recorded.values.min(), recorded.values.max(), 3000)
    few = np.concatenate([fitted(part) for part in np.split(at, 6)])
    assert fitted(at) == pytest.approx(few, abs=1e-5)


def test_a_logistic_curve_needs_an_overlap():
    apart = ReferencePairs.of(np.array([0.0, 1.0, 2.0, 3.0]), np.array([False, False, True, True]))
    with pytest.raises(ParameterError, match="overlap needed, found 1 at most and 2 at least"):
        fit_logistic(apart)


def test_counts_find_the_parameters_they_were_made_with():
    rng = np.random.default_rng(4)
    cells = np.full(6000, 30.0)
    mates = np.arange(6000) < 3000
    chance = np.where(mates, rng.beta(4.0, 2.0, 6000), 0.02)
    values = rng.binomial(30, chance).astype(float)
    fitted = fit(
        CalibrationMethod.COUNTS, ReferencePairs.of(np.column_stack([values, cells]), mates)
    )
    assert (fitted.alpha, fitted.beta) == pytest.approx((4.0, 2.0), rel=0.1)
    assert fitted.chance == pytest.approx(0.02, rel=0.05)


def test_cross_entropy_at_even_odds_is_cllr(recorded):
    lrs = fit(DENSITY, recorded)(recorded.values)
    even = cross_entropy(lrs, recorded.mates, np.array([0.0]))[0]
    assert even == pytest.approx(cllr(lrs, recorded.mates))


# The scores of the Netherlands Forensic Institute, in its three splits by firearm.


def nfi_splits(folder, file, column, figure):
    text = (folder / "scores" / f"{file}.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    unit = 100 if column == "accf" else 1
    table = table_of(
        figure,
        [
            PopulationPair(
                r["weapon1"], r["weapon2"], float(r[column]) / unit, float(r.get("n", 0))
            )
            for r in rows
        ],
    )
    for split in ("split1", "split2", "split3"):
        part = np.array([row[split] for row in rows])
        yield table.chosen(part == "t"), table.chosen(part == "v")


def validated(training, test, method):
    """Cllr with ELUB alone, and with the narrowest bound."""
    fitted = fit_bounded(training, method)
    lrs = fitted.calibration(test.scaled(method))
    elub = fitted.bounds[0]
    narrowest = fitted.log10_lrs(test)
    bounded = np.clip(lrs, elub.lower, elub.upper)
    return cllr(bounded, test.mates), cllr(narrowest, test.mates)


@pytest.mark.realdata
def test_aperture_shear_of_nfi(real_data):
    splits = nfi_splits(real_data, "aperture_shear", "ccf", "ccf")
    costs = np.array([validated(*split, LOGISTIC) for split in splits])
    elub, narrowest = costs.mean(axis=0)
    assert elub <= 0.05
    assert narrowest <= 0.055


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "column", "method", "published"),  # ALGORITHMS.md 3.3, with ELUB
    [
        ("firing_pin_impression", "accf", "density", (0.08, 0.25, 0.13)),
        ("firing_pin_impression", "cmc", "counts", (0.015, 0.13, 0.02)),
        ("breech_face_impression", "accf", "density", (0.47, 0.69, 0.38)),
        ("breech_face_impression", "cmc", "counts", (0.35, 0.27, 0.23)),
    ],
)
def test_impressions_of_nfi(real_data, file, column, method, published):
    splits = nfi_splits(real_data, file, column, "cmc" if column == "cmc" else "ccf")
    found = [validated(*split, CalibrationMethod(method))[0] for split in splits]
    assert found == pytest.approx(published, abs=0.02)


# Made-up firearms: known non-matches are N(0, s), known matches N(gap, s) on the logit scale, with
# an effect of each firearm, so that the true log10 LR is a straight line.

GAP, SPREAD = 0.8, 0.125**0.5


def simulated(firearms: int, seed: int, shots: int = 3) -> PairTable:
    rng = np.random.default_rng(seed)
    own, shared = rng.normal(0, 0.25 / 2**0.5, firearms), rng.normal(0, 0.25, firearms)
    i, j = np.triu_indices(firearms, 1)
    k = np.repeat(np.arange(firearms), shots)
    others = own[i] + own[j] + rng.normal(0, 0.25, len(i))
    mates = GAP + shared[k] + rng.normal(0, 0.25, len(k))
    names = tuple(f"gun {n}" for n in range(firearms))
    values = as_ccf(np.concatenate([others, mates]))
    first, second = np.concatenate([i, k]), np.concatenate([j, k])
    return PairTable("ccf", values, np.zeros(len(values)), first, second, names)


def one_figure(ccf: float) -> PairTable:
    return table_of("ccf", [PopulationPair("", "", ccf)])


def as_ccf(logits):
    return 2 * 10**logits / (1 + 10**logits) - 1


def true_log10_lr(logit):
    return GAP / SPREAD**2 * (logit - GAP / 2) / np.log(10)


@pytest.mark.slow
@pytest.mark.parametrize(("firearms", "runs"), [(20, 100), (60, 100), (200, 40)])
def test_coverage_of_the_intervals(firearms, runs, counted):
    plan = Plan("ccf", (DENSITY,), resamples=200)
    covered = []
    for run in range(runs):
        table = simulated(firearms, 1000 * firearms + run)
        fitted = fit_bounded(table, DENSITY)
        logit = np.random.default_rng(run).uniform(0.15, 0.65)
        low, high = bootstrap_lrs(fitted, table, one_figure(float(as_ccf(logit))), plan)
        assert fitted.limits[0] <= low <= high <= fitted.limits[1]
        truth = np.clip(true_log10_lr(logit), *fitted.limits)
        covered.append(low <= truth <= high)
    share = float(np.mean(covered))
    counted(f"weight: {firearms} firearms, {runs} runs, 95 % intervals cover {share:.1%}")
    assert firearms < 60 or 0.90 <= share <= 0.98


def test_cross_validation_tests_no_firearm_of_its_training():
    table, plan = simulated(30, 5), Plan("ccf", (LOGISTIC,))
    tested = cross_validate(table, LOGISTIC, plan)
    assert tested.table.mates.sum() == 90  # every known match, once
    assert 0 < (~tested.table.mates).sum() < (~table.mates).sum()  # both firearms in one fold
    fold = np.random.default_rng(plan.seed).permutation(30) % plan.folds
    own = (table.first == 0) & table.mates
    moved = replace(table, values=np.where(own, -0.5, table.values))
    same = cross_validate(moved, LOGISTIC, plan).log10_lrs == tested.log10_lrs
    with_gun_0 = fold[tested.table.first] == fold[0]
    assert same[with_gun_0 & ~own[tested.rows]].all()
    assert not same[~with_gun_0].all()


def test_a_firearm_counts_as_often_as_it_was_drawn():
    first, second = np.array([0, 0, 1]), np.array([0, 1, 2])
    table = PairTable("ccf", np.zeros(3), np.zeros(3), first, second, ("a", "b", "c"))
    assert table.weights(np.array([2, 3, 0])).tolist() == [2.0, 6.0, 0.0]


def test_the_figures_of_a_validation():
    tested = cross_validate(simulated(30, 5), LOGISTIC, Plan("ccf", (LOGISTIC,)))
    figures = weight_figures(tested, resamples=50)
    assert figures.cllr.low <= figures.cllr.value <= figures.cllr.high
    parts = figures.cllr_min.value + figures.calibration_loss.value
    assert figures.cllr.value == pytest.approx(parts)
    assert figures.firearms == 30


def test_draws_that_determine_nothing_know_no_limit():
    """One known match alone overlaps: without its firearm there is no logistic curve."""
    table = simulated(25, 8)
    mates = table.mates
    values = np.where(mates, np.maximum(table.values, 0.9), np.minimum(table.values, 0.5))
    values[np.flatnonzero(mates)[0]] = 0.3
    table = replace(table, values=values)
    fitted = fit_bounded(table, LOGISTIC)
    interval = bootstrap_lrs(
        fitted, table, one_figure(0.7), Plan("ccf", (LOGISTIC,), resamples=100)
    )
    assert interval == fitted.limits


def test_too_few_firearms_to_test():
    with pytest.raises(ParameterError, match="4 firearms needed, found 3"):
        cross_validate(simulated(3, 1), DENSITY, Plan("ccf", (DENSITY,)))


# A population in its file.


def population_of(table: PairTable, plan: Plan | None = None, **facts: str) -> Population:
    said = {"make": "Glock", "ammunition": "Fiocchi", "calibre": "9x19", "instrument": "S neox"}
    said |= facts
    names = table.firearms
    scans = [PopulationScan(name, f"{n:064x}", **said) for n, name in enumerate(names)]
    rows = zip(table.first, table.second, table.values, table.cells, strict=True)
    pairs = [PopulationPair(names[i], names[j], float(v), float(c)) for i, j, v, c in rows]
    plan = plan or Plan("ccf", (LOGISTIC,), resamples=50)
    return msgspec.structs.replace(
        begin_population("Laboratory", plan, params_id="0123456789ab"),
        scans=tuple(scans),
        pairs=tuple(pairs),
        result=run_plan(table, plan)[0],
    )


@pytest.fixture(scope="module")
def population():
    return population_of(simulated(25, 7))


def test_a_population_is_read_as_it_was_written(population, tmp_path):
    path = tmp_path / "P.json"
    write_population(population, path)
    assert read_population(path) == population
    table = json.loads(path.read_text(encoding="utf-8"))
    assert table["sha256"] == population.sha256
    assert table["plan"]["criterion"] == "lowest Cllr in cross-validation by firearm"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"9x19"', '"9x18"', "content of SHA-256"),
        ('"version": 1', '"version": 2', "a ribin population of version 1 needed"),
        ('"laboratory"', '"lab"', "no key 'lab'"),
        ('"figure": "ccf"', '"figure": "odds"', "a figure of score, ccf, cmc"),
        ("lowest Cllr in", "highest Cllr in", "the criterion"),
    ],
)
def test_a_changed_population_is_refused(population, tmp_path, old, new, message):
    path = tmp_path / "P.json"
    write_population(population, path)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        read_population(path)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("A,A,1.5,1", "pairs.csv:2: ccf from -1 to 1 needed, found 1.5"),
        ("A,A,nan,1", "a number for ccf needed"),
        ("A,A,high,1", "a number for ccf needed"),
        ("A,B,0.5,1", "known_match 0 needed for A and B, found 1"),
        ("A,,0.5,0", "firearm1 and firearm2 needed"),
    ],
)
def test_a_table_of_pairs_with_a_wrong_row(tmp_path, row, message):
    path = tmp_path / "pairs.csv"
    path.write_text(f"w1,firearm2,ccf,known_match\n{row}\n", encoding="utf-8")
    begun = begin_population("L", plan_for("ccf"))
    with pytest.raises(FormatError, match=message):
        with_pairs_of(begun, PopulationScan(""), path, TableForm({"w1": "firearm1"}))


def test_a_plan_of_counts_needs_cells():
    with pytest.raises(ParameterError, match="counts: the figure cmc needed"):
        plan_for("ccf", ("counts",))
    assert CalibrationMethod.COUNTS in plan_for("cmc").methods


# The weight of a comparison.


def case(ccf: float = 0.5, **changes) -> CaseFacts:
    result = Comparison(
        *("A", "B", MarkType.BREECH_FACE, 40, 20.0, 0.5, ccf, 80.0, (), 0.0, (0.0, 0.0), ()),
        params_id="0123456789ab",
        version="0",
    )
    facts = ("S neox", "9x19", "Fiocchi", "", Verdict.USABLE)
    items = (CaseItem("A", "a" * 64, *facts), CaseItem("B", "b" * 64, *facts))
    result = replace(result, **changes)
    return CaseFacts((result,), ScanKind.TOPOGRAPHY, items)


def changed(facts: CaseFacts, number: int, **changes) -> CaseFacts:
    items = list(facts.items)
    items[number] = replace(items[number], **changes)
    return replace(facts, items=(items[0], items[1]))


def test_a_weight_lies_within_its_bounds_and_says_so(population):
    weights = [weight_of(population, case(ccf)) for ccf in (-0.99, 0.0, 0.4, 0.99)]
    for weight in weights:
        lower = max(bound.lower for bound in weight.bounds)
        upper = min(bound.upper for bound in weight.bounds)
        assert weight.refusals == ()
        assert lower <= weight.interval95[0] <= weight.log10_lr <= weight.interval95[1] <= upper
        assert upper <= np.log10(26)
        said = any("bound was reached" in text for text in weight_text(weight))
        assert said == bool(weight.bound_reached)
    assert [w.bound_reached for w in weights][0::3] == ["lower", "upper"]
    lrs = [weight.log10_lr for weight in weights]
    assert lrs == sorted(lrs)
    assert "3/300" in weights[-1].statement
    assert "3/25" in weights[-1].statement
    assert "300 of the 300" in weights[0].statement


def test_the_weight_of_a_count_of_cells():
    table, rng = simulated(22, 9), np.random.default_rng(9)
    cells = rng.integers(30, 44, len(table.values)).astype(float)
    share = np.where(table.mates, rng.beta(6, 4, len(cells)), 0.03)
    table = replace(table, figure="cmc", cells=cells, values=rng.binomial(cells.astype(int), share))
    plan = Plan("cmc", (CalibrationMethod.COUNTS,), resamples=20)
    weights = [weight_of(population_of(table, plan), case(cmc=cmc)) for cmc in (0.0, 4.0, 25.0)]
    assert [weight.refusals for weight in weights] == [(), (), ()]
    assert weights[0].log10_lr < 0 < weights[2].log10_lr <= np.log10(23)
    assert "above all 231 comparable known non-matches" in weights[2].statement


def test_a_weight_speaks_no_conclusion(population):
    for facts in (case(0.99), case(0.1), changed(case(), 0, calibre="")):
        texts = weight_text(weight_of(population, facts))
        assert forbidden_words(" ".join(texts)) == []


INAPPLICABLE = {
    "method parameters": lambda rng: case(params_id=f"{rng.integers(1 << 40):012x}"),
    "mark type": lambda rng: case(mark=rng.choice([MarkType.FIRING_PIN, MarkType.EJECTOR])),
    "kind of scan": lambda rng: replace(case(), kind=ScanKind.IMAGE),
    "a note": lambda rng: case(note="shared toolmarks: look at the slide"),
    "not compared": lambda rng: case(ccf=np.nan, score=np.nan, reason="2 cells"),
    "instrument": lambda rng: changed(case(), rng.integers(2), instrument=rng.choice(["", "TM"])),
    "calibre": lambda rng: changed(case(), rng.integers(2), calibre=rng.choice(["", ".45"])),
    "ammunition": lambda rng: changed(case(), rng.integers(2), ammunition=rng.choice(["", "PMC"])),
    "is in the population": lambda rng: changed(
        case(), rng.integers(2), firearm=f"GUN  {rng.integers(25)}"
    ),
    "its scan is in": lambda rng: changed(
        case(), rng.integers(2), sha256=f"{rng.integers(25):064x}"
    ),
    "one scan": lambda rng: changed(case(), 0, sha256="b" * 64),
    "quality": lambda rng: changed(
        case(), rng.integers(2), verdict=rng.choice([None, Verdict.POOR, Verdict.UNUSABLE])
    ),
}


def test_a_thousand_inapplicable_cases_are_all_refused(population):
    rng = np.random.default_rng(11)
    for _ in range(1000):
        name = rng.choice(list(INAPPLICABLE))
        facts = INAPPLICABLE[name](rng)
        result = replace(facts.results[0], ccf=rng.uniform(-1, 1))
        facts = replace(facts, results=(result,))
        weight = weight_of(population, facts)
        assert np.isnan(weight.log10_lr), name
        assert np.isnan(weight.interval95).all()
        assert weight.bounds == ()
        assert any(name in reason for reason in weight.refusals), (name, weight.refusals)
        foreign = name in (
            "method parameters",
            "mark type",
            "kind of scan",
            "not compared",
            "one scan",
        )
        assert bool(weight.statement) != foreign


def test_too_few_firearms_for_a_weight():
    weight = weight_of(population_of(simulated(19, 2)), case())
    assert weight.refusals == ("firearms: 20 needed, the population has 19",)
    assert weight.statement


def test_what_is_said_of_other_parameters_is_nothing(population):
    weight = weight_of(population, case(params_id="ba9876543210"))
    assert weight.refusals == (
        "method parameters: the population has 0123456789ab, the comparison ba9876543210",
    )
    assert "There is no likelihood ratio." in " ".join(weight_text(weight))


def test_an_image_needs_a_lamp_that_the_population_has(population):
    image = msgspec.structs.replace(
        population,
        kind=ScanKind.IMAGE,
        scans=tuple(msgspec.structs.replace(scan, lamp="ring") for scan in population.scans),
    )
    lit = replace(case(), kind=ScanKind.IMAGE)
    for lamp, expected in (
        ("ring", ()),
        ("side", ("lamp of A: the population has no side",)),
        ("", ("lamp of A: not known",)),
    ):
        facts = changed(changed(lit, 0, lamp=lamp), 1, lamp="ring")
        assert weight_of(image, facts).refusals == expected
    assert weight_of(population, case()).refusals == ()  # a topography has no lamp


def test_a_low_figure_never_speaks_for_one_firearm():
    """Two normal densities of unlike width cross twice; labels may be the wrong way round."""
    table = simulated(25, 7)
    inverted = replace(table, values=-table.values)
    wide = replace(table, values=np.where(table.mates, table.values, table.values * 0.2))
    for one in (wide, inverted):
        made = population_of(one, Plan("ccf", (DENSITY,), resamples=20))
        assert not weight_of(made, case(-0.95)).log10_lr > 0
    with pytest.raises(ParameterError, match="slope of 0 or more"):
        fit(LOGISTIC, inverted.reference(LOGISTIC))


def test_facts_must_be_covered_together():
    made = population_of(simulated(25, 7))
    scans = list(made.scans)
    scans[0] = msgspec.structs.replace(scans[0], calibre=".45 ACP")
    mixed = msgspec.structs.replace(made, scans=tuple(scans))
    facts = changed(changed(case(), 0, calibre=".45 ACP"), 1, calibre=".45 ACP")
    assert any("20 firearms of its" in reason for reason in weight_of(mixed, facts).refusals)
    two = weight_of(mixed, changed(case(), 0, calibre=".45 ACP"))
    assert any("of two calibres" in reason for reason in two.refusals)
    assert weight_of(mixed, case()).refusals == ()


# Mark types of the same cartridge cases, fused.


def fused_table(firearms: int, seed: int) -> PairTable:
    """Two mark types whose figures depend on nothing in common but the firearms."""
    one, two = simulated(firearms, seed), simulated(firearms, seed + 1)
    return replace(one, fused=two.values[:, None])


def fused_population(table: PairTable) -> Population:
    plan = plan_for("ccf", fused=True, resamples=50)
    single = population_of(replace(table, fused=None), plan)
    pairs = tuple(
        msgspec.structs.replace(pair, fused=(float(value),))
        for pair, (value,) in zip(single.pairs, table.fused, strict=True)
    )
    marks = (MarkType.BREECH_FACE, MarkType.FIRING_PIN)
    return msgspec.structs.replace(
        single, marks=marks, pairs=pairs, result=run_plan(table, plan)[0]
    )


def fused_case(breech_face: float, firing_pin: float) -> CaseFacts:
    facts = case(breech_face)
    other = case(firing_pin, mark=MarkType.FIRING_PIN).results
    return replace(facts, results=(*facts.results, *other))


def test_fusion_finds_the_slopes_of_two_independent_marks():
    table = fused_table(150, 21)
    fitted = fit_bounded(table, LOGISTIC).calibration
    logits = np.array([[0.3, 0.5], [0.5, 0.3], [0.7, 0.7]])
    truth = true_log10_lr(logits).sum(axis=1)
    assert fitted(logits) == pytest.approx(truth, abs=0.25)


def test_fusion_is_worth_more_than_its_parts():
    table = fused_table(60, 31)
    alone = replace(table, fused=None)
    other = replace(alone, values=table.fused[:, 0])
    plan = Plan("ccf", (LOGISTIC,))
    costs = [run_plan(one, plan)[0].methods[0].cllr for one in (table, alone, other)]
    assert costs[0] < 0.7 * min(costs[1:])


def test_marks_that_do_not_overlap_are_not_fused():
    mates = np.arange(40) >= 30
    values = np.column_stack([np.where(mates, 2.0, -2.0), np.zeros(40)])
    values += np.random.default_rng(3).normal(0, 0.1, values.shape)
    with pytest.raises(ParameterError, match="overlap needed"):
        fit_logistic(ReferencePairs.of(values, mates))
    against = values * [0.2, -1.0] + np.where(mates, -1.0, 1.0)[:, None] * [0.4, 0.02]
    with pytest.raises(ParameterError, match=r"slope of 0 or more needed|overlap needed"):
        fit_logistic(ReferencePairs.of(against, mates))


def test_a_fused_weight_needs_both_marks(tmp_path):
    population = fused_population(fused_table(25, 41))
    path = tmp_path / "P.json"
    write_population(population, path)
    assert read_population(path) == population
    high, low = (weight_of(population, fused_case(*ccfs)) for ccfs in ((0.7, 0.8), (-0.5, -0.5)))
    assert high.refusals == low.refusals == ()
    assert low.log10_lr < 0 < high.log10_lr <= np.log10(26)
    assert high.values == (0.7, 0.8)
    text = " ".join(weight_text(high))
    assert "a breech face mark and a firing pin mark" in text
    assert "0.700 (breech face) and 0.800 (firing pin)" in text
    assert "Firing pin: " in high.statement
    assert forbidden_words(text) == []
    refused = weight_of(population, case(0.7))
    assert any(reason.startswith("mark type") for reason in refused.refusals)
    poor = fused_case(0.7, np.nan)
    poor = replace(poor, results=(poor.results[0], replace(poor.results[1], score=np.nan)))
    assert "firing pin marks were not compared" in weight_of(population, poor).refusals[0]


def test_mark_types_are_fused_by_one_method():
    marks = (MarkType.BREECH_FACE, MarkType.FIRING_PIN)
    with pytest.raises(ParameterError, match="fused by the method logistic, of score or ccf"):
        begin_population("L", plan_for("cmc"), marks)
    with pytest.raises(ParameterError, match="each once needed"):
        begin_population("L", plan_for("ccf", fused=True), (marks[0], marks[0]))


def test_a_table_of_fused_pairs(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("firearm1,firearm2,ccf_breech_face,ccf_firing_pin\nA,A,0.5,0.25\n")
    marks = (MarkType.BREECH_FACE, MarkType.FIRING_PIN)
    begun = begin_population("L", plan_for("ccf", fused=True), marks)
    taken = with_pairs_of(begun, PopulationScan(""), path, TableForm())
    assert taken.pairs == (PopulationPair("A", "A", 0.5, 0.0, (0.25,)),)
    path.write_text("firearm1,firearm2,ccf_breech_face,ccf_firing_pin\nA,A,0.5,1.25\n")
    with pytest.raises(FormatError, match=r"needed, found 1\.25"):
        with_pairs_of(begun, PopulationScan(""), path, TableForm())


# What `ribin evaluate --weight` and a validation report show.


def evaluated(firearms: int = 12) -> list[Pair]:
    table = simulated(firearms, 3)
    names, rng = table.firearms, np.random.default_rng(1)
    return [
        Pair(
            f"{n}a",
            f"{n}b",
            (names[i], names[j]),
            (rng.choice(["X", "Y"]), "X"),
            MarkType.BREECH_FACE,
            50 + 50 * ccf,
            4.0,
            0.1,
            ccf,
            40,
        )
        for n, (i, j, ccf) in enumerate(zip(table.first, table.second, table.values, strict=True))
    ]


def test_a_validation_by_firearm_and_ammunition(tmp_path):
    result, tested = validate_weight(evaluated(), plan_for("score"))
    assert result.figures
    assert tested
    assert len(result.firearms) == 12
    assert [part.name for part in result.ammunition] == ["same", "different"]
    count = sum(part.known_match for part in result.ammunition)
    assert count == result.figures.known_match == 36
    text = validation_text(result)
    assert "calibration loss" in text
    assert forbidden_words(text) == []
    pytest.importorskip("matplotlib")
    for path in write_weight_pictures(tested, "study", tmp_path):
        assert path.stat().st_size > 1000


@pytest.mark.parametrize(
    ("required", "decision"),
    [
        ({}, "This report decides nothing."),
        ({"cllr": 0.9, "eer": 0.9}, "All 2 criteria are met"),
        ({"cllr": 1e-6, "eer": 0.9}, "1 of 2 criteria are not met"),
    ],
)
def test_a_validation_report_in_the_order_of_the_guideline(required, decision):
    population = population_of(simulated(25, 7), Plan("ccf", (LOGISTIC,), required=required))
    document = population_report(population, "A. Examiner")
    assert [section.title for section in document.sections] == [
        "Scope",
        "Performance characteristics, metrics and graphs",
        "Validation criteria",
        "Data",
        "Experiment",
        "Results",
        "Validation matrix and decision",
        "Limits",
        "Firearms",
    ]
    text = "\n".join(document_texts(document))
    assert decision.casefold() in text.casefold()
    assert forbidden_words(text) == []
    assert "Cllr" in document_html(document)


def test_what_was_never_seen_has_a_bound_over_firearms():
    """Classes far apart: no likelihood ratio misleads, which 12 firearms do not prove."""
    table = simulated(12, 3)
    apart = replace(table, values=np.where(table.mates, 0.9, -0.9) + table.values * 0.01)
    plan = Plan("ccf", (DENSITY,), required={"eer": 0.0001})
    document = population_report(population_of(apart, plan), "A. Examiner")
    text = "\n".join(document_texts(document))
    assert "0.0000 (0.0000 to 0.2500)" in text
    assert "met; the interval reaches beyond" in text
    assert "They are of 12 firearms, and 20 are needed" in text
    assert "nan" not in text


def test_a_requirement_of_an_unknown_figure():
    with pytest.raises(ParameterError, match=r"one of cllr, .* needed, found 'auc'"):
        plan_for("score", required={"auc": 0.9})


def test_a_validation_without_a_method():
    result, tested = validate_weight(evaluated(3), plan_for("score"))
    assert result.figures is None
    assert tested is None
    assert "no method could be fitted" in validation_text(result)
