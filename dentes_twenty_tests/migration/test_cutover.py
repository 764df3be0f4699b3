"""Which drop is taken, and why another is not: the decisions as a table, and the look at a real folder."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from pathlib import Path

import pytest

from dentes_twenty.migration.cutover import MARKER, Action, Deltas, Look, decide
from dentes_twenty.migration.delta import as_of
from dentes_twenty.migration.ledger import DropState
from dentes_twenty.migration.ledger.runs import Drop
from dentes_twenty.migration.watching import Memory, look_around

START = dt.datetime(2026, 12, 1, 18, tzinfo=dt.UTC)
WINDOW = (START, START + dt.timedelta(hours=48))
INSIDE = START + dt.timedelta(hours=5)


def look(name: str, fingerprint: str | None = "f1", hour: int = 1, *, marked: bool = False) -> Look:
    return Look(name, f"/drops/{name}", fingerprint, START + dt.timedelta(hours=hour), marked)


def drop(number: int, fingerprint: str, state: DropState, hour: int = 0) -> Drop:
    moment = START + dt.timedelta(hours=hour)
    detail = as_of(moment) if state in (DropState.DONE, DropState.PROCESSING) else None
    return Drop(number, fingerprint, "", moment, state, detail)


ONE, SAME, OTHER = [look("one")], {"/drops/one": "f1"}, {"/drops/one": "f0"}
DONE, REFUSED = [drop(1, "f1", DropState.DONE)], [drop(1, "f1", DropState.REFUSED)]
NEWER = [drop(1, "f9", DropState.DONE, hour=3)]
AGAIN = [drop(1, "f1", DropState.PROCESSING)]
LEFT = [drop(1, "f1", DropState.DONE, hour=3), drop(2, "f8", DropState.DONE)]
BEGUN = [drop(1, "f9", DropState.PROCESSING, hour=3)]
OLD_REFUSED = [drop(1, "f1", DropState.REFUSED), drop(2, "f9", DropState.DONE, hour=3)]
UNDONE = [drop(1, "f1", DropState.UNDONE), drop(2, "f9", DropState.UNDONE, hour=3)]
UNDONE_BEFORE = [drop(1, "f1", DropState.UNDONE), drop(2, "f7", DropState.DONE)]
NO_MOMENT = [drop(1, "f1", DropState.NEW), Drop(2, "f7", "", START, DropState.DONE, None)]


@pytest.mark.parametrize(
    ("now", "looks", "before", "drops", "deltas", "action", "said"),
    [
        (START - dt.timedelta(minutes=1), ONE, SAME, [], Deltas(), Action.SKIP, "opens at"),
        (WINDOW[1], ONE, SAME, [], Deltas(), Action.STOP, "ended at"),
        (WINDOW[1], ONE, SAME, [], Deltas(busy=True), Action.SKIP, "still under way"),
        (INSIDE, [], {}, [], Deltas(), Action.SKIP, "no export"),
        (INSIDE, ONE, {}, [], Deltas(), Action.SKIP, "first time"),
        (INSIDE, ONE, OTHER, [], Deltas(), Action.SKIP, "still being copied"),
        (INSIDE, [look("one", None)], SAME, [], Deltas(), Action.SKIP, "cannot be read"),
        (INSIDE, ONE, SAME, [], Deltas(), Action.TAKE, "complete"),
        (INSIDE, [look("one", marked=True)], {}, [], Deltas(), Action.TAKE, "complete"),
        (INSIDE, ONE, SAME, DONE, Deltas(), Action.SKIP, "processed already"),
        (INSIDE, ONE, SAME, REFUSED, Deltas(), Action.SKIP, "too few rows"),
        (INSIDE, ONE, SAME, NEWER, Deltas(), Action.SKIP, "older"),
        (INSIDE, ONE, SAME, BEGUN, Deltas(), Action.SKIP, "older"),
        (INSIDE, ONE, SAME, LEFT, Deltas(), Action.SKIP, "processed before"),
        (INSIDE, ONE, SAME, OLD_REFUSED, Deltas(), Action.SKIP, "older"),
        (INSIDE, ONE, SAME, UNDONE, Deltas(), Action.SKIP, "undone by a rollback"),
        (INSIDE, ONE, SAME, UNDONE_BEFORE, Deltas(), Action.TAKE, "attempt 1"),
        (INSIDE, ONE, SAME, NO_MOMENT, Deltas(), Action.SKIP, "older"),
        (INSIDE, ONE, SAME, AGAIN, Deltas(), Action.TAKE, "attempt 1"),
        (INSIDE, ONE, SAME, [], Deltas(busy=True), Action.SKIP, "under way"),
        (INSIDE, ONE, SAME, AGAIN, Deltas(failures={"f1": 2}), Action.TAKE, "attempt 3"),
        (INSIDE, ONE, SAME, AGAIN, Deltas(failures={"f1": 3}), Action.SKIP, "failed 3 times"),
    ],
)
def test_each_situation_has_one_answer_with_a_reason(
    now: dt.datetime,
    looks: list[Look],
    before: dict[str, str],
    drops: list[Drop],
    deltas: Deltas,
    action: Action,
    said: str,
) -> None:
    decision = decide(now, WINDOW, looks, before, drops, deltas)
    assert decision.action is action
    assert said in decision.reason
    assert (decision.look is not None) == (action is Action.TAKE)


def test_without_a_window_nothing_is_taken() -> None:
    assert "no cutover" in decide(INSIDE, None, ONE, SAME, [], Deltas()).reason


def test_drops_are_taken_in_the_order_in_which_they_were_written_with_the_attempt_in_the_run_key() -> None:
    looks = [look("b", "f2", 2), look("a", "f1", 3)]
    before = {one.location: str(one.fingerprint) for one in looks}
    first = decide(INSIDE, WINDOW, looks, before, [], Deltas(failures={"f2": 1}))
    assert (first.look, first.run_key) == (looks[0], "f2-2")
    done = [drop(1, "f2", DropState.DONE, hour=2)]
    second = decide(INSIDE, WINDOW, looks, before, done, Deltas())
    assert second.look == looks[1]
    both = [*done, drop(2, "f1", DropState.DONE, hour=3)]
    assert decide(INSIDE, WINDOW, looks, before, both, Deltas()).action is Action.SKIP


def write(folder: Path, text: str = "Patient ID,First name\n1,A\n") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "patients.csv").write_text(text, encoding="utf-8")


def test_sub_folders_and_an_overwritten_folder_are_both_found(tmp_path: Path) -> None:
    write(tmp_path / "drops" / "monday")
    write(tmp_path / "drops" / "tuesday")
    (tmp_path / "drops" / "notes").mkdir()
    looks, _ = look_around(str(tmp_path / "drops"), Memory(), ())
    assert [one.name for one in looks] == ["monday", "tuesday"]
    looks, _ = look_around(str(tmp_path / "drops" / "monday"), Memory(), ())
    assert [one.name for one in looks] == ["monday"]
    assert look_around(str(tmp_path / "nowhere"), Memory(), ()) == ([], Memory())


def test_a_copy_in_progress_shows_by_its_names_and_by_its_content(tmp_path: Path) -> None:
    write(tmp_path)
    (first,), memory = look_around(str(tmp_path), Memory(), ())
    memory = Memory.read(memory.as_text())
    write(tmp_path, "Patient ID,First name\n1,A\n2,B\n")
    (second,), _ = look_around(str(tmp_path), memory, ())
    assert second.fingerprint != first.fingerprint == memory.contents[first.location]
    (tmp_path / "ledger.csv.filepart").write_text("", encoding="utf-8")
    (third,), _ = look_around(str(tmp_path), memory, ())
    assert third.fingerprint is None


def test_a_marker_counts_unless_the_reports_are_newer(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / MARKER).touch()
    os.utime(tmp_path / "patients.csv", (1_000, 1_000))
    assert look_around(str(tmp_path), Memory(), ())[0][0].marked
    os.utime(tmp_path / MARKER, (999, 999))
    assert not look_around(str(tmp_path), Memory(), ())[0][0].marked
    assert Memory.read("not a cursor") == Memory()


def test_a_processed_drop_is_taken_again_under_another_run_key_when_its_attachments_were_replaced() -> None:
    done = [Drop(1, "f1", "", START, DropState.DONE, as_of(START + dt.timedelta(hours=1), "a1"))]
    same, other = (dataclasses.replace(ONE[0], attachments=print_) for print_ in ("a1", "a2"))
    seen = {one.location: one.content for one in (same, other)}
    assert "processed already" in decide(INSIDE, WINDOW, [same], {same.location: same.content}, done, Deltas()).reason
    changing = decide(INSIDE, WINDOW, [other], {other.location: same.content}, done, Deltas())
    assert "still being copied" in changing.reason
    taken = decide(INSIDE, WINDOW, [other], seen, done, Deltas())
    assert (taken.look, taken.run_key) == (other, "f1-a2-1")


def test_another_attachment_of_the_same_size_shows_by_its_moment(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "attachments").mkdir()
    file = tmp_path / "attachments" / "x-ray.txt"
    file.write_text("tooth 11", encoding="utf-8")
    (first,), memory = look_around(str(tmp_path), Memory(), ())
    file.write_text("tooth 12", encoding="utf-8")
    os.utime(file, (2_000, 2_000))
    (second,), _ = look_around(str(tmp_path), memory, (str(first.fingerprint),))
    assert second.fingerprint == first.fingerprint
    assert second.content != first.content
