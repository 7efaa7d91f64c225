"""`ribin`: the group that all commands hang on."""

from __future__ import annotations

import click

from ribin._version import __version__
from ribin.commands.audit import audit
from ribin.commands.batch import batch
from ribin.commands.compare import compare
from ribin.commands.demo import demo
from ribin.commands.doctor import doctor
from ribin.commands.enrol import enrol
from ribin.commands.evaluate import evaluate
from ribin.commands.extract import extract, info
from ribin.commands.lead import lead, link, review, trace
from ribin.commands.network import network
from ribin.commands.people import people
from ribin.commands.report import report
from ribin.commands.saved import standing
from ribin.commands.search import search
from ribin.commands.serve import serve
from ribin.commands.share import original, purge, release, retention, share
from ribin.commands.synth import synth
from ribin.commands.vault import export, import_export, init, store
from ribin.commands.view import view

# `ribin completion`: a script that lets a shell complete commands, options and file names.

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_RIBIN_COMPLETE"  # click's name for how a shell asks


@click.command(short_help="Let the shell complete commands.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete `ribin` commands and options with the tab key.

    \b
    Examples:
      ribin completion bash >> ~/.bashrc
      ribin completion zsh >> ~/.zshrc
      ribin completion fish > ~/.config/fish/completions/ribin.fish
    """
    from click.shell_completion import get_completion_class

    script = get_completion_class(shell)
    if script is None:  # a click that knows fewer shells
        raise click.UsageError(f"click {shell} completion needed, found none")
    program = context.find_root().command
    click.echo(script(program, {}, "ribin", _VARIABLE).source())


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ribin")
def app() -> None:
    """Compare marks on fired cartridge cases, and search for others of the same firearm.

    The program sorts and shows candidates; a named examiner concludes.

    \b
    Start here:
      ribin demo                                   a small network, three searches, a picture
      ribin compare A.x3p B.x3p --overlay ab.png   two scans
      ribin COMMAND --help                         every option, with examples

    Exit codes: 0 done, 1 some items failed (listed), 2 wrong usage, 3 nothing could be done.
    """


for command in (
    init,
    network,
    enrol,
    compare,
    view,
    search,
    batch,
    standing,
    report,
    lead,
    review,
    link,
    trace,
    share,
    release,
    original,
    retention,
    purge,
    export,
    import_export,
    people,
    audit,
    evaluate,
    info,
    extract,
    demo,
    store,
    synth,
    serve,
    doctor,
    completion,
):
    app.add_command(command)
