"""Which report a file or sheet is: by its title and by how well its headers fit, both for the whole drop at once.

Belongs here: scoring tables against reports and the best one-to-one choice; several tables may hold forms.
Does not belong here: the columns of the report that was chosen (`matching`).
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections.abc import Mapping, Sequence, Set

from rapidfuzz import fuzz

from dentes_twenty.exports.assignment import best_assignment
from dentes_twenty.exports.matching import Match, match_headers
from dentes_twenty.exports.profile import ColumnProfile
from dentes_twenty.exports.records import TableInfo
from dentes_twenty.objects.folding import fold, fold_key
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.objects.source import Report

PLACED = 0.5
_TITLE_WEIGHT = 0.35
_HEADERS_ALONE = 0.85
_SAME_TITLE = 80
_FORMS = (WIDE_REPORT, LONG_REPORT)
# Words in file names that say nothing about the content
_NOISE = frozenset(
    {"vem", "export", "disa", "aktarim", "rapor", "raporu", "report", "dentes", "drdentes", "tum", "all"}
)
_DIGITS = re.compile(r"\d+")


@dataclasses.dataclass(frozen=True, slots=True)
class Recognised:
    """What a table is: `report` None when no report fits; then `likes` names the closest one, if any."""

    report: Report | None
    confidence: float
    evidence: str
    likes: str | None = None


def recognise(
    infos: Sequence[TableInfo], profiles: Sequence[Sequence[ColumnProfile]] | None = None
) -> list[Recognised]:
    """One answer for each table, in their order.

    A report other than a form is given to one table, and to others with the very same headers: an export may come in
    parts, a ledger for each year.
    """
    scored = [
        [_score(info, report, profiles[i] if profiles is not None else None) for report in REPORTS]
        for i, info in enumerate(infos)
    ]
    chosen = best_assignment([[score for score, _ in line] for line in scored])
    answers = [_answer(line, chosen.get(i)) for i, line in enumerate(scored)]
    parts = {_header_set(info): (info, a) for info, a in zip(infos, answers, strict=True) if a.report is not None}
    return [_part(info, answer, parts) for info, answer in zip(infos, answers, strict=True)]


def _header_set(info: TableInfo) -> frozenset[str]:
    return frozenset(fold_key(header) for header in info.header)


def _part(
    info: TableInfo, answer: Recognised, known: Mapping[frozenset[str], tuple[TableInfo, Recognised]]
) -> Recognised:
    """A table that no report was left for is a part of the one that has its headers and much the same title."""
    if answer.report is not None or _header_set(info) not in known:
        return answer
    first, whole = known[_header_set(info)]
    if fuzz.ratio(table_title(info), table_title(first)) < _SAME_TITLE:
        return answer
    return dataclasses.replace(whole, evidence=f"the same headers as {first.sheet or first.file}")


def _answer(line: Sequence[tuple[float, str]], chosen: int | None) -> Recognised:
    best = max(range(len(line)), key=lambda i: line[i][0])
    if REPORTS[best] in _FORMS and line[best][0] >= PLACED:
        chosen = best  # an export may hold many forms, and each file of them is one report
    if chosen is not None and line[chosen][0] >= PLACED:
        score, evidence = line[chosen]
        return Recognised(REPORTS[chosen], round(min(score, 1.0), 2), evidence)
    score, evidence = line[best]
    likes = REPORTS[best].name if score >= PLACED / 2 else None
    reason = "another table is that report already" if score >= PLACED else "no report fits"
    return Recognised(None, round(score, 2), f"{reason} ({evidence})", likes)


def _score(info: TableInfo, report: Report, profiles: Sequence[ColumnProfile] | None) -> tuple[float, str]:
    matches = match_headers(report, info.header, profiles)
    title, headers = title_likeness(table_title(info), report), _header_likeness(report, matches)
    found = sum(match.column is not None for match in matches)
    evidence = f"title {title:.0%} alike; {found} of {len(info.header)} headers known"
    both = max(_TITLE_WEIGHT * title + (1 - _TITLE_WEIGHT) * headers, _HEADERS_ALONE * headers)
    return both if headers else 0.0, evidence


def _header_likeness(report: Report, matches: Sequence[Match]) -> float:
    """0 when the report cannot be told by these headers, else the mean of what they explain and what they cover."""
    columns = {match.column for match in matches if match.column is not None}
    if report.wide_questions:
        return _wide_likeness(report, matches, columns)
    required = [column.name for column in report.columns if column.required]
    sets = [any(columns.issuperset(group) for group in groups) for groups in report.one_of]
    covered = (len(columns.intersection(required)) + sum(sets)) / (len(required) + len(sets))
    named = sum(bool(match.header.strip()) for match in matches)
    explained = sum(match.confidence for match in matches) / max(1, named)
    return (explained + covered) / (2 if report.key in columns else 4)


def _wide_likeness(report: Report, matches: Sequence[Match], columns: Set[str]) -> float:
    """Whatever is left over is a question: without the response's own id any table would be a form."""
    left = [match.header for match in matches if match.column is None]
    if report.key not in columns or not left:
        return 0.0
    long = {match.column for match in match_headers(LONG_REPORT, [match.header for match in matches])}
    return 0.0 if {"question", "answer"} <= long else len(columns) / len(report.columns)


def table_title(info: TableInfo) -> str:
    """The words by which a table is known: its sheet, else its file name, without numbers and words of the trade."""
    title = info.sheet if info.sheet is not None else posixpath.splitext(posixpath.basename(info.file))[0]
    return " ".join(word for word in fold(_DIGITS.sub(" ", title)).split() if word not in _NOISE)


def title_likeness(title: str, report: Report) -> float:
    """0 to 1; below a half two titles have little in common but letters."""
    names = [fold(name) for name in (*report.titles, report.name, f"{report.name}s")]
    best = max(max(fuzz.ratio(title, name), fuzz.token_sort_ratio(title, name)) for name in names) / 100
    return best if best >= 0.5 else 0.0
