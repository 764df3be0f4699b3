"""The long form layout: rows of question and answer, gathered into one staged row for each response.

Belongs here: what belongs to which response, and what becomes of a response whose rows disagree (AMBIGUITIES 77).
Does not belong here: files (`stage`), single cells (`reading`), the wide layout (`chunks`).
Rows of one response need not stand together, so all responses are kept until the end: 330 000 of them with six answers
each take about 400 MB.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from dentes_twenty.exports.cells import is_blank, parse_text
from dentes_twenty.exports.chunks import Plan, Tally, digest
from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.reading import BLANK, Outcome, Reader
from dentes_twenty.exports.records import BadRow, Cell, RawRow
from dentes_twenty.exports.schema import DIGEST, LINE, ROW, arrow_schema, failures, missing_code, pandera_schema
from dentes_twenty.objects.fields import RAW
from dentes_twenty.objects.folding import fold_key

_ASKED = ("question", "question_type", "answer")


@dataclasses.dataclass(frozen=True, slots=True)
class LongForm:
    """One form: `answers` is folded question -> (staged column, reader)."""

    name: str
    plan: Plan
    answers: Mapping[str, tuple[str, Reader]]


@dataclasses.dataclass(slots=True)
class _Response:
    """One response on its way: its first row's position, its values, the digest over all its rows."""

    form: str
    row: int
    line: int
    values: dict[str, Any] = dataclasses.field(repr=False)
    digest: Any
    issues: list[tuple[int, int, str | None, str]]
    contradicts: bool = False


