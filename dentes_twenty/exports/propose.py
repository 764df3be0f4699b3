"""Proposing a mapping: what each file, header and word of an export most likely means, with confidence and evidence.

Belongs here: putting together what `recognition`, `matching`, `scan`, `inference` and `ledger_sign` find. What the
files cannot show becomes an open question, asked for by name. Does not belong here: the mapping file (`mapping`).
"""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterable, Mapping, Sequence

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.binding import header_keys
from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.field_proposals import Formats, column_field, distinct_forms, form_mappings
from dentes_twenty.exports.ledger_sign import SignEvidence
from dentes_twenty.exports.mapping_checks import declared_fields
from dentes_twenty.exports.matching import Match, match_headers
from dentes_twenty.exports.profile import ColumnProfile, key_set, profile_column, sample
from dentes_twenty.exports.recognition import Recognised, recognise
from dentes_twenty.exports.records import Cell, Pin, RawRow, Table
from dentes_twenty.exports.scan import TableScan, known_words
from dentes_twenty.exports.tables import tables
from dentes_twenty.exports.watching import Told, watched
from dentes_twenty.objects.entry import LedgerSign
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.objects.source import Report

_UNPLACED_WORDS = 40
# Reports whose ids others refer to; the ledger and the notes can be large and nothing points at them
_REFERRED = frozenset(
    column.reference.to for report in REPORTS for column in report.columns if column.reference is not None
)


@dataclasses.dataclass(slots=True)
class _Placed:
    """A table with what was found out about it on the way."""

    table: Table
    recognised: Recognised
    report: Report
    sampled: list[list[Cell]]
    matches: list[Match] = dataclasses.field(default_factory=list)
    scan: TableScan | None = None

    @property
    def columns(self) -> dict[str, int]:
        return {match.column: i for i, match in enumerate(self.matches) if match.column is not None}

    @property
    def name(self) -> str:
        return self.table.name


def propose(
    drop: Drop,
    *,
    region: str = "TR",
    pins: Mapping[str, Pin] | None = None,
    progress: Told | None = None,
) -> model.Mapping:
    """The mapping of a drop, unconfirmed. `progress` is told how far the reading of each table is.

    Raises ExportError when a file cannot be read.
    """
    found = tables(drop, pins)
    samples = [sample(table) for table in found]
    profiles = [_profiles(columns, None, region) for columns in samples]
    recognised = recognise([table.info for table in found], profiles)
    placed = [
        _Placed(table, answer, answer.report, columns)
        for table, answer, columns in zip(found, recognised, samples, strict=True)
        if answer.report is not None
    ]
    keys = _key_sets(placed, progress)
    for entry in placed:
        entry.matches = match_headers(entry.report, entry.table.info.header, _profiles(entry.sampled, keys, region))
        title = posixpath.splitext(posixpath.basename(entry.table.info.sheet or entry.table.info.file))[0]
        entry.scan = TableScan(entry.report, entry.columns, entry.table.info.header, title)
        entry.scan.read(entry.table, entry.sampled, progress)
    order = {report.name: i for i, report in enumerate(REPORTS)}
    placed.sort(key=lambda entry: order[entry.report.name])
    return _assemble(placed, [(t, r) for t, r in zip(found, recognised, strict=True) if r.report is None], pins or {})


def _profiles(
    columns: Sequence[Sequence[Cell]], keys: Mapping[str, set[str]] | None, region: str
) -> list[ColumnProfile]:
    return [profile_column(cells, keys, region) for cells in columns]


def _key_sets(placed: Iterable[_Placed], told: Told | None) -> dict[str, set[str]]:
    """The ids of every report that others refer to, of all its rows."""
    keys: dict[str, set[str]] = {}
    for entry in placed:
        if entry.report.name not in _REFERRED:
            continue
        matches = match_headers(entry.report, entry.table.info.header, _profiles(entry.sampled, None, "TR"))
        position = next((i for i, match in enumerate(matches) if match.column == entry.report.key), None)
        if position is None:
            continue
        cells = (row.cells[position] for row in watched(entry.table, told) if isinstance(row, RawRow))
        keys.setdefault(entry.report.name, set()).update(key_set(cells))
    return keys


def _assemble(
    placed: Sequence[_Placed], others: Iterable[tuple[Table, Recognised]], pins: Mapping[str, Pin]
) -> model.Mapping:
    formats = Formats([entry.scan for entry in placed if entry.scan is not None])
    reports: list[model.TableMapping] = []
    questions: list[model.OpenQuestion] = []
    for entry in placed:
        reports.append(_table_mapping(entry, formats, pins.get(entry.name) or pins.get(entry.table.info.file)))
    ledger, asked = _ledger([entry for entry in placed if entry.report.key == "entry_id"])
    questions += asked
    questions += _format_questions(reports, placed)
    reports = distinct_forms(reports)
    other_tables = [
        model.OtherTable(
            file=table.info.file, sheet=table.info.sheet, likes=answer.likes, evidence=answer.evidence
        )
        for table, answer in others
    ]  # fmt: skip
    return model.Mapping(ledger=ledger, questions=questions, reports=reports, other_tables=other_tables)


