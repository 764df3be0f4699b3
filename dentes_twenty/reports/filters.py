"""Template filters: values and codes as text in the page's own wording, and links that cannot be scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from jinja2.runtime import Context

from dentes_twenty.reports import reasons
from dentes_twenty.reports.model import Finding
from dentes_twenty.reports.reasons import Reason
from dentes_twenty.reports.values import shown as shown_value
from dentes_twenty.reports.words import Words


def _words(context: Context) -> Words:
    words: Words = context["w"]
    return words


@jinja2.pass_context
def shown(context: Context, value: Any, type_: str) -> str:
    """A wire value of a field type."""
    return shown_value(value, type_, _words(context))


@jinja2.pass_context
def reason(context: Context, text: str) -> str:
    """The sentence for a `why`."""
    return reasons.why(text, _words(context))


@jinja2.pass_context
def finding(context: Context, value: Finding) -> Reason:
    """What is wrong with a row, and what to do."""
    return reasons.reason(value.code, _words(context))


def sureness(confidence: float) -> str:
    """The tone of a confidence between 0 and 1."""
    return "good" if confidence >= 0.85 else "warn" if confidence >= 0.6 else "bad"


def weblink(url: str) -> str:
    """The address, if it is one of the web; "#" for anything that could be a script."""
    return url if urlsplit(url).scheme in ("http", "https") else "#"


def neighbour(name: str) -> str:
    """A file beside the page."""
    return quote(name.rsplit("/", 1)[-1])


FILTERS: Mapping[str, Callable[..., Any]] = {
    "finding": finding,
    "neighbour": neighbour,
    "reason": reason,
    "shown": shown,
    "sureness": sureness,
    "weblink": weblink,
}
