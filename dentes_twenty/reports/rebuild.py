"""The rebuild checklist: what the data migration deliberately leaves behind, and what to do about each.

Belongs here: choosing and merging the items for a set of declarations. The words stand in `texts/checklist.yaml`.
Does not belong here: what a declaration does not move (`SourceObject.not_moved`).

An item is listed when a declaration names it, or when it concerns every practice. Something that a declaration names
and the file has no words for is listed under its own name, so that a new line in a declaration needs no second place.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import yaml

from dentes_twenty.objects.fields import SourceObject
from dentes_twenty.reports.model import ChecklistItem, Language
from dentes_twenty.reports.words import Words

_GENERIC = {
    "en": ("Does not exist in Twenty and is in no export.", "Decide whether it is needed, and where it is kept."),
    "tr": (
        "Twenty'de yoktur ve hiçbir dışa aktarımda bulunmaz.",
        "Gerekip gerekmediğine ve nerede tutulacağına karar verin.",
    ),
}


@functools.cache
def _entries() -> Sequence[Mapping[str, Any]]:
    source = resources.files("dentes_twenty.reports").joinpath("texts", "checklist.yaml").read_text("utf-8")
    loaded: Sequence[Mapping[str, Any]] = yaml.safe_load(source)
    return loaded


def rebuild_checklist(declarations: Iterable[SourceObject], language: Language = "en") -> tuple[ChecklistItem, ...]:
    """The items in the file's order, then those that only a declaration knows."""
    words = Words(language)
    named: dict[str, list[str]] = {}
    for declaration in declarations:
        for name in declaration.not_moved:
            named.setdefault(name, []).append(words.object(declaration.name))
    items = []
    for entry in _entries():
        names = entry.get("names", ())
        labels = [label for name in names for label in named.pop(name, ())]
        if names and not labels:
            continue
        text = entry[language]
        steps, objects = tuple(text["steps"]), tuple(dict.fromkeys(labels))
        items.append(ChecklistItem(entry["key"], text["title"], text["why"], steps, objects))
    why, step = _GENERIC[language]
    for number, (name, labels) in enumerate(named.items(), 1):
        items.append(ChecklistItem(f"other-{number}", name, why, (step,), tuple(dict.fromkeys(labels))))
    return tuple(items)
