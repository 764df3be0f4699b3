"""Choosing a sample: few records in which everything that the export has shows at least once.

Belongs here: the pure decisions. What a record shows (`features_of`), which records are worth remembering while a
stream of millions goes by (`Candidates`), and which of those make the sample (`choose`). Does not belong here: reading
rows, loading, comparing (`steps.sampling`).

A feature is a tuple of texts: ("object", scope), ("filled" | "empty", scope, field), ("option", scope, field, value),
("money", scope, field, "negative" | "zero" | "foreign"), ("raw", scope, column), ("warning", report, code),
("longest", scope, field), ("case", name). A scope is a Twenty object with the source object written into it.

Memory grows with the number of features and the size of the sample, never with the export.
"""

from __future__ import annotations

import dataclasses
import hashlib
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dentes_twenty.migration.planning.context import PlanContext
from dentes_twenty.migration.planning.records import PlannedRecord
from dentes_twenty.objects import note, person
from dentes_twenty.objects.fields import RAW, Row, SourceObject
from dentes_twenty.objects.target import FieldType

SMALLEST, LARGEST, USUAL = 100, 500, 200
REMEMBERED = 6  # records kept for each feature, so that the choice can take the one that shows most
FIRST = (
    "object",
    "option",
    "warning",
    "case",
    "longest",
    "money",
)  # kinds of features that come first where room is short
PATIENT, PROVIDER = "patient:", "provider:"

Feature = tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class TracingContext(PlanContext):
    """A planning context that remembers which records a row's transforms have asked for: its parents, as keys
    (`<source object>:<source id>`). Providers are parents only where something is written for them (`written`)."""

    written: frozenset[str] = frozenset()
    asked: dict[str, None] = dataclasses.field(default_factory=dict)

    def record_id(self, source_object: str, source_id: str) -> str:
        """As the planning context; notes the question."""
        self.asked[f"{source_object}:{source_id}"] = None
        return PlanContext.record_id(self, source_object, source_id)

    def member_id(self, provider_id: str) -> str | None:
        """As the planning context; notes the question."""
        if provider_id in self.written:
            self.asked[f"{PROVIDER}{provider_id}"] = None
        return PlanContext.member_id(self, provider_id)

    def parents_of(self, planned: PlannedRecord) -> tuple[str, ...]:
        """What was asked for since the last call, without the record itself."""
        found = tuple(key for key in self.asked if key != planned.key)
        self.asked.clear()
        return found


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """What is remembered of one record. `rank` and `place` give its place in the import order; `parents` are keys."""

    key: str
    scope: str
    rank: int
    place: int
    features: frozenset[Feature]
    parents: tuple[str, ...]

    @property
    def order(self) -> bytes:
        """Where the record stands among those that only fill the sample up: the records of one patient stand together,
        so that a reader finds whole patients, and which patients come first does not depend on the export's order."""
        anchor = next((key for key in self.parents if key.startswith(PATIENT)), self.key)
        return _digest(anchor) + _digest(self.key)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


# ---
# What a record shows
# ---


def features_of(
    declaration: SourceObject,
    row: Row,
    planned: PlannedRecord,
    currency: str,
    warnings: Iterable[tuple[str, str]] = (),
    cases: Iterable[str] = (),
) -> frozenset[Feature]:
    """`currency` is the practice's; `warnings` are (report, code) of the row's findings, `cases` the special cases that
    the record alone does not tell."""
    scope = declaration.scope
    found: set[Feature] = {("object", scope)}
    for field in declaration.fields:
        name, type_ = field.target.wire_name, field.target.type
        value = planned.values[name]
        found.add(("empty" if value is None else "filled", scope, name))
        if value is None:
            continue
        if type_ in (FieldType.SELECT, FieldType.BOOLEAN):
            found.add(("option", scope, name, str(value)))
        elif type_ is FieldType.MULTI_SELECT:
            found.update(("option", scope, name, str(one)) for one in value)
        elif type_ is FieldType.CURRENCY:
            found.update(("money", scope, name, kind) for kind in _money_kinds(value, currency))
        elif type_ is FieldType.PHONES and value.get("additionalPhones"):
            found.add(("case", "several_phones"))
    found.update(("raw", scope, name.removesuffix(RAW)) for name, text in row.items() if name.endswith(RAW) and text)
    found.update(("warning", report, code) for report, code in warnings)
    found.update(("case", name) for name in (*cases, *special_cases(declaration, row, planned)))
    return frozenset(found)


