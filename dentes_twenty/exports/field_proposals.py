"""Fields that a file brings itself: forms with their questions, and columns that nobody declared.

Belongs here: names, types, options and formats of the proposed fields, and the formats that one column lends another
(`Formats`). Does not belong here: detecting the type (`inference`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dentes_twenty.exports.binding import HeaderKey
from dentes_twenty.exports.formats import DateDetector, DateFormat, NumberDetector, NumberFormat
from dentes_twenty.exports.inference import Inferred, TypeDetector
from dentes_twenty.exports.mapping_model import FormMapping, NewField, QuestionMapping, TableMapping
from dentes_twenty.exports.scan import FormScan, TableScan
from dentes_twenty.objects.form import LONG_REPORT, WIDE_REPORT, form_object_name, options_of, question_field_name
from dentes_twenty.objects.source import Report
from dentes_twenty.objects.target import FieldType

_MARKS = (NumberFormat(",", True, ""), NumberFormat(".", True, ""))
_ORDERS = (DateFormat("dmy", False, True, ""), DateFormat("mdy", False, True, ""))


class Formats:
    """What the columns of a drop say about how it writes numbers and dates.

    A column that decides by itself lends its format to those that allow two readings: first within its own table, then
    in the whole drop, because one export is written with one regional setting.
    """

    def __init__(self, scans: Sequence[TableScan], near: TableScan | None = None) -> None:
        self._scans = scans
        ordered = [near, *scans] if near is not None else list(scans)
        self._number = next(_decided_numbers(ordered), None)
        self._date = next(_decided_dates(ordered), None)

    def within(self, scan: TableScan) -> Formats:
        """The same with the columns of one table first."""
        return Formats(self._scans, scan)

    def number(self, detector: NumberDetector) -> NumberFormat:
        """The format of a column of numbers."""
        return detector.result(self._number)

    def date(self, detector: DateDetector) -> DateFormat:
        """The format of a column of dates."""
        return detector.result(self._date)

    def infer(self, detector: TypeDetector, declared: FieldType | None = None) -> Inferred:
        """The type of an undeclared column, read as the drop writes numbers and dates."""
        return detector.result(declared, self._number, self._date)


def _decided_numbers(scans: Iterable[TableScan]) -> Iterator[NumberFormat]:
    """Formats that do not depend on what other columns say."""
    for scan in scans:
        for detector in scan.numbers.values():
            first, second = (detector.result(mark) for mark in _MARKS)
            if first.decimal == second.decimal and detector.result().certain:
                yield first


def _decided_dates(scans: Iterable[TableScan]) -> Iterator[DateFormat]:
    for scan in scans:
        for detector in scan.dates.values():
            first, second = (detector.result(order) for order in _ORDERS)
            if first.order == second.order and detector.result().certain and first.dates:
                yield first


def form_mappings(report: Report, scan: TableScan, formats: Formats, keys: Sequence[HeaderKey]) -> list[FormMapping]:
    """The forms of a table in order of appearance; none for other reports."""
    if report is WIDE_REPORT:
        return [_wide(form, formats, keys, alone=len(scan.forms) == 1) for form in scan.forms.values()]
    if report is LONG_REPORT:
        return [_long(form, formats) for form in scan.forms.values()]
    return []


def distinct_forms(tables: Sequence[TableMapping]) -> list[TableMapping]:
    """The tables with every form under a name of its own: a second "Anamnez" becomes "Anamnez 2"."""
    taken: set[str] = set()
    renamed = []
    for table in tables:
        forms = []
        for form in table.forms:
            name, number = form.name, 2
            while form_object_name(name) in taken:
                name, number = f"{form.name} {number}", number + 1
            taken.add(form_object_name(name))
            changed = {"name": name, "in_file": form.name}
            forms.append(form if name == form.name else form.model_copy(update=changed))
        renamed.append(table.model_copy(update={"forms": forms}))
    return renamed


def _wide(form: FormScan, formats: Formats, keys: Sequence[HeaderKey], *, alone: bool) -> FormMapping:
    taken: set[str] = set()
    questions = []
    for key, header in form.questions.items():
        inferred = formats.infer(form.detectors[key])
        if not header.strip() or (not alone and not form.detectors[key].filled):
            continue  # a column of another form in the same file
        questions.append(_question(header, inferred, taken, keys[int(key)][1]))
    return FormMapping(name=form.name, questions=questions)


def _long(form: FormScan, formats: Formats) -> FormMapping:
    taken: set[str] = set()
    questions = [
        _question(text, formats.infer(form.detectors[key], form.declared(key)), taken)
        for key, text in form.questions.items()
    ]
    return FormMapping(name=form.name, questions=questions)


def _question(text: str, inferred: Inferred, taken: set[str], occurrence: int = 1) -> QuestionMapping:
    return QuestionMapping(
        question=text,
        occurrence=occurrence,
        field=_field(text, inferred, taken),
        confidence=inferred.confidence,
        evidence=inferred.evidence,
    )


def column_field(header: str, position: int, inferred: Inferred, taken: set[str]) -> NewField:
    """The custom field that an undeclared column would become; its name joins `taken`."""
    return _field(header if header.strip() else f"Column {position + 1}", inferred, taken)


def _field(text: str, inferred: Inferred, taken: set[str]) -> NewField:
    label = " ".join(text.split())
    options = zip(options_of(list(inferred.labels)), inferred.labels, strict=True)
    return NewField.model_validate(
        {
            "name": question_field_name(label, taken),
            "label": label,
            "type": inferred.type.value,
            "options": {option.value: label for option, label in options},
            "separator": inferred.separator,
            "decimal": inferred.number.decimal if inferred.number and inferred.number.certain else None,
            "dates": inferred.date.order if inferred.date and inferred.date.certain else None,
        }
    )
