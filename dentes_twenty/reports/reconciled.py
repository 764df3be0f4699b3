"""The reconciliation page, from what `Migration.reconcile` has found.

Belongs here: conversion, micros to amounts, and the table of values that people have changed on purpose. Does not
belong here: finding anything (`migration`), the page itself (`pages.reconciliation`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from decimal import Decimal

from dentes_twenty.migration.reconcile import FILES_WRONG, WRONG, Difference, Files, Notice, Reconciliation, Rows, Sums
from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.reports.assemble import money_totals
from dentes_twenty.reports.figures import (
    FileFigures,
    ObjectFigures,
    PatientMoney,
    ReconciliationReport,
    RecordNotice,
    ValueDifference,
)
from dentes_twenty.reports.model import Heading
from dentes_twenty.reports.page import Rendered, words_of
from dentes_twenty.reports.pages.reconciliation import reconciliation
from dentes_twenty.reports.tables import table
from dentes_twenty.reports.values import shown

_EDITS = ("object", "source_id", "record", "field", "label", "why", "written", "in_twenty")


def reconciliation_report(
    heading: Heading, found: Reconciliation, declarations: Sequence[SourceObject], address: str = ""
) -> ReconciliationReport:
    """`address`: of the workspace, where records can be opened."""
    labels = {rows.object: rows.label for rows in found.rows}

    def notices(some: Iterable[Notice]) -> tuple[RecordNotice, ...]:
        return tuple(_notice(one, labels.get(one.object, ""), address) for one in some)

    return ReconciliationReport(
        heading,
        tuple(_figures(rows, quick=found.quick) for rows in found.rows if rows.landed or rows.in_export),
        money_totals(found.totals, declarations),
        tuple(map(_sums, found.patients)),
        found.patients_compared,
        tuple(map(_sums, found.balances)),
        found.balances_compared,
        tuple(map(_sums, found.plans)),
        found.plans_compared,
        tuple(_difference(one, address) for one in found.differences if one.kind in WRONG),
        notices(found.orphans),
        notices(found.strays),
        notices(found.drift),
        None if found.files is None else _files(found.files),
        notices(one for one in found.file_notices if one.what in FILES_WRONG),
        notices(one for one in found.file_notices if one.what not in FILES_WRONG),
        found.previous,
        found.quick,
        found.calls,
        round(found.seconds / 60, 2),
    )


def rendered(report: ReconciliationReport, found: Reconciliation) -> Rendered:
    """The page with one more table: values that differ because a person wanted it so."""
    page = reconciliation(report)
    w = words_of(report.heading)
    lines = (
        (
            w.object(one.object),
            one.source_id,
            one.title,
            one.field,
            one.label,
            one.kind.value,
            shown(one.sent, one.type, w),
            shown(one.stored, one.type, w),
        )
        for one in found.differences
        if one.kind not in WRONG
    )
    return dataclasses.replace(page, tables={**page.tables, "edits": table(_EDITS, lines, w.language)})


def _figures(rows: Rows, *, quick: bool) -> ObjectFigures:
    return ObjectFigures(
        rows.object,
        rows.in_export,
        rows.landed,
        rows.found,
        rows.quarantined,
        rows.held,
        rows.refused,
        rows.identical,
        rows.deleted,
        None if quick else rows.verified,
        rows.differing,
        rows.label,
    )


def _files(files: Files) -> FileFigures:
    return FileFigures(files.in_export, files.landed, files.found, files.out, files.verified)


def _amount(micros: int) -> Decimal:
    return Decimal(micros).scaleb(-6)


def _sums(one: Sums) -> PatientMoney:
    return PatientMoney(one.source_id, one.name, one.currency, _amount(one.expected), _amount(one.found))


def _url(address: str, target: str, record_id: str) -> str:
    return f"{address}/object/{target}/{record_id}" if address and record_id else ""


def _difference(one: Difference, address: str) -> ValueDifference:
    url = _url(address, one.target, one.record_id)
    return ValueDifference(
        one.object, one.source_id, one.title, one.field, one.label, one.type, one.sent, one.stored, url=url
    )


def _notice(one: Notice, label: str, address: str) -> RecordNotice:
    url = _url(address, one.target, one.record_id)
    return RecordNotice(one.object, one.source_id, one.title, one.what, one.fields, label, url)
