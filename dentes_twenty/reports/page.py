"""One page: a template, its figures, its style and scripts, as a single file that asks nobody for anything.

Belongs here: the template environment, the content security policy, data for the page's script, the JSON twin. Does
not belong here: what a page says (`pages`), looks (`templates`, `static`).

The policy allows nothing but the page's own style and scripts, by their hashes: a patient's name that is markup stays
text because templates escape, and would still not run if one did not.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any

import jinja2
import orjson
from markupsafe import Markup

from dentes_twenty.reports.filters import FILTERS
from dentes_twenty.reports.model import Heading
from dentes_twenty.reports.words import Words

_PACKAGE = "dentes_twenty.reports"
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Rendered:
    """A report in its three forms. `tables`: name -> CSV; "" is the main table. `digest`: SHA-256 of the JSON."""

    html: str
    json: str
    tables: Mapping[str, str]

    @property
    def digest(self) -> str:
        """What a signature is for; its first twelve digits stand on the page."""
        return hashlib.sha256(self.json.encode()).hexdigest()


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@functools.cache
def _static(name: str) -> str:
    return resources.files(_PACKAGE).joinpath("static", name).read_text("utf-8")


def as_json(kind: str, report: Any) -> str:
    """The report as JSON: the same values as on the page, in the field names of `model` and `figures`."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    whole = {"kind": kind, "state": getattr(report, "state", None), "report": report}
    return orjson.dumps(whole, default=_plain, option=options).decode() + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON for {type(value).__name__}")


def embedded(data: Any) -> Markup:
    """JSON for a script element: no character in it can end the element or begin a comment."""
    text = orjson.dumps(data, default=_plain).decode()
    return Markup("".join(_ESCAPES.get(letter, letter) for letter in text))  # noqa: S704 (escaped just now)


def words_of(heading: Heading) -> Words:
    """The wording of a page: its language, and moments in the practice's zone."""
    return Words(heading.language, heading.made_at.tzinfo)


def render(
    template: str,
    report: Any,
    tables: Mapping[str, str],
    *,
    scripts: Sequence[str] = (),
    data: Any = None,
    **context: Any,
) -> Rendered:
    """Render `templates/<template>.html.j2`. `report` has a `heading`; `data` is what the page's script reads."""
    heading: Heading = report.heading
    words = words_of(heading)
    json = as_json(template, report)
    style = _static("report.css")
    script = "\n".join(_static(name) for name in ("common.js", *scripts))
    html = (
        _environment()
        .get_template(f"{template}.html.j2")
        .render(
            w=words,
            heading=heading,
            report=report,
            page=template,
            digest=hashlib.sha256(json.encode()).hexdigest()[:12],
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 (our own file)
            script=Markup(script),  # noqa: S704 (our own file)
            data=None if data is None else embedded(data),
            **context,
        )
    )
    return Rendered(html, json, tables)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_source(style)}; script-src {_source(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
