"""The documents as pages: `make docs` writes the guide and both references to build/docs.

The guide is the Markdown beside this file. The reference of the commands is made from the commands
themselves, that of the package from its docstrings. A link that leads nowhere, a docstring that
cannot be read, any warning: all are errors.
"""

from __future__ import annotations

import pkgutil
import re
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from html import escape
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import click

HERE = Path(__file__).parent
ROOT = HERE.parent
OUT = ROOT / "build" / "docs"
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_STYLE = """
body { margin: 0; font: 16px/1.55 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif;
  color: #1b1f24; display: grid; grid-template-columns: 14rem minmax(0, 48rem); gap: 2.5rem; }
nav { background: #f3f5f7; padding: 1.5rem; min-height: 100vh; }
nav a { display: block; padding: .2rem 0; }
main { padding: 1rem 1.5rem 4rem 0; }
a { color: #0a4b75; }
h1, h2, h3 { line-height: 1.25; color: #0a4b75; }
pre { background: #f3f5f7; padding: .8rem 1rem; overflow-x: auto; font-size: .85rem; }
code { background: #f3f5f7; } pre code { background: none; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #d0d7de; padding: .3rem .7rem; text-align: left;
  vertical-align: top; }
@media (max-width: 50rem) {
  body { display: block; } nav { min-height: 0; } main { padding: 1rem; }
}
"""


def main() -> int:
    """Build everything; 1 where something is wrong, which is said on stderr."""
    problems = broken_links()
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for name in pages():
        write_page(name, (HERE / f"{name}.md").read_text(encoding="utf-8"))
    for file in ("tutorial.ipynb", "comparison.png"):
        shutil.copyfile(HERE / file, OUT / file)
    write_page("commands", command_reference())
    write_api()
    print(f"{OUT.relative_to(ROOT)}: {len(list(OUT.rglob('*.html')))} pages")
    return 0


def pages() -> list[str]:
    """The pages of the guide: the index, and in its order those that it links to."""
    index = (HERE / "README.md").read_text(encoding="utf-8")
    return ["README", *dict.fromkeys(re.findall(r"\]\(([a-z-]+)\.md", index))]


def broken_links() -> list[str]:
    """Links of the guide, and of README.md to it, that lead nowhere."""
    found = []
    for page in (ROOT / "README.md", *sorted(HERE.glob("*.md"))):
        for target in _LINK.findall(page.read_text(encoding="utf-8")):
            file, _, _ = target.partition("#")
            made = file in ("commands.html", "api/ribin.html")
            if not file or re.match(r"https?:", file) or made:
                continue
            if not (page.parent / file).exists():
                found.append(f"{page.relative_to(ROOT)}: {target} leads nowhere")
    return found


def write_page(name: str, text: str) -> None:
    """One page of Markdown as HTML, with the list of all pages beside it."""
    import markdown2

    extras = ["fenced-code-blocks", "tables", "header-ids", "cuddled-lists"]
    body = markdown2.markdown(_to_html_links(text), extras=extras)
    title = text.lstrip("# ").split("\n", 1)[0]
    links = [(_file(page), _title(page)) for page in pages()]
    links += [("commands.html", "Commands"), ("api/ribin.html", "Package")]
    nav = "".join(f'<a href="{file}">{escape(title)}</a>' for file, title in links)
    (OUT / _file(name)).write_text(
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><nav aria-label="pages">{nav}</nav><main>{body}</main></body></html>\n',
        encoding="utf-8",
    )


def _file(page: str) -> str:
    return "index.html" if page == "README" else f"{page}.html"


def _title(page: str) -> str:
    return (HERE / f"{page}.md").read_text(encoding="utf-8").lstrip("# ").split("\n", 1)[0]


def _to_html_links(text: str) -> str:
    """Links between the pages of the guide, as they are called when built."""
    return re.sub(rf"\]\(({'|'.join(pages())})\.md", lambda m: f"]({_file(m.group(1))}", text)


def all_commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command under its full name, groups before their members."""
    context = click.Context(group)
    for key in group.list_commands(context):
        command = group.get_command(context, key)
        assert command
        yield f"{name} {key}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{name} {key}")


def command_reference() -> str:
    """What `--help` says of every command, as one page of Markdown."""
    from ribin.commands.app import app

    parts = ["# Commands\n\nMade from the program itself; `ribin COMMAND --help` says the same."]
    for name, command in all_commands(app, "ribin"):
        context = click.Context(command, info_name=name, max_content_width=100)
        parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```")
    return "\n\n".join(parts) + "\n"


def write_api() -> None:
    """The reference of the package, from its docstrings."""
    import pdoc

    import ribin

    warnings.simplefilter("error")
    pdoc.render.configure(docformat="numpy", show_source=False)
    modules = ["ribin", *public_modules(ribin.__path__)]
    for name in pdoc.extract.walk_specs(modules):
        make_plain(import_module(name))
    pdoc.pdoc(*modules, output_directory=OUT / "api")


def make_plain(module: ModuleType) -> None:
    """Import the names that a module imports when first used; name the types of named tuples."""
    for name in getattr(module, "__all__", ()):
        setattr(module, name, getattr(module, name))
    for value in vars(module).values():
        if isinstance(value, type) and hasattr(value, "_fields"):
            value.__new__.__annotations__ = get_type_hints(value)


def public_modules(path: Iterable[str]) -> Iterator[str]:
    """Modules that a programmer imports; the commands have a reference of their own."""
    for module in pkgutil.iter_modules(path, "ribin."):  # pdoc goes on into the folders
        if module.name != "ribin.commands" and not module.name.startswith("ribin._"):
            yield module.name


if __name__ == "__main__":
    sys.exit(main())