def _table_mapping(entry: _Placed, formats: Formats, pin: Pin | None) -> model.TableMapping:
    info, scan = entry.table.info, entry.scan
    assert scan is not None
    own = formats.within(scan)
    taken = declared_fields(entry.report.name)
    columns = []
    keys = header_keys(info.header)
    for i, match in enumerate(entry.matches):
        spot = {"header": info.header[i], "occurrence": keys[i][1], "evidence": match.evidence}
        if match.column is not None:
            columns.append(_known_column(entry.report, match, spot, scan, own))
        elif not entry.report.wide_questions:
            inferred = own.infer(scan.undeclared[i])
            field = column_field(info.header[i], i, inferred, taken)
            spot["evidence"] = f"{match.evidence}; {inferred.evidence}"
            columns.append(model.ColumnMapping(**spot, action="ignore", field=field))
    return model.TableMapping(
        report=entry.report.name,
        file=info.file,
        sheet=info.sheet,
        pin=None if pin is None else model.PinMapping(**dataclasses.asdict(pin)),
        confidence=entry.recognised.confidence,
        evidence=_table_evidence(entry),
        columns=columns,
        values=_values(entry.report, scan),
        forms=form_mappings(entry.report, scan, own, keys),
    )


def _known_column(
    report: Report, match: Match, spot: dict[str, object], scan: TableScan, own: Formats
) -> model.ColumnMapping:
    assert match.column is not None
    entry = {**spot, "column": match.column, "confidence": match.confidence}
    if match.column in scan.numbers:
        number = own.number(scan.numbers[match.column])
        entry["decimal"] = number.decimal if number.certain else None
        entry["evidence"] = f"{match.evidence}; {number.evidence}"
    elif match.column in scan.dates:
        date = own.date(scan.dates[match.column])
        entry["dates"] = date.order if date.certain else None
        entry["evidence"] = f"{match.evidence}; {date.evidence}"
    return model.ColumnMapping.model_validate(entry)


def _table_evidence(entry: _Placed) -> str:
    info, scan = entry.table.info, entry.scan
    said = [entry.recognised.evidence, f"{scan.rows if scan else 0} rows"]
    if info.encoding:
        said.append(f"{info.encoding}, separator {info.separator!r}")
    if info.preamble_lines:
        said.append(f"{info.preamble_lines} lines above the header")
    return "; ".join(said)


def _values(report: Report, scan: TableScan) -> dict[str, dict[str, str | None]]:
    """Column -> word -> option; spellings that fold to the same word stand once, as written most often."""
    values: dict[str, dict[str, str | None]] = {}
    for name, words in scan.words.items():
        known = known_words(report.column(name))
        listed: dict[str, str | None] = {}
        seen: set[str] = set()
        unplaced = 0
        for word, _ in words.most_common():
            key = fold_key(word)
            if key in seen and key:
                continue
            seen.add(key)
            option = known.get(key)
            unplaced += option is None
            if option is not None or unplaced <= _UNPLACED_WORDS:
                listed[word] = option
        if listed:
            values[name] = listed
    return values


def _ledger(ledgers: Sequence[_Placed]) -> tuple[model.LedgerMapping, list[model.OpenQuestion]]:
    """The sign convention; asked for when the evidence is thin or two files of the ledger disagree."""
    found = [_sign(entry) for entry in ledgers]
    if not found:
        return model.LedgerMapping(), []
    evidence = "; ".join(dict.fromkeys(each.evidence for each in found))
    if len({each.sign for each in found}) == 1 and found[0].sign is not None:
        confidence = min(each.confidence for each in found)
        return model.LedgerMapping(sign=found[0].sign, confidence=confidence, evidence=evidence), []
    text = (
        f"{', '.join(entry.name for entry in ledgers)}: what does the sign of the amounts mean? debt-sign: positive "
        f"raises the patient's debt. by-type: receipts are positive and lower the debt. Counted: {evidence}."
    )
    choices = [LedgerSign.DEBT_SIGN.value, LedgerSign.BY_TYPE.value]
    question = model.OpenQuestion(name=model.LEDGER_SIGN, text=text, choices=choices)
    return model.LedgerMapping(confidence=0.0, evidence=evidence), [question]


def _sign(entry: _Placed) -> SignEvidence:
    assert entry.scan is not None
    return entry.scan.sign.result(two_columns={"debit", "credit"} <= entry.columns.keys())


def _format_questions(reports: Sequence[model.TableMapping], placed: Sequence[_Placed]) -> list[model.OpenQuestion]:
    """One question for each table whose dates, or numbers, allow two readings."""
    questions = []
    for table, entry in zip(reports, placed, strict=True):
        assert entry.scan is not None
        dates = [c.header for c in table.columns if c.column in entry.scan.dates and c.dates is None]
        numbers = [c.header for c in table.columns if c.column in entry.scan.numbers and c.decimal is None]
        fields = [(q.question, q.field) for form in table.forms for q in form.questions]
        dates += [text for text, field in fields if field.type == "DATE" and field.dates is None]
        numbers += [text for text, field in fields if field.type == "NUMBER" and field.decimal is None]
        if dates:
            text = (
                f"{table.table}: no day is above 12 in {', '.join(dates)}. Does the day lead (dmy) or the month (mdy)?"
            )
            questions.append(_question(model.DATE_ORDER, table, text, ["dmy", "mdy", "ymd"]))
        if numbers:
            text = f"{table.table}: what is the decimal mark in {', '.join(numbers)}? 1.250 can be read both ways."
            questions.append(_question(model.DECIMAL_MARK, table, text, [",", "."]))
    return questions


def _question(topic: str, table: model.TableMapping, text: str, choices: list[str]) -> model.OpenQuestion:
    return model.OpenQuestion(name=f"{topic}:{table.table}", text=text, choices=choices)
