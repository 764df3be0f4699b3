"""The database below the ledger: permissions, versions, and what a driver's refusal becomes."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dentes_twenty.migration.errors import (
    LedgerBusy,
    LedgerConfiguration,
    LedgerDamaged,
    LedgerError,
    LedgerMisuse,
    LedgerUnavailable,
)
from dentes_twenty.migration.ledger import Ledger, Operation, RecordIntent
from dentes_twenty.migration.ledger.database import Database, parse_url
from dentes_twenty.migration.ledger.schema import REVISION, VERSION_TABLE, metadata, records
from dentes_twenty.migration.ledger.upgrade import MIGRATIONS
from dentes_twenty_tests.migration.ledger.conftest import PRACTICE, Landing, intent_of, key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_and_the_folders_made_for_it_are_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        with Ledger.open(f"sqlite:///{tmp_path}/a/b/ledger.sqlite", PRACTICE) as ledger:
            ledger.begin_run("migrate")
            assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
            assert {mode(file) for file in (tmp_path / "a" / "b").iterdir()} == {0o600}
    finally:
        os.umask(previous)


def test_a_process_that_looks_into_the_ledger_leaves_the_log_of_one_that_writes_it(sqlite_url: str) -> None:
    """Opening the file a second time in one process dropped that process's locks: whoever looked in and went then
    believed to be the last, and deleted the log that the first one was writing. The ledger was damaged."""
    log = Path(sqlite_url.removeprefix("sqlite:///") + "-wal")
    look = f"from dentes_twenty.migration.ledger import Ledger; Ledger.open({sqlite_url!r}, {PRACTICE!r}).close()"
    with Ledger.open(sqlite_url, PRACTICE) as ledger:
        run = ledger.begin_run("migrate")
        limits = ledger.shared_limits("http://127.0.0.1:3000")
        inode = log.stat().st_ino
        subprocess.run([sys.executable, "-c", look], check=True)
        assert log.stat().st_ino == inode
        limits.close()
        ledger.heartbeat(run)
    with Ledger.open(sqlite_url, PRACTICE) as ledger:
        assert [one.id for one in ledger.runs()] == [run]


def test_a_folder_is_no_ledger_and_stays_as_it_is(tmp_path: Path) -> None:
    before = mode(tmp_path)
    with pytest.raises(LedgerConfiguration) as caught:
        Ledger.open(f"sqlite:///{tmp_path}", PRACTICE)
    assert caught.value.code == "ledger_cannot_open" and mode(tmp_path) == before


@pytest.mark.parametrize(
    "text", ["", "nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_url_that_is_no_ledger_is_refused(text: str) -> None:
    with pytest.raises(LedgerConfiguration) as caught:
        parse_url(text)
    assert caught.value.code == "ledger_url"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres+psycopg2", "postgresql+psycopg", "postgresql+psycopg2"])
def test_any_spelling_of_postgresql_uses_the_driver_that_is_installed(scheme: str) -> None:
    if scheme.startswith("postgres+"):
        with pytest.raises(LedgerConfiguration):
            parse_url(f"{scheme}://u@h/d")
        return
    assert parse_url(f"{scheme}://u@h/d").drivername == "postgresql+psycopg2"


def test_the_tables_are_exactly_what_the_migrations_make(new_url: str) -> None:
    with Ledger.open(new_url, PRACTICE) as ledger, ledger._database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "include_schemas": False}
        )
        differences = [
            difference
            for difference in compare_metadata(context, metadata)
            # SQLite tells blob columns without their length, and index conditions not at all.
            if not (isinstance(difference, list) and difference[0][0] == "modify_type")
        ]
    assert differences == []


def test_the_newest_migration_is_the_revision_of_the_tables() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_opening_again_changes_nothing_and_keeps_the_salt(ledger: Ledger, url: str) -> None:
    with Ledger.open(url, PRACTICE) as again:
        assert again.pseudonym("patient", "7") == ledger.pseudonym("patient", "7")
        assert again.audit.head() == ledger.audit.head()


def test_an_up_to_date_ledger_is_opened_without_alembic(sqlite_url: str) -> None:
    Ledger.open(sqlite_url, PRACTICE).close()
    code = (
        "import sys; from dentes_twenty.migration.ledger import Ledger; "
        f"Ledger.open({sqlite_url!r}, {PRACTICE!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_ledger_of_a_newer_program_is_refused(new_url: str) -> None:
    with Ledger.open(new_url, PRACTICE) as ledger, ledger._database.write(None) as connection:
        connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(LedgerConfiguration) as caught:
        Ledger.open(new_url, PRACTICE)
    assert caught.value.code == "ledger_newer"
    assert "9999" in caught.value.message


def test_openers_of_a_new_ledger_wait_for_each_other(new_url: str) -> None:
    opened: list[str] = []
    failed: list[LedgerError] = []

    def open_it(practice: str) -> None:
        try:
            with Ledger.open(new_url, practice) as ledger:
                opened.append(ledger.pseudonym("x"))
        except LedgerError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it, args=(f"p{number % 2}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(opened) == 4
    assert len(set(opened)) == 1


def test_a_file_that_is_no_database_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_text("patients: Ayşe Yılmaz\n" * 100)
    with pytest.raises(LedgerDamaged) as caught:
        Ledger.open(f"sqlite:///{path}", PRACTICE)
    assert "Yılmaz" not in str(caught.value)


def test_a_folder_in_the_place_of_the_file_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(LedgerConfiguration) as caught:
        Ledger.open(f"sqlite:///{tmp_path}", PRACTICE)
    assert caught.value.code == "ledger_cannot_open"


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(LedgerUnavailable) as caught:
        Ledger.open("postgresql://nobody:hunter2@127.0.0.1:1/none", PRACTICE)
    assert "hunter2" not in str(caught.value)


def test_a_writer_that_waits_too_long_is_told_that_the_ledger_is_busy(ledger: Ledger, url: str) -> None:
    impatient = Database(url, lock_seconds=0.2)
    with (
        ledger._database.write(PRACTICE),
        pytest.raises(LedgerBusy),
        impatient.write(PRACTICE) as connection,
    ):
        connection.execute(sa.select(records.c.source_id))
    with impatient.write(PRACTICE) as connection:
        connection.execute(sa.select(records.c.source_id))
    impatient.close()


def test_a_full_disk_loses_nothing_that_was_committed(sqlite_url: str) -> None:
    with Ledger.open(sqlite_url, PRACTICE) as ledger:
        run = ledger.begin_run("migrate")
        database = ledger._database
        with database._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")
        committed = 0
        with pytest.raises(LedgerUnavailable) as caught:
            for start in range(0, 100_000, 200):
                ledger.intend(
                    run, Operation.CREATE, "person", [intent_of(ledger, start + n, name="x" * 50) for n in range(200)]
                )
                committed += 200
        assert caught.value.code == "ledger_disk_full"
        with database._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert sum(ledger.counts().values()) == committed
        assert ledger.audit.verify() is None
        ledger.intend(run, Operation.CREATE, "person", [intent_of(ledger, "after")])


def test_a_server_that_restarts_costs_a_reconnect(postgres_url: str) -> None:
    with Ledger.open(postgres_url, PRACTICE) as ledger:
        with ledger._database.read() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        engine = sa.create_engine(parse_url(postgres_url), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({backend})")
        engine.dispose()
        assert ledger.counts() == {}


@pytest.mark.parametrize("broken", ["lone surrogate", "no uuid"])
def test_a_refused_statement_never_quotes_its_values(ledger: Ledger, run: int, broken: str) -> None:
    secret = "Yılmaz-5321112233"
    source_id, record = secret + "\ud800", intent_of(ledger, 1).record_id
    if broken == "no uuid":
        source_id, record = secret, secret
    with pytest.raises((LedgerError, ValueError)) as caught:
        ledger.intend(run, Operation.CREATE, "person", [RecordIntent(key(source_id), record)])
    told = "".join(traceback.format_exception(caught.value))
    assert "Yılmaz" not in repr(caught.value) + str(caught.value)
    assert "Yılmaz-5321112233" not in told.replace('secret = "Yılmaz-5321112233"', "")
    assert ledger.counts() == {}


def test_a_statement_that_breaks_the_rules_of_the_tables_is_misuse(ledger: Ledger, land: Landing) -> None:
    land(1)
    with pytest.raises(LedgerMisuse) as caught, ledger._database.write(None) as connection:
        connection.execute(sa.update(records).values(object=None))
    assert caught.value.code == "ledger_refused"


def test_ids_are_looked_up_by_the_whole_key_before_the_server_has_any_statistics(postgres_url: str) -> None:
    with Ledger.open(postgres_url, PRACTICE) as ledger:
        run = ledger.begin_run("migrate")
        ledger.intend(run, Operation.CREATE, "person", [intent_of(ledger, number) for number in range(3_000)])
        look_up = sa.select(records.c.record_id).where(ledger._of(records, "patient", ["1", "2", "x"]))
        page = (
            sa.select(records.c.record_id)
            .where(
                records.c.practice == 1,
                sa.tuple_(records.c.source_object, records.c.source_id) > sa.tuple_("patient", "5"),
            )
            .order_by(records.c.source_object, records.c.source_id)
            .limit(100)
        )
        plans = []
        with ledger._database.read() as connection:
            for statement in (look_up, page):
                compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
                plans.append("\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}".replace("%", "%%")).scalars()))
    assert "Tid Scan" in plans[0]
    assert re.search(r"Index Cond: .*source_id = \w+\.id", plans[0])
    assert "Index Scan" in plans[1]
    assert "Sort" not in plans[1] + plans[0]
