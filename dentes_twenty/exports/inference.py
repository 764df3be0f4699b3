"""The type of a column that nobody declared: questions of a form, and columns that may become custom fields.

Belongs here: the rules of data-model.md, 13 and AMBIGUITIES 75-76, on the whole column while it streams by. Does not
belong here: the names of the fields that come of it (`objects.form`). Options are words of the file: never logged.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable

from dentes_twenty.exports.cells import is_blank, parse_text
from dentes_twenty.exports.formats import DateDetector, DateFormat, NumberDetector, NumberFormat
from dentes_twenty.exports.records import Cell
from dentes_twenty.objects.choices import YES_NO
from dentes_twenty.objects.folding import fold, fold_key
from dentes_twenty.objects.form import MAX_OPTIONS
from dentes_twenty.objects.target import FieldType

SHORT = 40  # an option that people pick is shorter; Twenty takes labels of up to 63 characters
_KEPT = 2000  # distinct texts remembered; more than that is no list of options
_NEARLY_ALL = 0.95  # the share that decides, so that a few damaged cells do not turn a date column into text
_YES_NO = frozenset(fold_key(word) for words in YES_NO.words.values() for word in words)
_LEADING_ZERO = re.compile(r"0\d")
_TYPE_WORDS = {
    FieldType.NUMBER: ("Sayı", "Sayısal", "Rakam", "Puan", "Number", "Numeric", "Integer", "Rating", "Scale"),
    FieldType.BOOLEAN: ("Evet/Hayır", "Var/Yok", "Yes/No", "Boolean", "Mantıksal", "Onay"),
    FieldType.SELECT: ("Seçenek", "Tek Seçim", "Tekli Seçim", "Liste", "Choice", "Single choice", "Select", "Dropdown"),
    FieldType.MULTI_SELECT: ("Çoklu Seçim", "Çoktan Seçmeli", "Multiple choice", "Multi select", "Checkboxes"),
    FieldType.DATE: ("Tarih", "Date"),
    FieldType.TEXT: ("Metin", "Serbest Metin", "Uzun Metin", "Açıklama", "Text", "Free text", "Comment"),
}
_BY_WORD = {fold_key(word): type_ for type_, words in _TYPE_WORDS.items() for word in words}


@dataclasses.dataclass(frozen=True, slots=True)
class Inferred:
    """A type with its evidence; `labels` are the texts of a choice, `separator` parts a MULTI_SELECT cell."""

    type: FieldType
    confidence: float
    evidence: str
    labels: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    separator: str | None = None
    number: NumberFormat | None = None
    date: DateFormat | None = None


def declared_type(word: str) -> FieldType | None:
    """The type that an export names itself ("Evet/Hayır", "Number"); None for a word nobody knows."""
    return _BY_WORD.get(fold_key(word))


class TypeDetector:
    """Accumulates one column while it streams by; memory is bounded by the distinct texts it keeps."""

    def __init__(self) -> None:
        self._numbers = NumberDetector()
        self._dates = DateDetector()
        self._texts: Counter[str] = Counter()
        self._overflow = False
        self.filled = 0  # cells that are not blank
        self._identifiers = 0
        self._priors: tuple[NumberFormat | None, DateFormat | None] = (None, None)

    def add(self, cell: Cell) -> None:
        """Count one cell in; blank ones do not matter."""
        if is_blank(cell):
            return
        self.filled += 1
        self._numbers.add(cell)
        self._dates.add(cell)
        text = parse_text(cell)
        # a number with a leading zero, or one that no float holds, is a code
        self._identifiers += bool(_LEADING_ZERO.match(text)) or (text.isdecimal() and len(text) > 15)
        if text in self._texts or len(self._texts) < _KEPT:
            self._texts[text] += 1
        else:
            self._overflow = True

    def result(
        self,
        declared: FieldType | None = None,
        number: NumberFormat | None = None,
        date: DateFormat | None = None,
    ) -> Inferred:
        """The closest type; `declared`: what the export says itself decides. `number` and `date` are formats of other
        columns, for a column that allows two readings."""
        self._priors = (number, date)
        if declared is not None:
            return self._as(declared)
        if not self.filled:
            return Inferred(FieldType.TEXT, 0.5, "all cells are blank")
        words = {fold_key(text) for text in self._texts}
        if not self._overflow and words <= _YES_NO:
            sure = 0.95 if len(words) > 1 else 0.7
            return Inferred(FieldType.BOOLEAN, sure, f"{self.filled} cells, yes/no words only")
        numbers = self._numbers.result()
        if not self._identifiers and numbers.numbers >= _NEARLY_ALL * self.filled:
            return dataclasses.replace(self._as(FieldType.NUMBER), confidence=0.95)
        if self._dates.result().dates >= _NEARLY_ALL * self.filled:
            return dataclasses.replace(self._as(FieldType.DATE), confidence=0.95)
        return self._multiple() or self._single() or self._text()

    def _as(self, type_: FieldType) -> Inferred:
        """That type, with what is needed to read it."""
        said = f"{self.filled} cells"
        if type_ is FieldType.NUMBER:
            number = self._numbers.result(self._priors[0])
            return Inferred(type_, 1.0, f"{said}, {number.numbers} of them numbers", number=number)
        if type_ is FieldType.DATE:
            date = self._dates.result(self._priors[1])
            return Inferred(type_, 1.0, f"{said}, {date.dates} of them dates", date=date)
        if type_ is FieldType.MULTI_SELECT:
            separator = max(";|,", key=lambda mark: (self._cells_with(mark), -";|,".index(mark)))
            labels = self._labels(separator)
            if len(labels) <= MAX_OPTIONS:
                return Inferred(type_, 1.0, f"{said}, {len(labels)} options", labels, separator)
        elif type_ is FieldType.SELECT:
            if not self._overflow and len(self._texts) <= MAX_OPTIONS:
                return Inferred(type_, 1.0, f"{said}, {len(self._texts)} options", _sorted(self._texts))
        else:
            return Inferred(type_, 1.0, said)
        return Inferred(FieldType.TEXT, 0.8, f"{said}, more than {MAX_OPTIONS} options")

    def _multiple(self) -> Inferred | None:
        """Lists: a cell with several parts, where short parts come back in other cells."""
        for separator in ";|,":
            if self._overflow or not self._cells_with(separator):
                continue
            parts: Counter[str] = Counter()
            for text, count in self._texts.items():
                for part in split_options(text, separator):
                    parts[part] += count
            total = sum(parts.values())
            repeated = sum(count for count in parts.values() if count > 1) / total
            short = all(len(part) <= SHORT for part in parts)
            # free text has commas too, so there the parts must really come back
            enough = repeated >= 0.5 or total < 8 if separator != "," else repeated >= 0.8 and total >= 3 * len(parts)
            if short and len(parts) <= MAX_OPTIONS and enough:
                evidence = f"{self.filled} cells, {len(parts)} options listed with {separator!r}"
                return Inferred(
                    FieldType.MULTI_SELECT, 0.9 if repeated >= 0.8 else 0.7, evidence, _sorted(parts), separator
                )
        return None

    def _single(self) -> Inferred | None:
        """At most 30 distinct short texts that repeat."""
        distinct = len(self._texts)
        if self._overflow or distinct > MAX_OPTIONS or any(len(text) > SHORT for text in self._texts):
            return None
        if 2 * distinct > self.filled:
            return None
        sure = 0.9 if self.filled >= 3 * distinct else 0.7
        return Inferred(FieldType.SELECT, sure, f"{self.filled} cells, {distinct} distinct", _sorted(self._texts))

    def _text(self) -> Inferred:
        distinct = f"more than {_KEPT}" if self._overflow else str(len(self._texts))
        return Inferred(FieldType.TEXT, 0.9, f"{self.filled} cells, {distinct} distinct")

    def _cells_with(self, separator: str) -> int:
        return sum(count for text, count in self._texts.items() if separator in text)

    def _labels(self, separator: str) -> tuple[str, ...]:
        return _sorted({part for text in self._texts for part in split_options(text, separator)})


def split_options(text: str, separator: str) -> list[str]:
    """The parts of a MULTI_SELECT cell, trimmed, blank ones left out."""
    return [part for part in (piece.strip() for piece in text.split(separator)) if part]


def _sorted(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(labels, key=lambda label: (fold(label), label)))