class LongReader:
    """Gathers the responses of one file; `positions`: canonical column -> position; `readers` for all but the answer.

    `forms`: folded form name -> form; `default` is the form of a row that names none.
    """

    def __init__(
        self,
        report: str,
        file: str,
        positions: Mapping[str, int],
        readers: Mapping[str, Reader],
        forms: Mapping[str, LongForm],
        default: str | None,
    ) -> None:
        self.tally = Tally()
        self.content = hashlib.sha256()
        self.filled: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self._report, self._file = report, file
        self._positions, self._readers = positions, readers
        self._forms, self._default = forms, default
        self._responses: dict[str, _Response] = {}

    def read(self, chunk: Sequence[RawRow | BadRow]) -> list[Issue]:
        """Take rows in; the issues of rows that belong to no response."""
        self.tally.read += len(chunk)
        issues = []
        for row in chunk:
            if isinstance(row, BadRow):
                self.tally.quarantined += 1
                issues.append(self._issue(row.number, row.line, row.source_id, None, row.code, bad=True))
                continue
            fingerprint = digest(row.cells)
            self.content.update(fingerprint)
            refused = self._take(row, fingerprint)
            if refused is not None:
                self.tally.quarantined += 1
                id_ = self._outcome(row.cells, "response_id").value
                issues.append(self._issue(row.number, row.line, id_, *refused, bad=True))
        return issues

    def _take(self, row: RawRow, fingerprint: bytes) -> tuple[str | None, str] | None:
        """Add a row to its response; (column, code) when it belongs to none."""
        id_ = self._outcome(row.cells, "response_id")
        if id_.value is None:
            return "response_id", id_.refused or missing_code("response_id")
        question = self._cell(row.cells, "question")
        if is_blank(question):
            return "question", missing_code("question")
        response = self._responses.get(id_.value)
        if response is None:
            form = self._form(row.cells)
            if form is None:
                return "form_name", "unlisted_form"
            response = _Response(form, row.number, row.line, {}, hashlib.blake2b(digest_size=16), [])
            self._responses[id_.value] = response
        self._add_meta(response, row)
        self._add_answer(response, row, fold_key(parse_text(question)))
        response.digest.update(fingerprint)
        response.issues += [(row.number, row.line, None, code) for code in row.warnings]
        return None

    def _add_meta(self, response: _Response, row: RawRow) -> None:
        """The response's own columns come from its first row that fills them; two patients contradict each other."""
        for name in self._positions:
            if name in _ASKED:
                continue
            outcome = self._outcome(row.cells, name)
            known = response.values.get(name)
            if name == "patient_id" and known is not None and outcome.value not in (None, known):
                response.contradicts = True
            if name not in response.values and outcome is not BLANK:
                response.values[name] = outcome.value
                self._note(response, row, name, name, outcome)

    def _add_answer(self, response: _Response, row: RawRow, question: str) -> None:
        found = self._forms[response.form].answers.get(question)
        if found is None:
            response.issues.append((row.number, row.line, "question", "unlisted_question"))
            return
        column, read = found
        cell = self._cell(row.cells, "answer")
        if is_blank(cell):
            return
        outcome = read(cell)
        self.filled[column] += 1
        self.unread[column] += outcome.value is None
        if response.values.get(column) is not None or response.values.get(column + RAW) is not None:
            if response.values.get(column) != outcome.value:
                response.issues.append((row.number, row.line, "answer", "duplicate_answer"))
            return
        response.values[column] = outcome.value
        self._note(response, row, column, "answer", outcome)

    def _note(self, response: _Response, row: RawRow, name: str, column: str, outcome: Outcome) -> None:
        if outcome.raw is not None:
            response.values[name + RAW] = outcome.raw
        codes = [*outcome.warnings, *([outcome.refused] if outcome.refused else [])]
        response.issues += [(row.number, row.line, column, code) for code in codes]

    def finish(self, form: str, rows: int) -> Iterator[tuple[pa.Table, list[Issue]]]:
        """The responses of one form in tables of at most `rows`, in order of appearance, with their issues."""
        plan = self._forms[form].plan
        schema, checks = arrow_schema(plan.columns, plan.extras), pandera_schema(plan.columns, plan.extras)
        gathered = [(id_, response) for id_, response in self._responses.items() if response.form == form]
        for start in range(0, len(gathered), rows):
            part = gathered[start : start + rows]
            table = pa.Table.from_pylist([self._staged(response) for _, response in part], schema=schema)
            refused = {i: ("patient_id", "contradicting_patient") for i, (_, r) in enumerate(part) if r.contradicts}
            for failure in failures(checks, table):
                refused.setdefault(failure.position, (failure.column, failure.code))
            issues = [issue for i, (id_, r) in enumerate(part) for issue in self._issues(id_, r, refused.get(i))]
            landing = [i not in refused for i in range(len(part))]
            self.tally.staged += sum(landing)
            self.tally.quarantined += len(refused)
            self.tally.warned += sum(i not in refused and bool(r.issues) for i, (_, r) in enumerate(part))
            yield table.filter(pa.array(landing)), issues

    def gathered(self) -> Iterator[tuple[str, int, bytes, Mapping[str, Any]]]:
        """The responses so far: id, number and digest as they are staged, and values by staged column."""
        for id_, response in self._responses.items():
            yield id_, response.row, response.digest.digest(), response.values

    def _staged(self, response: _Response) -> dict[str, Any]:
        return {**response.values, ROW: response.row, LINE: response.line, DIGEST: response.digest.digest()}

    def _issues(self, id_: str, response: _Response, refused: tuple[str, str] | None) -> list[Issue]:
        if refused is not None:
            return [self._issue(response.row, response.line, id_, *refused, bad=True)]
        return [self._issue(row, line, id_, column, code, bad=False) for row, line, column, code in response.issues]

    def _issue(self, row: int, line: int, id_: str | None, column: str | None, code: str, *, bad: bool) -> Issue:
        return Issue(self._report, self._file, row, line, id_, column, code, "quarantine" if bad else "warning")

    def _form(self, cells: Sequence[Cell]) -> str | None:
        cell = self._cell(cells, "form_name")
        if is_blank(cell):
            return self._default
        key = fold_key(parse_text(cell))
        return key if key in self._forms else None

    def _outcome(self, cells: Sequence[Cell], name: str) -> Outcome:
        return self._readers[name](self._cell(cells, name))

    def _cell(self, cells: Sequence[Cell], name: str) -> Cell:
        position = self._positions.get(name)
        return None if position is None else cells[position]
