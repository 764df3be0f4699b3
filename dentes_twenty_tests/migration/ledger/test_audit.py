"""The audit log: every way of tampering with it is found, at the first line that is broken."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from dentes_twenty.migration.ledger import AuditHead, Ledger
from dentes_twenty.migration.ledger.audit import GENESIS, line_hash, neutral_cell
from dentes_twenty.migration.ledger.database import Database
from dentes_twenty.migration.ledger.schema import audit, audit_heads
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE, Landing


@pytest.fixture
def tamper(url: str) -> Callable[[sa.Executable], None]:
    """Somebody with access to the database, who does not go through the ledger."""

    def by_hand(statement: sa.Executable) -> None:
        database = Database(url)
        with database.write(None) as connection:
            connection.execute(statement)
        database.close()

    return by_hand


Tamper = Callable[[sa.Executable], None]


def test_an_untouched_log_is_whole(ledger: Ledger, land: Landing) -> None:
    land(*range(450))
    assert ledger.audit.verify() is None
    assert ledger.audit.head().seq == 1 + 1 + 450


def test_an_empty_log_is_whole(ledger: Ledger) -> None:
    assert ledger.audit.verify() is None
    assert ledger.audit.head() == AuditHead(0, GENESIS.hex())


@pytest.mark.parametrize("column", ["operation", "object", "subject", "outcome", "actor", "detail"])
def test_a_line_whose_text_was_changed_is_named(ledger: Ledger, land: Landing, tamper: Tamper, column: str) -> None:
    land(1, 2, 3)
    tamper(sa.update(audit).where(audit.c.seq == 4).values({column: "forged"}))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (4, "audit_line_altered")


@pytest.mark.parametrize("column", ["at", "run"])
def test_a_line_whose_number_was_changed_is_named(ledger: Ledger, land: Landing, tamper: Tamper, column: str) -> None:
    land(1, 2, 3)
    tamper(sa.update(audit).where(audit.c.seq == 4).values({column: 1_000}))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (4, "audit_line_altered")


def test_a_line_that_was_changed_together_with_its_hash_is_named(ledger: Ledger, land: Landing, tamper: Tamper) -> None:
    land(1, 2, 3)
    lines = list(ledger.audit.lines())
    third = lines[2]
    prev = bytes.fromhex(third["prev_hash"])
    with Database(str(ledger._database.url)).read() as connection:
        at = connection.execute(sa.select(audit.c.at).where(audit.c.seq == 3)).scalar_one()
    content = (third["run"], third["operation"], third["object"], third["subject"], "refused", None)
    forged = line_hash(prev, PRACTICE, 3, at, third["actor"], content)
    tamper(sa.update(audit).where(audit.c.seq == 3).values(outcome="refused", hash=forged))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (3, "audit_line_altered")


def test_the_last_line_changed_together_with_its_hash_is_named(ledger: Ledger, land: Landing, tamper: Tamper) -> None:
    land(1)
    last = list(ledger.audit.lines())[-1]
    with Database(str(ledger._database.url)).read() as connection:
        at = connection.execute(sa.select(audit.c.at).where(audit.c.seq == 3)).scalar_one()
    content = (last["run"], last["operation"], last["object"], last["subject"], "refused", None)
    forged = line_hash(bytes.fromhex(last["prev_hash"]), PRACTICE, 3, at, last["actor"], content)
    tamper(sa.update(audit).where(audit.c.seq == 3).values(outcome="refused", hash=forged))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (3, "audit_line_altered")


@pytest.mark.parametrize(("removed", "named"), [(1, 1), (3, 3)])
def test_a_removed_line_is_named(ledger: Ledger, land: Landing, tamper: Tamper, removed: int, named: int) -> None:
    land(1, 2, 3)
    tamper(sa.delete(audit).where(audit.c.seq == removed))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (named, "audit_line_missing")


def test_removed_last_lines_are_noticed(ledger: Ledger, land: Landing, tamper: Tamper) -> None:
    land(1, 2, 3)
    tamper(sa.delete(audit).where(audit.c.seq > 3))
    problem = ledger.audit.verify()
    assert problem is not None
    assert (problem.seq, problem.code) == (4, "audit_lines_missing")


def test_a_log_shortened_together_with_its_head_is_caught_by_the_head_in_a_signed_report(
    ledger: Ledger, land: Landing, tamper: Tamper
) -> None:
    land(1, 2, 3)
    signed = ledger.audit.head()
    third = list(ledger.audit.lines())[2]
    tamper(sa.delete(audit).where(audit.c.seq > 3))
    tamper(sa.update(audit_heads).values(seq=3, hash=bytes.fromhex(third["hash"])))
    assert ledger.audit.verify() is None
    problem = ledger.audit.verify(signed)
    assert problem is not None
    assert (problem.seq, problem.code) == (4, "audit_lines_missing")
    land(4, 5, 6)  # the chain grows again over the forged end
    problem = ledger.audit.verify(signed)
    assert problem is not None
    assert (problem.seq, problem.code) == (signed.seq, "audit_chain_replaced")


def test_a_signed_head_stays_valid_while_the_log_grows(ledger: Ledger, land: Landing) -> None:
    land(1)
    signed = ledger.audit.head()
    land(2, 3)
    assert ledger.audit.verify(signed) is None


def test_a_line_is_written_in_the_same_transaction_as_what_it_tells(ledger: Ledger, run: int) -> None:
    head = ledger.audit.head()
    with pytest.raises(RuntimeError), ledger._write() as write:
        ledger._beat(write, run)
        raise RuntimeError
    assert ledger.audit.head() == head


def test_the_spreadsheet_export_neutralises_what_a_spreadsheet_would_compute(ledger: Ledger) -> None:
    ledger.event(None, "note", "=HYPERLINK(1)", "+1", "-2", {"a": 1})
    ledger.event(None, "note", "@SUM", "ordinary", "\tcmd")
    target = io.StringIO()
    assert ledger.audit.export_csv(target) == 2
    rows = list(csv.DictReader(io.StringIO(target.getvalue())))
    assert [(row["object"], row["subject"], row["outcome"]) for row in rows] == [
        ("'=HYPERLINK(1)", "'+1", "'-2"),
        ("'@SUM", "ordinary", "'\tcmd"),
    ]
    assert rows[0]["detail"] == '{"a":1}'
    assert [neutral_cell(value) for value in (None, 5, "x", "=x")] == ["", 5, "x", "'=x"]


def test_the_exported_lines_can_be_checked_without_the_ledger(ledger: Ledger, land: Landing) -> None:
    land(1, 2)
    target = io.StringIO()
    assert ledger.audit.export_jsonl(target) == 4
    lines = [json.loads(line) for line in target.getvalue().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3, 4]
    assert [line["prev_hash"] for line in lines[1:]] == [line["hash"] for line in lines[:-1]]
    assert lines[0]["at"].endswith("+00:00")
    assert lines[1]["detail"] == {"records": 2}
