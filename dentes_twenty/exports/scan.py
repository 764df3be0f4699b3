"""One pass over a whole table that was recognised: its words, formats, signs, forms and undeclared columns.

Belongs here: accumulating in bounded memory what `propose` decides by. Does not belong here: the decisions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from dentes_twenty.exports.cells import is_blank, parse_text
from dentes_twenty.exports.formats import DateDetector, NumberDetector, NumberFormat, detect_number, parse_number
from dentes_twenty.exports.inference import TypeDetector, declared_type
from dentes_twenty.exports.ledger_sign import SignDetector
from dentes_twenty.exports.parsed import BadCell
from dentes_twenty.exports.records import Cell, RawRow, Table
from dentes_twenty.exports.watching import Told, watched
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT
from dentes_twenty.objects.source import Column, Kind, Report
from dentes_twenty.objects.target import FieldType

_WORDS_KEPT = 500
NUMERIC = (Kind.MONEY, Kind.NUMBER, Kind.INTEGER)
DATED = (Kind.DATE, Kind.DATETIME)
WORDED = (Kind.CHOICE, Kind.BOOLEAN)


class FormScan:
    """The questions of one form: `name` as first written; detectors by question key, in order of appearance."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.questions: dict[str, str] = {}
        self.detectors: dict[str, TypeDetector] = {}
        self._declared: dict[str, Counter[FieldType]] = {}

    def add(self, key: str, question: str, answer: Cell, type_word: Cell = None) -> None:
        """One answer; `type_word` is the type that the file names itself."""
        self.questions.setdefault(key, question)
        self.detectors.setdefault(key, TypeDetector()).add(answer)
        type_ = None if is_blank(type_word) else declared_type(parse_text(type_word))
        if type_ is not None:
            self._declared.setdefault(key, Counter())[type_] += 1

    def declared(self, key: str) -> FieldType | None:
        """The type that the file names most often for the question; None when it names none."""
        counts = self._declared.get(key)
        return counts.most_common(1)[0][0] if counts else None


class TableScan:
    """`columns`: canonical column -> position in the row. Run it once with `read`."""

    def __init__(self, report: Report, columns: Mapping[str, int], headers: Sequence[str], title: str) -> None:
        self.words: dict[str, Counter[str]] = {}
        self.numbers: dict[str, NumberDetector] = {}
        self.dates: dict[str, DateDetector] = {}
        self.undeclared: dict[int, TypeDetector] = {}
        self.forms: dict[str, FormScan] = {}
        self.sign = SignDetector()
        self.rows = 0
        self._report, self._columns, self._headers, self._title = report, columns, headers, title
        for name in columns:
            kind = report.column(name).kind
            if kind in NUMERIC:
                self.numbers[name] = NumberDetector()
            elif kind in DATED:
                self.dates[name] = DateDetector()
            elif kind in WORDED:
                self.words[name] = Counter()
        self._left = [i for i in range(len(headers)) if i not in columns.values()]
        if not report.wide_questions:
            self.undeclared = {i: TypeDetector() for i in self._left}

    def read(self, table: Table, sampled: Sequence[Sequence[Cell]], told: Told | None = None) -> TableScan:
        """Stream the whole table; `sampled` columns give the number format by which signs are read on the way."""
        amount = self._columns.get("amount")
        number = detect_number(sampled[amount]) if amount is not None and self._report.key == "entry_id" else None
        for row in watched(table, told):
            if isinstance(row, RawRow):
                self.rows += 1
                self._add(row.cells, number)
        return self

    def _add(self, cells: Sequence[Cell], number: NumberFormat | None) -> None:
        for name, numbers in self.numbers.items():
            numbers.add(cells[self._columns[name]])
        for name, dates in self.dates.items():
            dates.add(cells[self._columns[name]])
        for name, words in self.words.items():
            cell = cells[self._columns[name]]
            if not is_blank(cell):
                text = parse_text(cell)
                if text in words or len(words) < _WORDS_KEPT:
                    words[text] += 1
        for i, detector in self.undeclared.items():
            detector.add(cells[i])
        if number is not None:
            self._add_sign(cells, number)
        if self._report is WIDE_REPORT:
            form = self._form(cells)
            for i in self._left:
                form.add(str(i), self._headers[i], cells[i])
        elif self._report is LONG_REPORT:
            self._add_answer(cells)

    def _add_sign(self, cells: Sequence[Cell], number: NumberFormat) -> None:
        word, amount = self._cell(cells, "type"), self._cell(cells, "amount")
        if is_blank(word) or is_blank(amount):
            return
        try:
            value = parse_number(amount, number)
        except BadCell:
            return
        self.sign.add(known_words(self._report.column("type")).get(fold_key(parse_text(word))), value)

    def _add_answer(self, cells: Sequence[Cell]) -> None:
        question = self._cell(cells, "question")
        if not is_blank(question):
            text = parse_text(question)
            answer, type_word = self._cell(cells, "answer"), self._cell(cells, "question_type")
            self._form(cells).add(fold_key(text), text, answer, type_word)

    def _form(self, cells: Sequence[Cell]) -> FormScan:
        cell = self._cell(cells, "form_name")
        name = self._title if is_blank(cell) else parse_text(cell)
        return self.forms.setdefault(fold_key(name), FormScan(name))

    def _cell(self, cells: Sequence[Cell], column: str) -> Cell:
        position = self._columns.get(column)
        return None if position is None else cells[position]


def known_words(column: Column) -> dict[str, str]:
    """Folded word -> option value, as the declaration ships them; the first option that has a word keeps it."""
    known: dict[str, str] = {}
    for option, words in (column.values.words if column.values else {}).items():
        for word in words:
            known.setdefault(fold_key(word), option)
    return known
