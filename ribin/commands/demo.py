"""`ribin demo`: the whole program on a small made-up network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ribin.commands.node import check_node_extra
from ribin.commands.options import A_PATH, Call, common_options
from ribin.commands.terminal import Progress, say
from ribin.report.text import search_table

if TYPE_CHECKING:
    from ribin.services.demo import Demo


@click.command(short_help="Search a small made-up network.")
@click.option("--keep", type=A_PATH, help="Folder for the network, to go on with afterwards.")
@click.option("--picture", type=A_PATH, default="ribin-demo.png", show_default=True)
@click.option("--nodes", is_flag=True, help="Ask over lines, at a node of each member.")
@common_options("jobs")
def demo(keep: Path | None, picture: Path, nodes: bool, call: Call) -> None:
    """Enrol the sample scans of five countries, search in each scope, and draw the evidence.

    The scans are synthetic. The network is made in a temporary folder unless --keep names one. With
    --nodes (extra `ribin[node]`) each member is a process of its own, asked over HTTPS.

    \b
    Examples:
      ribin demo
      ribin demo --nodes
      ribin demo --keep demo && \\
          ribin network show --network demo/network.toml --vault demo/vaults/JAM
    """
    from ribin.services.demo import build_demo, demo_folder, search_demo
    from ribin.services.files import PICTURE, check_output

    check_output(picture, PICTURE)
    with demo_folder(keep) as folder:
        built = build_demo(folder, call.jobs, Progress())
        say(f"{built.scans} synthetic scans of {built.members} members enrolled")
        with _asked(built, nodes) as demo:
            say(f"query: exhibit {demo.exhibit} of {demo.member}")
            for result in search_demo(demo, picture, call.jobs):
                say(f"\n{search_table(result)}")
    say(f"\npicture of the first candidate in the cluster: {picture.resolve()}")


@contextmanager
def _asked(built: Demo, nodes: bool) -> Iterator[Demo]:
    """The demonstration as it is asked: in folders, or at nodes that run until the end."""
    if not nodes:
        yield built
        return
    check_node_extra()
    from ribin.node.demo import demo_nodes

    with demo_nodes(built, say) as (demo, _):
        yield demo
