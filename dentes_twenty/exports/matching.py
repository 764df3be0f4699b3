"""Headers to canonical columns: the best one-to-one assignment by spelling and by what the values look like.

Belongs here: how alike a header and a column are, and which pairs of a whole table fit best together, so that an
ambiguous word ("Tarih", "Not", "Hekim") lands right because of what else is in the file. Does not belong here: what
the values look like (`profile`), or which report a table is (`recognition`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import fuzz

from dentes_twenty.exports.assignment import best_assignment
from dentes_twenty.exports.profile import NEUTRAL, ColumnProfile, fit
from dentes_twenty.objects.folding import fold, fold_key
from dentes_twenty.objects.form import LONG_REPORT
from dentes_twenty.objects.source import Column, Kind, Report

# Below this, spelling alone has proposed wrong pairs: "Tarife" and "Tarih" are 0.73 alike, "Onay" and "Oda" 0.57
SIMILAR = 0.85
_VALUES_WEIGHT = 0.3
_VALUES = {
    Kind.EMAIL: "e-mails", Kind.PHONE: "phone numbers", Kind.URL: "web addresses", Kind.DATE: "dates",
    Kind.DATETIME: "dates", Kind.TIME: "times", Kind.CURRENCY: "currencies", Kind.FILES: "file names",
    Kind.NAME: "names",
}  # fmt: skip
_UNFIT = 0.25
_NEARLY_ALL = 0.9
# Turkish possessives and abbreviations that headers use interchangeably
_SAME_WORD = {
    "tarihi": "tarih", "tar": "tarih", "trh": "tarih", "zamani": "zaman", "turu": "tur", "tipi": "tip", "adi": "ad",
    "soyadi": "soyad", "durumu": "durum", "numarasi": "no", "numara": "no", "number": "no", "num": "no", "nr": "no",
    "adresi": "adres", "kodu": "kod", "tutari": "tutar", "telefonu": "telefon", "tel": "telefon", "fiyati": "fiyat",
    "aciklamasi": "aciklama", "suresi": "sure", "sekli": "sekil", "yontemi": "yontem", "identifier": "id",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """What one header stands for: `column` None when nothing fits; `confidence` 0 to 1; `evidence` for people."""

    header: str
    column: str | None
    confidence: float
    evidence: str


def match_headers(
    report: Report, headers: Sequence[str], profiles: Sequence[ColumnProfile] | None = None
) -> list[Match]:
    """One match for each header, in their order. Without profiles only the spelling counts."""
    spelled = [[_spelling(header, column) for column in report.columns] for header in headers]
    fits = [
        [_fit(report, column, profiles[i]) if profiles is not None else None for column in report.columns]
        for i in range(len(headers))
    ]
    scores = [
        [_score(alike, suits) for alike, suits in zip(line, suited, strict=True)]
        for line, suited in zip(spelled, fits, strict=True)
    ]
    chosen = best_assignment(scores)
    matches = []
    for i, header in enumerate(headers):
        if i in chosen:
            column, alike, suits = report.columns[chosen[i]], spelled[i][chosen[i]], fits[i][chosen[i]]
            matches.append(Match(header, column.name, _confidence(alike, suits), _evidence(column, alike, suits)))
        else:
            reason = _why_nothing(report, spelled[i], profiles[i] if profiles is not None else None)
            matches.append(Match(header, None, 0.0, reason))
    return matches if profiles is None else _whole_names(report, matches, profiles)


def _whole_names(report: Report, matches: list[Match], profiles: Sequence[ColumnProfile]) -> list[Match]:
    """A column of given names that holds two words in nearly every cell, with no column of family names beside it,
    holds whole names."""
    columns = {match.column for match in matches}
    if "last_name" in columns or "full_name" in columns or ("full_name",) not in _groups(report):
        return matches
    return [
        dataclasses.replace(
            match, column="full_name", confidence=0.8, evidence="a name; two words in nearly every cell"
        )
        if match.column == "first_name" and profile.several_words > _NEARLY_ALL
        else match
        for match, profile in zip(matches, profiles, strict=True)
    ]


def _groups(report: Report) -> set[tuple[str, ...]]:
    return {group for groups in report.one_of for group in groups}


def _fit(report: Report, column: Column, profile: ColumnProfile) -> float | None:
    return fit(column, profile, is_key=column.name == report.key and report is not LONG_REPORT)


def _spelling(header: str, column: Column) -> float:
    """How alike a header is to the best of a column's names: 1 the same, 0 nothing in common worth a proposal."""
    return _likeness(header, (*column.headers, column.name))


@lru_cache(maxsize=1 << 16)  # every table is compared with every report: 1.2 s for 15 tables without it
def _likeness(header: str, names: tuple[str, ...]) -> float:
    key = fold_key(header)
    if not key:
        return 0.0
    folded = [_plain_key(name) for name in names]
    for rank, (_, name_key) in enumerate(folded):
        if name_key == key:
            return 1.0 - 0.002 * rank  # earlier names are the usual ones
    plain, _ = _plain_key(header)
    best = 0.0
    for other, _ in folded:
        if plain == other:
            return 0.96
        best = max(best, fuzz.ratio(plain, other), fuzz.token_sort_ratio(plain, other))
    return 0.9 * best / 100 if best / 100 >= SIMILAR else 0.0


@lru_cache(maxsize=1 << 14)
def _plain_key(text: str) -> tuple[str, str]:
    words = fold(text).split()
    return " ".join(_SAME_WORD.get(word, word) for word in words), "".join(words)


def _score(alike: float, suits: float | None) -> float:
    """Both kinds of evidence as one number; a header that is only similar needs values that suit."""
    value = NEUTRAL if suits is None else suits
    if alike < 0.96 and value < _UNFIT:
        return 0.0
    return alike * (1 - _VALUES_WEIGHT + _VALUES_WEIGHT * value)


def _confidence(alike: float, suits: float | None) -> float:
    """For people: the likeness of the header, halved as the values cease to suit."""
    value = NEUTRAL if suits is None else min(suits, NEUTRAL)
    return round(alike * (0.5 + 0.5 * value / NEUTRAL), 2)


def _evidence(column: Column, alike: float, suits: float | None) -> str:
    spelled = "known header" if alike >= 0.9 else f"{alike / 0.9:.0%} like a known header"
    if suits is None:
        return f"{spelled}; no values to check"
    if column.values is not None:
        return f"{spelled}; {suits:.0%} of the words are known"
    if column.reference is not None:
        return f"{spelled}; {suits:.0%} are ids of {column.reference.to}"
    if column.kind in (Kind.TEXT, Kind.CODE, Kind.ID):
        return spelled if suits >= NEUTRAL else f"{spelled}; the values look like something else"
    return f"{spelled}; {suits:.0%} of the values are {_VALUES.get(column.kind, 'numbers')}"


def _why_nothing(report: Report, spelled: Sequence[float], profile: ColumnProfile | None) -> str:
    alike = max(range(len(spelled)), key=lambda i: spelled[i])
    if spelled[alike]:
        return f"like {report.columns[alike].name}, which another header fits better"
    if profile is not None and profile.empty:
        return "no known header; all cells are blank"
    if profile is not None and profile.emails > 0.9:
        return "no known header; the values are e-mails"
    if profile is not None and profile.phones > 0.9:
        return "no known header; the values are phone numbers"
    return "no known header"
