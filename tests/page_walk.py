"""Every page of the application that a person is led to, and every form that one is offered."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

_BASE = re.compile(r"^/[\w-]{43}(?=/)")
_MOST = 400  # pages; more is a walk in a circle
_TYPED = frozenset({"text", "search", "number", "date", "password", "hidden", "email"})


@dataclass
class Form:
    """A form as a person who fills in what is required would send it."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """Where a page leads, what it shows within itself, and what it lets a person send."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.shown: list[str] = []  # pictures and frames
        self.forms: list[Form] = []
        self.scripted: set[str] = set()  # forms that scripts send
        self._form: Form | None = None
        self._area = self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(_BASE.sub("", given["href"]))
        elif tag in ("img", "iframe") and given.get("src", "").startswith("/"):
            self.shown.append(_BASE.sub("", given["src"]))
        elif tag == "form":
            self._form = Form(_BASE.sub("", given.get("action", "")), given.get("method", "get"))
            self.forms.append(self._form)
        elif self._form and given.get("name"):
            self._take(tag, given)
        elif self._form and tag == "option" and self._select:
            chosen = self._form.fields.get(self._select)
            if "selected" in given or not chosen:
                self._form.fields[self._select] = given.get("value", chosen or "")
        if "data-part" in given:
            self.scripted.add("/entry/part")
        if "data-judge" in given:
            self.scripted.add(_BASE.sub("", given["data-judge"]))
        if "data-status" in given:
            self.scripted.add("/list/review")
        if given.get("id") == "keep-notes":
            self.scripted.add("/annotations")

    def _take(self, tag: str, given: dict[str, str]) -> None:
        assert self._form
        name, kind = given["name"], given.get("type", "text")
        if tag == "select":
            self._select = name
            self._form.fields[name] = ""
        elif tag == "textarea" or (tag == "input" and kind in _TYPED):
            required = "walked" if "required" in given else ""
            self._form.fields[name] = given.get("value") or required
        elif kind == "radio" or tag == "button":
            self._form.fields.setdefault(name, given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""

    @property
    def posted(self) -> list[Form]:
        return [form for form in self.forms if form.method == "post"]


class Visitor(Protocol):
    def get(self, path: str) -> Any: ...


def walk(client: Visitor, begin: Iterable[str] = ("/",)) -> dict[str, Any]:
    """The answer of each address that the pages lead to, from these on; each page and each set of
    names of its query once for every value of what names a thing."""
    answers: dict[str, Any] = {}
    seen: set[Any] = set()
    ahead = list(begin)
    while ahead:
        path = ahead.pop(0)
        parts = urlsplit(path)
        told = frozenset(pair for pair in parse_qsl(parts.query) if pair[0] not in ("note",))
        if path.startswith(("http", "#")) or (parts.path, told) in seen:
            continue
        seen.add((parts.path, told))
        answers[path] = answer = client.get(path)
        assert len(answers) < _MOST, "a walk in a circle"
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Page(answer.text)
            ahead += page.links if answer.status == 200 else []
            ahead += page.shown
    return answers


def forms_of(answers: dict[str, Any]) -> dict[str, Form]:
    """One form of each action that pages of a walk offer, with those that scripts send."""
    found: dict[str, Form] = {}
    for answer in answers.values():
        if answer.headers.get("content-type", "").startswith("text/html"):
            page = Page(answer.text)
            for form in page.posted:
                found.setdefault(form.action, form)
            for action in page.scripted:
                found.setdefault(action, Form(action, "post"))
    return found
