"""Wording: the texts of the pages in English and Turkish, and how numbers, money and moments are written.

Belongs here: looking a text up and filling its figures in. Does not belong here: the texts (`texts/en`,
`texts/tr`, the same keys in both), reasons for quarantine (`reasons`), what the checklist says (`rebuild`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Mapping
from decimal import Decimal
from importlib import resources
from typing import Any

import yaml

from dentes_twenty.reports.model import Language

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TURKISH_MARKS = str.maketrans(",.", ".,")


@functools.cache
def texts(language: Language) -> Mapping[str, str]:
    """All texts of a language by dotted key."""
    found: dict[str, str] = {}
    for file in resources.files("dentes_twenty.reports").joinpath("texts", language).iterdir():
        found.update(_flat("", yaml.safe_load(file.read_text("utf-8"))))
    return found


def _flat(prefix: str, tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{prefix}{name}"
        found += _flat(f"{key}.", value) if isinstance(value, dict) else [(key, str(value))]
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """The wording of one page."""

    language: Language
    zone: dt.tzinfo | None = None

    def __call__(self, key: str, **figures: object) -> str:
        """The text, with numbers in the page's notation. Raises KeyError for a key that no file has.

        A text that depends on the number `n` stands under `<key>.one` and `<key>.other`.
        """
        found = texts(self.language)
        if key not in found and "n" in figures:
            key = f"{key}.{'one' if figures['n'] == 1 else 'other'}"
        if not figures:
            return found[key]
        return found[key].format(**{name: self.number(f) if isinstance(f, int) else f for name, f in figures.items()})

    def known(self, key: str) -> str | None:
        """The text, or None."""
        return texts(self.language).get(key)

    def object(self, name: str, label: str = "") -> str:
        """What a source object is called: its own label where it has one (a form's name)."""
        return label or self.known(f"objects.{name}") or name

    def column(self, name: str) -> str:
        """What a canonical column is called."""
        return self.known(f"columns.{name}") or name.replace("_", " ")

    def says(self, sentence: str) -> str:
        """The sentence of a transform; Turkish where it is known, else as the declaration has it."""
        if self.language == "en":
            return sentence
        for pattern, key in _PATTERNS:
            if match := pattern.fullmatch(sentence):
                return self(key, name=self.known(f"objects_one.{match[1]}") or match[1])
        return self.known(f"says.{sentence}") or sentence

    # -- notations

    def number(self, value: int | Decimal | float) -> str:
        """With thousands marks: 12,345.5 or 12.345,5."""
        text = f"{value:,}" if isinstance(value, int | Decimal) else f"{value:,.1f}"
        return text.translate(_TURKISH_MARKS) if self.language == "tr" else text

    def short(self, value: float) -> str:
        """For the scale of a chart: 1.6M, 400k; 1,6 mn, 400 bin."""
        for size, name in ((1_000_000, "common.millions"), (1_000, "common.thousands")):
            if abs(value) >= size * (1 if size > 1_000 else 10):
                part = round(value / size, 1)
                return self(name, n=self.number(int(part) if part == int(part) else Decimal(str(part))))
        return self.number(round(value))

    def money(self, value: Decimal, currency: str) -> str:
        """To the coin, or to the last of up to six decimals where there are more."""
        short = value.quantize(Decimal("0.01"))
        return f"{self.number(short if short == value else value.normalize())}\u00a0{currency}"

    def percent(self, part: int, whole: int) -> str:
        """Never rounded up to 100 % while something is missing, nor down to 0 % while there is something."""
        if part <= 0 or part >= whole:
            tenths = 1000 if part and part >= whole else 0
        else:
            tenths = min(999, max(1, round(part * 1000 / whole)))
        text = self.number(Decimal(tenths) / 10 if tenths % 10 else tenths // 10)
        return f"%{text}" if self.language == "tr" else f"{text}%"

    def day(self, value: dt.date) -> str:
        """The month as a word, so that nobody takes it for the day."""
        if self.language == "tr":
            return f"{value:%d.%m.%Y}"
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"

    def moment(self, value: dt.datetime) -> str:
        """To the minute, in the practice's zone."""
        local = value.astimezone(self.zone) if self.zone else value
        return f"{self.day(local)}, {local:%H:%M}"

    def minutes(self, value: float) -> str:
        """A duration in minutes, in seconds below one."""
        if value < 1:
            return self("common.seconds", n=round(value * 60))
        return self("common.minutes", n=self.number(value) if value < 10 else self.number(round(value)))


_PATTERNS = (
    (re.compile(r"link to (\w+)"), "patterns.link"),
    (re.compile(r'"([\w-]+):" and the id'), "patterns.key"),
    (re.compile(r'as given, else "(.+)"'), "patterns.fallback"),
)
