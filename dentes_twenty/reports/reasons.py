"""Reason codes in plain words: what is wrong with a row, and what to do about it, in English and Turkish.

Belongs here: finding the words for a code of `exports.issues`, `exports.records`, `migration.planning.rows`,
`migration.parents`, `twenty.outcomes`, and for why a value was not migrated. The words stand in `texts/reasons.yaml`.
Does not belong here: deciding that something is wrong.

A code has an entry of its own, or belongs to a family: `missing_<column>`, `bad_<column>`, `unknown_<column>` (a word
that nobody mapped), `unknown_<record>`, `ambiguous_<record>`, `<record>_quarantined`, `refused_<code>`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any, NamedTuple

import yaml

from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.objects.source import Kind
from dentes_twenty.reports.words import Words

_CODE = re.compile(r"[a-z][a-z0-9_]*")


class Reason(NamedTuple):
    """`what` is wrong, and what a person does to `fix` it; sentences."""

    what: str
    fix: str


@functools.cache
def entries() -> Mapping[str, Mapping[str, Any]]:
    """Code or family -> language -> (what, fix)."""
    source = resources.files("dentes_twenty.reports").joinpath("texts", "reasons.yaml").read_text("utf-8")
    loaded: Mapping[str, Mapping[str, Any]] = yaml.safe_load(source)
    return loaded


@functools.cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """Names of columns (with and without `_id`), and of what references point at."""
    columns = {column.name for report in REPORTS for column in report.columns}
    columns |= {name.removesuffix("_id") for name in columns}
    records = {c.reference.to for report in REPORTS for c in report.columns if c.reference is not None}
    return frozenset(columns), frozenset(records)


def word_columns() -> frozenset[str]:
    """Columns that hold words of a value map."""
    return frozenset(c.name for report in REPORTS for c in report.columns if c.kind in (Kind.CHOICE, Kind.BOOLEAN))


def _family(code: str) -> tuple[str, str] | None:
    """The family's entry and the name that its words are filled with."""
    columns, records = _names()
    for prefix in ("missing", "bad"):
        name = code.removeprefix(f"{prefix}_")
        if name != code and name in columns:
            return f"{prefix}_*", name
    for prefix in ("unknown", "ambiguous"):
        name = code.removeprefix(f"{prefix}_")
        if name != code and name in records:
            return f"{prefix}_*", name
        if name != code and prefix == "unknown" and name in word_columns():
            return "unknown_word_*", name
    name = code.removesuffix("_quarantined")
    if name != code and name in records:
        return "*_quarantined", name
    return ("refused_*", code) if code.startswith("refused_") else None


def known(code: str) -> bool:
    """Whether the code has words of its own or of a family."""
    return code in entries() or _family(code) is not None


def reason(code: str, words: Words) -> Reason:
    """The words for a code. A code that nobody knows is shown as it is, so that it can be asked about."""
    found = (code, "") if code in entries() else _family(code)
    if found is None:
        return Reason(code.replace("_", " "), "–")
    key, name = found
    what, fix = entries()[key][words.language]
    figures = {"column": words.column(name), "object": words.known(f"objects_one.{name}") or name, "code": code}
    return Reason(what.format(**figures), fix.format(**figures))


def why(text: str, words: Words) -> str:
    """The sentence for a `why` of the model: a code of this module, or already a sentence."""
    return reason(text, words).what if _CODE.fullmatch(text) and known(text) else text


def all_codes() -> Iterator[str]:
    """Every code that has words: the single ones, and each family with each of its names."""
    columns, records = _names()
    yield from (key for key in entries() if "*" not in key)
    yield from (f"{prefix}_{name}" for prefix in ("missing", "bad") for name in sorted(columns))
    yield from (f"{prefix}_{name}" for prefix in ("unknown", "ambiguous") for name in sorted(records))
    yield from (f"unknown_{name}" for name in sorted(word_columns() - records))
    yield from (f"{name}_quarantined" for name in sorted(records))
