"""What others have hung on the records that we made: files, notes and tasks of their own.

Belongs here: finding those links before anything is destroyed. Does not belong here: what follows from them
(`migration.rollback` keeps the record). Destroying a person, company or opportunity takes its attachments and links
with it, and destroying anything else cuts them off [task-note-targets, attachments]: a file that somebody hung on a
migrated patient would be lost without a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from dentes_twenty.objects.target import ATTACHMENT, NOTE_TARGET, TASK_TARGET
from dentes_twenty.twenty.errors import ModelMismatch
from dentes_twenty.twenty.model import WorkspaceModel
from dentes_twenty.twenty.records import RecordStore

LINKS = (ATTACHMENT, NOTE_TARGET, TASK_TARGET)

Hung = Mapping[str, Mapping[str, frozenset[str]]]
"""Object -> record id -> plural names of what hangs on it."""


async def find_hung(
    store: RecordStore, objects: Collection[str], ours: Callable[[str, Iterable[str]], Collection[str]]
) -> Hung:
    """Every link record that is not ours, by what it hangs on. One call for 200 link records of the workspace.

    `ours(link object, ids)` tells which of the link records the migration made.
    """
    found: dict[str, dict[str, set[str]]] = {name: defaultdict(set) for name in objects}
    for link in LINKS:
        columns = link_columns(store.model, link.singular, objects)
        if not columns:
            continue
        async for page in store.find(link.singular, None, list(columns)):
            known = set(ours(link.singular, [record["id"] for record in page]))
            for record in page:
                if record["id"] in known:
                    continue
                for column, object_ in columns.items():
                    if record.get(column):
                        found[object_][record[column]].add(link.plural)
    return {name: {id_: frozenset(plurals) for id_, plurals in hung.items()} for name, hung in found.items()}


def link_columns(model: WorkspaceModel, link: str, objects: Collection[str]) -> dict[str, str]:
    """Join column -> the object that it points at."""
    columns: dict[str, str] = {}
    if link not in model.objects:
        return columns
    for object_ in objects:
        try:
            columns[model.link_column(link, object_)] = object_
        except ModelMismatch:  # nothing of this kind can hang on it
            continue
    return columns
