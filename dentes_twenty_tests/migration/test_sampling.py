"""Which records make a sample: what the export shows, the sample shows; whatever a record points at comes along."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dentes_twenty.migration.owners import Member, Owners, match_owners
from dentes_twenty.migration.planner import Planner
from dentes_twenty.migration.sampling import REMEMBERED, Candidates, Feature, Seen, choose, family
from dentes_twenty.migration.session import Migration
from dentes_twenty.migration.steps.drawing import Drawn, SampledRow, collect, draw
from dentes_twenty_tests.end_to_end.harness import FALLBACK, make_drop, make_practice, needs_generator

SCOPES = ("company/practice", "person/patient", "opportunity/plan", "billingLedger/entry")


@st.composite
def exports(drawing: st.DrawFn) -> list[Seen]:
    """Records of four kinds in import order; a record points at earlier kinds, and at its own kind either way."""
    made: list[Seen] = []
    for rank, scope in enumerate(SCOPES):
        count = drawing(st.integers(0, 12))
        mine = [f"{scope.partition('/')[2]}:{place}" for place in range(count)]
        earlier = [seen.key for seen in made]
        for place, key in enumerate(mine):
            marks = drawing(st.sets(st.integers(0, 9), max_size=4))
            features: set[Feature] = {("option", scope, "status", str(mark)) for mark in marks} | {("object", scope)}
            parents = drawing(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
            if drawing(st.booleans()):
                parents.append(drawing(st.sampled_from(mine)))
            made.append(Seen(key, scope, rank, place, frozenset(features), tuple(dict.fromkeys(parents))))
    return made


def remembered(records: list[Seen], size: int) -> Candidates:
    candidates = Candidates(size)
    for scope in reversed(SCOPES):
        mine = [seen for seen in records if seen.scope == scope]
        for seen in mine:
            candidates.take(seen)
        candidates.close()
        while lacking := candidates.lacking([scope.partition("/")[2]]):
            for seen in mine:
                if seen.key in lacking:
                    candidates.add(seen)
    return candidates


@settings(max_examples=150, deadline=None)
@given(exports())
def test_a_sample_that_may_be_large_enough_shows_every_feature(records: list[Seen]) -> None:
    candidates = remembered(records, 1000)
    choice = choose(candidates.found, 1000)
    wanted = {feature for seen in records for feature in seen.features}
    assert {feature for key in choice.keys for feature in candidates.found[key].features} >= wanted
    assert choice.uncovered == frozenset()


@settings(max_examples=150, deadline=None)
@given(exports(), st.integers(1, 30))
def test_a_sample_is_closed_under_relations_and_never_too_large(records: list[Seen], size: int) -> None:
    candidates = remembered(records, size)
    choice = choose(candidates.found, size)
    assert len(choice.keys) <= size
    assert len(set(choice.keys)) == len(choice.keys)
    for key in choice.keys:
        assert set(family(key, candidates.found)) <= set(choice.keys)
        assert set(candidates.found[key].parents) <= candidates.found.keys()


@settings(max_examples=60, deadline=None)
@given(exports(), st.integers(1, 30))
def test_a_sample_says_what_it_has_no_room_for(records: list[Seen], size: int) -> None:
    candidates = remembered(records, size)
    choice = choose(candidates.found, size)
    shown = {feature for key in choice.keys for feature in candidates.found[key].features}
    wanted = {feature for seen in records for feature in seen.features}
    assert wanted - shown <= choice.uncovered


@settings(max_examples=60, deadline=None)
@given(exports(), st.integers(1, 30))
def test_the_same_export_gives_the_same_sample(records: list[Seen], size: int) -> None:
    assert choose(remembered(records, size).found, size) == choose(remembered(records, size).found, size)


def test_what_fills_the_sample_up_shows_whole_patients() -> None:
    records = [Seen(f"patient:{n}", "person/patient", 0, n, frozenset({("object", "p")}), ()) for n in range(50)]
    entries = [
        Seen(f"entry:{n}", "billingLedger/entry", 1, n, frozenset({("object", "e")}), (f"patient:{n % 50}",))
        for n in range(500)
    ]
    random.Random(3).shuffle(entries)
    candidates = Candidates(40)
    for seen in entries:
        candidates.take(seen)
    candidates.close()
    for seen in records:
        candidates.take(seen)
    candidates.close()
    choice = choose(candidates.found, 40)
    patients = {key for key in choice.keys if key.startswith("patient:")}
    of_the_sample = [key for key in choice.keys if key.startswith("entry:")]
    assert len(choice.keys) == 40
    assert len(of_the_sample) >= 2 * len({candidates.found[key].parents[0] for key in of_the_sample}) - 2
    assert patients


def test_memory_does_not_grow_with_the_export() -> None:
    candidates = Candidates(50)
    for n in range(20_000):
        features: frozenset[Feature] = frozenset({("option", "billingLedger/entry", "entryType", str(n % 9))})
        candidates.take(Seen(f"entry:{n}", "billingLedger/entry", 0, n, features, ()), [("note", n % 700)])
    candidates.close()
    assert len(candidates.found) <= 50 + REMEMBERED * 10 + 1
    assert candidates.features["longest", "billingLedger/entry", "note"] == 1


# ---
# Generated drops
# ---


@dataclasses.dataclass
class Export:
    """A staged drop with its planner, and owners as if everybody had the fallback."""

    planner: Planner
    owners: Owners


@pytest.fixture(scope="module", params=[("excel-tr", 11, "many"), ("utf8-en", 12, "some")])
def export(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Export:
    dialect, seed, defects = request.param
    folder = tmp_path_factory.mktemp("export")
    drop = make_drop(folder, seed=seed, dialect=dialect, defects=defects, patients=40)
    with Migration(make_practice(folder, drop, "http://127.0.0.1:9")) as migration:
        for report in migration.reports:
            migration.stage(report)
        planner = migration.planner
        members = [Member("20202020-0000-4000-8000-000000000001", FALLBACK)]
        return Export(planner, match_owners(planner.providers(), members, {}, FALLBACK))


@pytest.fixture(scope="module")
def drawn(export: Export) -> Drawn:
    return draw(export.planner, export.owners, 200)


@pytest.fixture(scope="module")
def sampled(export: Export, drawn: Drawn) -> tuple[SampledRow, ...]:
    return collect(export.planner, export.owners, drawn)


@needs_generator
def test_a_sample_of_a_practice_shows_all_that_the_export_has(drawn: Drawn, sampled: tuple[SampledRow, ...]) -> None:
    assert len(sampled) == drawn.size <= 200
    assert drawn.uncovered == frozenset()
    shown = {feature for row in sampled for feature in row.features}
    assert {feature for feature in drawn.features if feature[0] != "longest"} <= shown
    kinds = {feature[0] for feature in drawn.features}
    assert kinds >= {"object", "option", "filled", "empty", "warning", "longest", "case"}


@needs_generator
def test_a_sample_of_a_practice_points_at_nothing_outside_of_it(sampled: tuple[SampledRow, ...]) -> None:
    ids = {row.planned.id for row in sampled}
    for row in sampled:
        for field in row.declaration.fields:
            to = field.target.relation
            if to is not None and to.object != "workspaceMember" and row.planned.values[field.target.wire_name]:
                assert row.planned.values[field.target.wire_name] in ids
        for link in row.planned.links:
            assert set(link.values.values()) <= ids


@needs_generator
def test_a_sample_of_a_practice_names_every_kind_of_row_that_stays_out(export: Export, drawn: Drawn) -> None:
    staged = {(issue.report, issue.code) for issue in export.planner.staged.issues() if issue.severity == "quarantine"}
    assert staged <= {(issue.report, issue.code) for issue in drawn.stays_out}


@needs_generator
def test_a_sample_of_a_practice_is_the_same_every_time(export: Export, drawn: Drawn) -> None:
    assert draw(export.planner, export.owners, 200).keys == drawn.keys
