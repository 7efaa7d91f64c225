"""One HTML file from hand-written parts: everything inside, nothing fetched, nothing else runs."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ribin.comparison import score_text
from ribin.report.json import plain_value

if TYPE_CHECKING:
    from jinja2 import Environment

_PARTS = files("ribin.view") / "page"


def read_part(name: str) -> str:
    """A hand-written file of `page/`: HTML template, style or script."""
    return (_PARTS / name).read_text(encoding="utf-8")


def render_page(
    template: str, styles: Sequence[str], scripts: Sequence[str], data: Any = None, **shown: Any
) -> str:
    """Fill a template of `page/` with what is `shown`; every value is escaped.

    It puts `head` into its head, and `data` and `scripts` at its end. Scripts run in their order
    and share their names; they read `data`: dataclasses, mappings, sequences, text, numbers.
    """
    style = "\n".join(read_part(name) for name in styles)
    codes = [read_part(name) for name in scripts]
    head = Markup('<meta http-equiv="Content-Security-Policy" content="{}">\n<style>{}</style>')
    inline = Markup("\n").join(Markup("<script>{}</script>").format(Markup(c)) for c in codes)
    block = Markup('<script type="application/json" id="data">{}</script>')
    return (
        _environment()
        .get_template(template)
        .render(
            head=head.format(Markup(content_policy([style], codes)), Markup(style)),
            data=block.format(Markup(script_safe_json(data))),
            scripts=inline,
            **shown,
        )
    )


def content_policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """A Content-Security-Policy under which these very texts run and nothing is ever fetched."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_source_hash, scripts))}",
            f"style-src {' '.join(map(_source_hash, styles))}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def script_safe_json(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever a file is called."""
    text = json.dumps(plain_value(data), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # not for every search

    environment = Environment(
        loader=FunctionLoader(read_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["score"] = score_text
    return environment
