"""`ribin demo`: the whole program on a small made-up network."""

from __future__ import annotations

from pathlib import Path

import click

from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import Progress, say
from ribin.report.text import search_table


@click.command(short_help="Search a small made-up network.")
@click.option("--keep", type=A_PATH, help="Folder for the network, to go on with afterwards.")
@click.option("--picture", type=A_PATH, default="ribin-demo.png", show_default=True)
@common_options("jobs")
def demo(keep: Path | None, picture: Path, call: Call) -> None:
    """Enrol the sample scans of five countries, search in each scope, and draw the evidence.

    The scans are synthetic. The network is made in a temporary folder unless --keep names one.

    \b
    Examples:
      ribin demo
      ribin demo --keep demo && \\
          ribin network show --network demo/network.toml --vault demo/vaults/JAM
    """
    from ribin.services.demo import build_demo, demo_folder, search_demo
    from ribin.services.files import PICTURE, check_output

    check_output(picture, PICTURE)
    with demo_folder(keep) as folder:
        built = build_demo(folder, call.jobs, Progress())
        say(f"{built.scans} synthetic scans of {built.members} members enrolled")
        say(f"query: exhibit {built.exhibit} of {built.member}")
        for result in search_demo(built, picture, call.jobs):
            say(f"\n{search_table(result)}")
    say(f"\npicture of the first candidate in the cluster: {picture.resolve()}")
