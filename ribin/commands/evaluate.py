"""`ribin evaluate`: labelled scans to error rates."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import Progress, exit_after, list_failed, say_note
from ribin.services.files import new_folder_only_if_used, whole_file


@click.command(short_help="Error rates of labelled scans.")
@click.argument("folder", metavar="DIR", type=A_PATH)
@click.option("--pairs", "pairs_csv", type=A_PATH, help="Write a CSV row for every pair.")
@click.option("--pictures", type=A_PATH, help="Folder for ROC, scores and ranks as PNG.")
@click.option("--weight", is_flag=True, help="What likelihood ratios of these scores are worth.")
@click.option(
    "--validation",
    metavar="FILE",
    type=A_PATH,
    multiple=True,
    help="With --weight: the validation report, .html or .pdf; may be given twice.",
)
@common_options("figure", "map", "requirements", "params", "rotation", "jobs", "json", "who")
def evaluate(
    folder: Path,
    pairs_csv: Path | None,
    pictures: Path | None,
    weight: bool,
    validation: tuple[Path, ...],
    figure: str,
    required: dict[str, float],
    call: Call,
) -> None:
    """Compare all pairs of the scans that DIR/labels.csv names, and show the error rates.

    labels.csv has the columns file,firearm and optionally ammunition, mark and lighting
    (ring, side or side:DEG; images under unlike light are not compared).

    With --weight likelihood ratios are tested in cross-validation by firearm: Cllr, its parts,
    rates of misleading ones, each with its interval over firearms. --validation writes them as a
    report in the order of the guideline of Meuwly, Ramos and Haraksim (2017), with a decision on
    each criterion of --require.

    \b
    Examples:
      ribin evaluate sample_data
      ribin evaluate sample_data --json --pairs pairs.csv --jobs 2
      ribin evaluate sample_data --pictures pictures --rotation any
      ribin evaluate study --weight --pictures pictures
      ribin evaluate study --weight --validation validation.html --require cllr=0.2
    """
    from ribin.evaluate.pairs import label_notes, write_pairs
    from ribin.evaluate.population import plan_for
    from ribin.evaluate.report import (
        check_pictures,
        evaluation_text,
        validation_text,
        write_pictures,
        write_weight_pictures,
    )
    from ribin.evaluate.run import evaluate_folder
    from ribin.evaluate.validation import validate_weight
    from ribin.report.json import plain_value
    from ribin.services.pair import check_reports, write_reports
    from ribin.services.weight import study_report

    if (validation or required) and not weight:
        raise click.UsageError("--validation and --require need --weight")
    check_reports(validation)
    plan = plan_for(figure, required=required)
    form = call.table_form()
    for note in label_notes(folder, form):
        say_note(note)
    with new_folder_only_if_used(pictures):
        if pictures:
            check_pictures(pictures)
        result, pairs = evaluate_folder(folder, call.params, call.jobs, Progress(), form)
    if pairs_csv:
        with whole_file(pairs_csv) as aside:
            write_pairs(pairs, aside)
    if pictures:
        write_pictures(result, pairs, folder.resolve().name, pictures)
    shown, said = plain_value(result), [evaluation_text(result)]
    if weight:
        weighed, tested = validate_weight(pairs, plan)
        if validation:
            write_reports(study_report(folder, result, plan, weighed, tested, call.who), validation)
        shown["weight"] = weighed
        said.append(validation_text(weighed))
        if pictures and tested:
            write_weight_pictures(tested, folder.resolve().name, pictures)
    call.show(shown, lambda _: "\n\n".join(said))
    list_failed((failed.file, failed.reason) for failed in result.failed_scans)
    exit_after(done=result.scans, failed=result.not_compared)