def _money_kinds(value: Mapping[str, int | str], currency: str) -> Iterator[str]:
    amount = int(value["amountMicros"])
    if amount <= 0:
        yield "zero" if amount == 0 else "negative"
    if value["currencyCode"] != currency:
        yield "foreign"


def special_cases(declaration: SourceObject, row: Row, planned: PlannedRecord) -> Iterator[str]:
    """Names of the special cases that one record is; the report has words for each (`cases.<name>`)."""
    values = planned.values
    if values.get("sharedEmail"):
        yield "shared_email"
    if any(str(row.get(fact) or "").startswith(PATIENT) for fact in (person.GUARDIAN, person.EMERGENCY)):
        yield "guardian_is_patient"
    if declaration.name == "contact":
        yield "further_guardian"
    if values.get("primaryClaimId"):
        yield "secondary_claim"
    if values.get("entryType") == "REFUND":
        yield "refund"
    if row.get("attachment"):
        yield "note_with_files"
    if declaration.links and not planned.links:
        yield "blocked_slot"
    if row.get("body") and row.get(note.BODY_MARKDOWN) != row["body"]:
        yield "formatted_text"
    for field in declaration.fields:
        if field.target.type is FieldType.CURRENCY and values[field.target.wire_name]:
            amount = values[field.target.wire_name]["amountMicros"]
            if amount < 0:
                yield "negative_amount"


def lengths_of(declaration: SourceObject, planned: PlannedRecord) -> Iterator[tuple[str, int]]:
    """Wire name and length of each text; the longest of each field belongs into the sample. Keys are no texts."""
    for field in declaration.fields:
        if field.target.unique:
            continue
        value = planned.values[field.target.wire_name]
        if value and field.target.type is FieldType.TEXT:
            yield field.target.wire_name, len(value)
        elif value and field.target.type is FieldType.RICH_TEXT:
            yield field.target.wire_name, len(value["markdown"])


# ---
# What is remembered of a stream
# ---


class Candidates:
    """Remembers a few records for each feature, those that would fill the sample up, and everybody's parents.

    Give it the records of one source object after the other, in *reverse* import order: then the parents of what was
    remembered are known before they come by. After each source object call `close`, and then, while `lacking` names
    records (relations to the object's own kind that came by too early), give those with `add`.
    """

    def __init__(self, size: int) -> None:
        self.found: dict[str, Seen] = {}
        self.features: Counter[Feature] = Counter()
        self._size = size
        self._wanted: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        # Of each feature the records of the least order are kept: they belong to the same few patients, who then come
        # into the sample once for all of them.
        self._kept: defaultdict[Feature, _Heap] = defaultdict(list)
        self._stream: dict[str, Seen] = {}
        self._longest: dict[Feature, tuple[int, Seen]] = {}
        self._fill: _Heap = []

    def take(self, seen: Seen, lengths: Iterable[tuple[str, int]] = ()) -> None:
        """One record of the stream."""
        self.features.update(seen.features)
        if seen.key in self._wanted:
            self._stream[seen.key] = seen
        order = -int.from_bytes(seen.order)
        for feature in seen.features:
            _keep(self._kept[feature], REMEMBERED, order, seen)
        _keep(self._fill, self._size, order, seen)
        for name, length in lengths:
            feature = ("longest", seen.scope, name)
            if length > self._longest.get(feature, (0, None))[0]:
                self._longest[feature] = (length, seen)

    def close(self) -> None:
        """The stream of one source object has ended."""
        for heap in (self._fill, *self._kept.values()):
            for _, _, seen in heap:
                self._stream.setdefault(seen.key, seen)
        for feature, (_, seen) in self._longest.items():
            known = self._stream.get(seen.key, seen)
            self._stream[seen.key] = dataclasses.replace(known, features=known.features | {feature})
            self.features[feature] += 1
        for seen in self._stream.values():
            self.add(seen)
        self._begin()

    def add(self, seen: Seen) -> None:
        """A record that is remembered whatever it shows."""
        self.found[seen.key] = seen
        self._wanted.update(seen.parents)

    def lacking(self, source_objects: Iterable[str]) -> frozenset[str]:
        """Keys of parents of these source objects that were not remembered."""
        names = frozenset(source_objects)
        return frozenset(key for key in self._wanted - self.found.keys() if key.partition(":")[0] in names)


