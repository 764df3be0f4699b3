"""What a workspace's data model lacks for a migration, as a plan of steps. Pure.

Belongs here: comparing needed objects (`objects.target`) with the model. Does not belong here: carrying the plan out
(`provisioning`), the list for people (`checklist`), Twenty's rules for names (`naming`).

Nothing that exists is altered, but for two things: options are added (the existing ones keep their ids, or their rows
would be emptied), and what is deactivated is activated. All else that stands in the way is a conflict for a person.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dentes_twenty.objects.target import FieldType, Option, TargetField, TargetObject
from dentes_twenty.twenty.errors import ModelConflict
from dentes_twenty.twenty.model import FieldInfo, ObjectInfo, WorkspaceModel, capital
from dentes_twenty.twenty.naming import (
    composite_columns,
    label_problem,
    name_from_label,
    name_problem,
    options_problem,
)

BORN_WITH: Mapping[str, str] = {
    "id": "UUID",
    "name": "TEXT",
    "createdAt": "DATE_TIME",
    "updatedAt": "DATE_TIME",
    "deletedAt": "DATE_TIME",
    "createdBy": "ACTOR",
    "updatedBy": "ACTOR",
    "position": "POSITION",
    "searchVector": "TS_VECTOR",
    "timelineActivities": "RELATION",
    "attachments": "RELATION",
    "noteTargets": "RELATION",
    "taskTargets": "RELATION",
}
"""The fields that every custom object has from the start [metadata-object-create]."""


@dataclasses.dataclass(frozen=True, slots=True)
class CreateObject:
    """Make a custom object; it comes with the fields of BORN_WITH."""

    target: TargetObject


@dataclasses.dataclass(frozen=True, slots=True)
class CreateField:
    """Make a field; a relation makes its other side too. `labels` are those of the options."""

    object: str
    field: TargetField
    labels: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class AddOptions:
    """Add options to a field that exists."""

    object: str
    field: str
    field_id: str
    options: tuple[Option, ...]
    labels: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Activate:
    """Activate an object (`field` is empty) or a field that somebody has deactivated."""

    object: str
    field: str
    id: str


Step = CreateObject | CreateField | AddOptions | Activate


@dataclasses.dataclass(frozen=True, slots=True)
class Conflict:
    """Something in the way that only a person can clear. `field` is empty where the object itself is meant."""

    object: str
    field: str
    problem: str
    fix: str

    def __str__(self) -> str:
        name = f"{self.object}.{self.field}" if self.field else self.object
        return f"{name} {self.problem}. {self.fix}"


@dataclasses.dataclass(frozen=True, slots=True)
class ProvisionPlan:
    """Steps in the order in which they can be taken, and what stands in the way. `present` counts what exists."""

    steps: tuple[Step, ...]
    conflicts: tuple[Conflict, ...] = ()
    present: int = 0

    @property
    def empty(self) -> bool:
        """True if the workspace has all that is needed."""
        return not self.steps and not self.conflicts

    def counts(self) -> dict[str, int]:
        """Objects, fields and options that the steps make."""
        made = Counter({"objects": 0, "fields": 0, "options": 0})
        for step in self.steps:
            if isinstance(step, AddOptions):
                made["options"] += len(step.options)
            elif isinstance(step, CreateObject | CreateField):
                made["objects" if isinstance(step, CreateObject) else "fields"] += 1
        return dict(made)

    def check(self) -> None:
        """Raises ModelConflict, which lists all conflicts, if there are any."""
        if self.conflicts:
            raise ModelConflict(tuple(str(conflict) for conflict in self.conflicts))


def plan(needed: Iterable[TargetObject], model: WorkspaceModel, *, language: str = "en") -> ProvisionPlan:
    """Compare what is needed with what is there. Objects named several times are merged by their singular name.

    `language`: "en" or "tr", of the options' labels.
    """
    planner = _Planner(model, language)
    targets = merge(needed)
    for target in targets:
        planner.object(target)
    for target in targets:
        for field in target.fields:
            if field.type is not FieldType.RELATION:
                planner.field(target, field)
    for target in targets:  # relations last: what they point at must exist
        for field in target.fields:
            if field.type is FieldType.RELATION:
                planner.field(target, field)
    return ProvisionPlan(tuple(planner.steps), tuple(planner.conflicts), planner.present)


def merge(needed: Iterable[TargetObject]) -> tuple[TargetObject, ...]:
    """Objects by singular name with the fields of all that name them; options of one field are united."""
    merged: dict[str, TargetObject] = {}
    for target in needed:
        known = merged.get(target.singular)
        fields = {field.name: field for field in known.fields} if known else {}
        for field in target.fields:
            fields[field.name] = _united(fields[field.name], field) if field.name in fields else field
        merged[target.singular] = dataclasses.replace(known or target, fields=tuple(fields.values()))
    return tuple(merged.values())


def _united(one: TargetField, other: TargetField) -> TargetField:
    values = {option.value for option in one.options}
    more = tuple(option for option in other.options if option.value not in values)
    return dataclasses.replace(one, options=(*one.options, *more)) if more else one


class _Planner:
    def __init__(self, model: WorkspaceModel, language: str) -> None:
        self._model = model
        self._language = language
        self._new: set[str] = set()
        self._names = {name for o in model.objects.values() for name in (o.singular.lower(), o.plural.lower())}
        self._taken = {name: set(_taken_names(item)) for name, item in model.objects.items()}
        self.steps: list[Step] = []
        self.conflicts: list[Conflict] = []
        self.present = 0

    def object(self, target: TargetObject) -> None:
        item = self._model.objects.get(target.singular)
        if item is not None:
            self.present += 1
            if not item.is_active:
                self.steps.append(Activate(target.singular, "", item.id))
            return
        if target.standard:
            fix = "Use a workspace of Twenty 1.12 or later, in which this object has not been renamed."
            self._conflict(target.singular, "", "is an object of Twenty's own, and the workspace lacks it", fix)
            return
        problem = self._object_problem(target)
        if problem:
            self._conflict(target.singular, "", problem, "Change its name or label in the declaration or the form.")
            return
        self._names |= {target.singular.lower(), target.plural.lower()}
        self._new.add(target.singular)
        self._taken[target.singular] = set(BORN_WITH) | {"createdById", "updatedById"}
        self.steps.append(CreateObject(target))

    def _object_problem(self, target: TargetObject) -> str | None:
        if target.singular.lower() == target.plural.lower():
            return "has the same singular and plural name"
        if target.label.strip().lower() == target.label_plural.strip().lower():
            return "has the same singular and plural label"
        for name in (target.singular, target.plural):
            problem = name_problem(name)
            if problem:
                return f"cannot be made: {name} {problem}"
            if name.lower() in self._names:
                return f"cannot be made: another object is called {name}"
        return label_problem(target.label) or label_problem(target.label_plural)

    def field(self, target: TargetObject, field: TargetField) -> None:
        item = self._model.objects.get(target.singular)
        if item is None and target.singular not in self._new:
            return  # its object is a conflict
        known = item.fields.get(field.name) if item else None
        if known is not None:
            self._existing(target.singular, field, known)
        elif target.singular in self._new and field.name in BORN_WITH:
            if BORN_WITH[field.name] != field.type:
                self._conflict(target.singular, field.name, "is a field that every object has", "Choose another name.")
        else:
            self._missing(target.singular, field)

    def _existing(self, object_: str, field: TargetField, known: FieldInfo) -> None:
        by_hand = "Rename or delete that field in Twenty (Settings > Data model), then run `provision` again."
        self.present += 1
        if known.type != field.type:
            self._conflict(object_, field.name, f"has the type {known.type} instead of {field.type}", by_hand)
        elif field.unique and not known.is_unique:
            fix = "Make it unique in Twenty (Settings > Data model), or rename it, then run `provision` again."
            self._conflict(object_, field.name, "is not unique", fix)
        elif field.relation and known.relation_kind not in ("", "MANY_TO_ONE"):
            self._conflict(object_, field.name, f"is a relation {known.relation_kind}", by_hand)
        elif field.relation and known.relation_to and known.relation_to != (field.relation.object,):
            self._conflict(object_, field.name, f"does not point at {field.relation.object}", by_hand)
        else:
            if not known.is_active:
                self.steps.append(Activate(object_, field.name, known.id))
            self._options(object_, field, known)

    def _options(self, object_: str, field: TargetField, known: FieldInfo) -> None:
        missing = tuple(option for option in field.options if option.value not in known.option_values)
        if not missing:
            return
        labels = self._labels(missing)
        problem = options_problem(missing, labels)
        if problem:
            self._conflict(object_, field.name, problem, "Change the value map or the form's answers.")
        else:
            self.steps.append(AddOptions(object_, field.name, known.id, missing, labels))

    def _missing(self, object_: str, field: TargetField) -> None:
        problem = name_problem(field.name) or label_problem(field.label)
        labels = self._labels(field.options)
        if problem is None and field.type in (FieldType.SELECT, FieldType.MULTI_SELECT):
            problem = options_problem(field.options, labels)
        if problem is None and field.type is FieldType.RELATION:
            problem = self._relation_problem(object_, field)
        if problem is None:
            columns = _columns(field)
            clash = next((c for c in columns if c in self._taken[object_]), None)
            problem = f"cannot be made: the name {clash} is taken there" if clash else None
        if problem:
            whose = "a field of Twenty's own that the workspace lacks, and " if field.standard else ""
            fix = "Rename what is in the way in Twenty, or choose another name in the mapping."
            self._conflict(object_, field.name, f"is {whose}{problem}" if whose else problem, fix)
            return
        self._taken[object_] |= set(_columns(field))
        if field.relation:
            self._taken[field.relation.object].add(name_from_label(field.relation.inverse_label))
        self.steps.append(CreateField(object_, field, labels))

    def _relation_problem(self, object_: str, field: TargetField) -> str | None:
        if field.relation is None:
            return "cannot be made: it does not say what it points at"
        target = field.relation.object
        if target not in self._taken:
            return f"cannot be made: there is no object {target}"
        inverse = name_from_label(field.relation.inverse_label)
        problem = label_problem(field.relation.inverse_label) or name_problem(inverse)
        if problem:
            return f"cannot be made: its other side {problem}"
        if inverse in self._taken[target] or (target == object_ and inverse in _columns(field)):
            return f"cannot be made: {target} has a field {inverse} already, which its other side would be"
        return None

    def _labels(self, options: Sequence[Option]) -> tuple[str, ...]:
        turkish = self._language == "tr"
        return tuple((turkish and option.label_tr) or option.label for option in options)

    def _conflict(self, object_: str, field: str, problem: str, fix: str) -> None:
        self.conflicts.append(Conflict(object_, field, problem, fix))


def _columns(field: TargetField) -> tuple[str, ...]:
    """Every name that a field takes up in its object: its own, its join column, those of its parts."""
    join = (field.wire_name,) if field.type is FieldType.RELATION else ()
    return (field.name, *join, *composite_columns(field.name, field.type))


def _taken_names(item: ObjectInfo) -> Iterator[str]:
    for field in item.fields.values():
        yield field.name
        yield from composite_columns(field.name, field.type)
        if field.type == "MORPH_RELATION":
            yield from (f"{field.name}{capital(target)}Id" for target in field.relation_to)
        elif field.type == "RELATION":
            yield f"{field.name}Id"
