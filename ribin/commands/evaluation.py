"""The evaluation of one folder, and the files asked for with it."""

from __future__ import annotations

from pathlib import Path

from ribin.commands.progress import Progress
from ribin.evaluate.pairs import write_pairs
from ribin.evaluate.report import check_pictures, write_pictures
from ribin.evaluate.run import Evaluation, evaluate_folder
from ribin.params.defaults import Params
from ribin.services.files import new_folder_only_if_used, whole_file


def evaluate_and_write(
    folder: Path, params: Params, jobs: int, pairs_csv: Path | None, pictures: Path | None
) -> Evaluation:
    """Evaluate a folder; write a row for every pair, and the pictures, where asked for.

    Raises
    ------
    RibinError
        As `evaluate_folder`; or a file cannot be written, or matplotlib is not installed.
    """
    with new_folder_only_if_used(pictures):
        if pictures:
            check_pictures(pictures)
        result, pairs = evaluate_folder(folder, params, jobs, Progress())
    if pairs_csv:
        with whole_file(pairs_csv) as aside:
            write_pairs(pairs, aside)
    if pictures:
        write_pictures(result, pairs, folder.resolve().name, pictures)
    return result
