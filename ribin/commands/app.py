"""`ribin`: the commands by task, each loaded when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click
from click.shell_completion import CompletionItem, get_completion_class

from ribin._version import __version__

# For each task its commands: the name, where it is defined, and what it does in a few words (the
# same as the `short_help` of the command, which is not loaded for `ribin --help`).
TASKS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "Enter evidence": (
        ("init", "vault:init", "Make an empty vault."),
        ("enrol", "enrol:enrol", "Put scans into a vault."),
        ("exhibit", "exhibit:exhibit", "List, show and correct exhibits."),
        ("mark", "exhibit:mark", "Correct what was made of a scan."),
        ("vocabulary", "vocabulary:vocabulary", "Values of class fields, and their synonyms."),
        ("info", "extract:info", "What a file holds."),
        ("extract", "extract:extract", "Show the marks found in a scan."),
    ),
    "Look at candidates": (
        ("compare", "compare:compare", "Compare two scans."),
        ("view", "view:view", "A page to look at two marks."),
        ("annotate", "annotate:annotate", "Save the annotations of a comparison page."),
        ("search", "search:search", "Rank the exhibits most like a scan."),
        ("searches", "searches:searches", "Searches that were made, by number."),
        ("standing", "saved:standing", "Search for open cases again and again."),
        ("batch", "batch:batch", "Many comparisons, searches or enrolments."),
        ("serve", "serve:serve", "Browse, search and review in a browser."),
    ),
    "Conclude": (
        ("lead", "lead:lead", "Take up candidates for examination."),
        ("review", "lead:review", "Write down your verdict on a lead."),
        ("link", "lead:link", "Confirmed links between exhibits."),
        ("trace", "lead:trace", "Follow the links of an exhibit: the history of a gun."),
        ("report", "report:report", "A comparison or a search as HTML and PDF."),
    ),
    "Share with other members": (
        ("network", "network:network", "Who is in the network; bundles for those without a line."),
        ("node", "node:node", "Answer other members over a line."),
        ("share", "share:share", "How widely exhibits are shared."),
        ("release", "share:release", "Let another member know an exhibit and its event."),
        ("original", "share:original", "Take out the scans of an exhibit."),
    ),
    "Keep the vault": (
        ("store", "vault:store", "Check, back up, restore a vault."),
        ("people", "people:people", "Who may do what in a vault."),
        ("account", "account:account", "Passwords of the people of a vault."),
        ("audit", "audit:audit", "The audit log of a vault."),
        ("stats", "stats:stats", "Entries, searches, leads and links by month; what waits."),
        ("retention", "share:retention", "How long exhibits are kept."),
        ("purge", "share:purge", "Take exhibits out of the vault for good."),
        ("export", "vault:export", "Write everything as X3P, PNG, CSV and JSON."),
        ("import", "vault:import_export", "Make a vault of what `ribin export` wrote."),
    ),
    "Validate the method": (
        ("evaluate", "evaluate:evaluate", "Error rates of labelled scans."),
        ("population", "population:population", "Reference data to weigh a score with."),
        ("synth", "synth:synth", "Make synthetic scans."),
    ),
    "Set up this program": (
        ("demo", "demo:demo", "Search a small made-up network."),
        ("whoami", "whoami:whoami", "Who acts, in which vault, and what says so."),
        ("doctor", "doctor:doctor", "Check this installation, a vault and a network."),
        ("completion", "app:completion", "Let the shell complete commands."),
    ),
}
_HOMES = {name: home for commands in TASKS.values() for name, home, _ in commands}


class CommandsByTask(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _HOMES:
            return None
        module, name = _HOMES[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"ribin.commands.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _HOMES))
        for task, commands in TASKS.items():
            with formatter.section(task):
                formatter.write_dl([(f"{name:<{width}}", words) for name, _, words in commands])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=words)
            for commands in TASKS.values()
            for name, _, words in commands
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(
    cls=CommandsByTask,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
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


SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_RIBIN_COMPLETE"  # click's name for how a shell asks


@click.command(short_help="Let the shell complete commands.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete `ribin` commands and options with the tab key.

    \b
    Examples:
      ribin completion bash >> ~/.bashrc
      ribin completion zsh >> ~/.zshrc
      ribin completion fish > ~/.config/fish/completions/ribin.fish
    """
    script = get_completion_class(shell)
    if script is None:  # a click that knows fewer shells
        raise click.UsageError(f"click {shell} completion needed, found none")
    click.echo(script(app, {}, "ribin", _VARIABLE).source())
