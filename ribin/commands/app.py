"""`ribin`: the group that all commands hang on."""

from __future__ import annotations

import click

import ribin
from ribin.commands.audit import audit
from ribin.commands.batch import batch
from ribin.commands.compare import compare
from ribin.commands.completion import completion
from ribin.commands.demo import demo
from ribin.commands.doctor import doctor
from ribin.commands.enrol import enrol
from ribin.commands.evaluate import evaluate
from ribin.commands.export import export, import_export
from ribin.commands.extract import extract
from ribin.commands.info import info
from ribin.commands.init import init
from ribin.commands.lead import lead
from ribin.commands.link import link
from ribin.commands.network import network
from ribin.commands.original import original
from ribin.commands.people import people
from ribin.commands.report import report
from ribin.commands.retention import purge, retention
from ribin.commands.review import review
from ribin.commands.saved import standing
from ribin.commands.search import search
from ribin.commands.serve import serve
from ribin.commands.share import release, share
from ribin.commands.synth import synth
from ribin.commands.trace import trace
from ribin.commands.vault import store
from ribin.commands.view import view


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(ribin.__version__, prog_name="ribin")
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