_Heap = list[tuple[int, int, Seen]]  # the greatest order on top, as its negative


def _keep(heap: _Heap, most: int, order: int, seen: Seen) -> None:
    """Keep the record if it is among those of the least order."""
    if len(heap) < most:
        heapq.heappush(heap, (order, seen.place, seen))
    elif order > heap[0][0]:
        heapq.heapreplace(heap, (order, seen.place, seen))


# ---
# Which records make the sample
# ---


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Choice:
    """The sample: keys in import order. `uncovered` are the features for which there was no room."""

    keys: tuple[str, ...]
    uncovered: frozenset[Feature]


def choose(candidates: Mapping[str, Seen], size: int) -> Choice:
    """Greedy set cover, each record together with all that it points at; what room is left is filled up evenly.

    Objects, options, findings, special cases and longest texts come first, then whether each field is filled or empty.

    A candidate's parents are candidates too, or nowhere to be had (`Candidates` sees to it). Deterministic.
    """
    chooser = _Chooser(candidates, size)
    chooser.cover(FIRST)
    chooser.cover()
    chooser.fill()
    keys = sorted(chooser.chosen, key=lambda key: (candidates[key].rank, candidates[key].place, key))
    return Choice(tuple(keys), chooser.uncovered())


class _Chooser:
    def __init__(self, candidates: Mapping[str, Seen], size: int) -> None:
        self._candidates = candidates
        self._size = size
        self._features = sorted({feature for seen in candidates.values() for feature in seen.features})
        self._bits = {feature: 1 << n for n, feature in enumerate(self._features)}
        self._families = {key: family(key, candidates) for key in candidates}
        own = {key: sum(self._bits[feature] for feature in seen.features) for key, seen in candidates.items()}
        self._masks = {key: _union(own[one] for one in keys) for key, keys in self._families.items()}
        self._covered = 0
        self.chosen: set[str] = set()

    def cover(self, kinds: Sequence[str] | None = None) -> None:
        """Take again and again the record that shows most new features (of these kinds) for each record that it brings
        along."""
        wanted = _union(bit for feature, bit in self._bits.items() if kinds is None or feature[0] in kinds)
        open_ = sorted(self._candidates, key=lambda key: (self._candidates[key].rank, self._candidates[key].place, key))
        while open_:
            best: str | None = None
            best_value = (0.0, 0)
            left = []
            for key in open_:
                gain = (self._masks[key] & wanted & ~self._covered).bit_count()
                if not gain:
                    continue
                left.append(key)
                cost = self._cost(key)
                if len(self.chosen) + cost <= self._size and (value := (gain / max(cost, 1), gain)) > best_value:
                    best, best_value = key, value
            if best is None:
                return
            self._take(best)
            open_ = left

    def fill(self) -> None:
        """One record of each scope in turn, in the scope's own order, while there is room."""
        scopes: dict[str, list[Seen]] = defaultdict(list)
        for seen in sorted(self._candidates.values(), key=lambda seen: (seen.rank, seen.order)):
            scopes[seen.scope].append(seen)
        queues = [iter(records) for records in scopes.values()]
        while queues and len(self.chosen) < self._size:
            queues = [queue for queue in queues if self._take_next(queue)]

    def _take_next(self, queue: Iterator[Seen]) -> bool:
        """The next record that is not there yet and fits; False when the scope has none."""
        for seen in queue:
            if seen.key not in self.chosen and len(self.chosen) + self._cost(seen.key) <= self._size:
                self._take(seen.key)
                return True
        return False

    def _cost(self, key: str) -> int:
        return sum(one not in self.chosen for one in self._families[key])

    def _take(self, key: str) -> None:
        self.chosen.update(self._families[key])
        self._covered |= self._masks[key]

    def uncovered(self) -> frozenset[Feature]:
        return frozenset(feature for feature in self._features if not self._covered & self._bits[feature])


def family(key: str, candidates: Mapping[str, Seen]) -> Sequence[str]:
    """The record with all that it points at, directly or not; two patients may be each other's contacts."""
    found: dict[str, None] = {}
    open_ = [key]
    while open_:
        one = open_.pop()
        if one not in found and one in candidates:
            found[one] = None
            open_ += candidates[one].parents
    return tuple(found)


def _union(masks: Iterable[int]) -> int:
    whole = 0
    for mask in masks:
        whole |= mask
    return whole
