"""Looking at the drop folder: what stands there now, as `migration.cutover` wants to know it.

Belongs here: listing through fsspec, fingerprints, the memory between two looks. Does not belong here: decisions.

The watched folder either holds the reports of one export, which the practice overwrites, or a sub-folder for each
export. A drop that was processed and whose files kept name, size and moment is not read again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import posixpath
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import fsspec

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.migration.cutover import MARKER, Look

PARTIAL = (".part", ".partial", ".filepart", ".crdownload", ".tmp")
"""Endings under which copying programs write a file that is not complete yet."""


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """What is kept between two looks: location -> (what its listing looked like, fingerprint, `Look.content`)."""

    looks: Mapping[str, tuple[str, str, str]] = dataclasses.field(default_factory=dict)

    @property
    def contents(self) -> dict[str, str]:
        """Location -> content."""
        return {location: content for location, (_, _, content) in self.looks.items()}

    def as_text(self) -> str:
        """For a cursor."""
        return json.dumps({location: list(pair) for location, pair in self.looks.items()}, sort_keys=True)

    @classmethod
    def read(cls, text: str | None) -> Memory:
        """From a cursor; one that cannot be read is forgotten, which costs one more look."""
        try:
            found = json.loads(text or "{}")
            return cls({str(location): (str(a), str(b), str(c)) for location, (a, b, c) in found.items()})
        except (ValueError, TypeError, AttributeError):
            return cls()


def look_around(location: str, memory: Memory, settled: Collection[str]) -> tuple[list[Look], Memory]:
    """Every drop at the location, and the memory for the next look. `settled`: fingerprints of drops that need no
    second look. A folder that cannot be listed shows nothing: it is looked at again."""
    looks = []
    remembered: dict[str, tuple[str, str, str]] = {}
    for place, entries in _candidates(location):
        known = memory.looks.get(place)
        names = [posixpath.basename(entry["name"].rstrip("/")) for entry in entries]
        copying = any(name.casefold().endswith(PARTIAL) for name in names)
        fingerprint, drop, sign, attachments = None, None, "", ""
        try:
            drop = open_drop(place)
            attachments = drop.attachments_print()
            sign = _sign(entries, attachments)
            if not copying:
                reuse = known is not None and known[0] == sign and known[1] in settled
                fingerprint = known[1] if reuse and known else drop.fingerprint()
        except (ExportError, OSError):
            fingerprint = None  # a file may vanish or change under the reader; the next look decides
        modified = drop.modified if drop else None
        look = Look(_name(place), place, fingerprint, modified, _marked(entries, modified), attachments)
        if fingerprint is not None:
            remembered[place] = (sign, fingerprint, look.content)
        looks.append(look)
    return looks, Memory(remembered)


def _candidates(location: str) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """(location, entries) of each drop: the folder itself when it holds reports, else its sub-folders that do."""
    try:
        filesystem, root = fsspec.core.url_to_fs(location)
        if not filesystem.isdir(root):
            return [(location, [filesystem.info(root)])] if filesystem.exists(root) else []
        entries = filesystem.ls(root, detail=True)
    except Exception:  # noqa: BLE001 (each of fsspec's stores fails with errors of its own library)
        return []
    if _is_drop(location):
        return [(location, entries)]
    found = []
    for entry in sorted(entries, key=lambda entry: str(entry["name"])):
        name = posixpath.basename(entry["name"].rstrip("/"))
        place = f"{location.rstrip('/')}/{name}"
        if entry["type"] == "directory" and not name.startswith(".") and _is_drop(place):
            found.append((place, filesystem.ls(entry["name"], detail=True)))
    return found


def _is_drop(location: str) -> bool:
    try:
        open_drop(location)
    except ExportError:
        return False
    return True


def _name(location: str) -> str:
    return posixpath.basename(location.rstrip("/"))


def _sign(entries: Sequence[Mapping[str, Any]], attachments: str) -> str:
    listed = sorted(
        f"{entry['name']}\0{entry.get('size')}\0{entry.get('mtime') or entry.get('LastModified') or ''}"
        for entry in entries
    )
    return hashlib.sha256("\n".join([*listed, attachments]).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _marked(entries: Sequence[Mapping[str, Any]], modified: dt.datetime | None) -> bool:
    """A marker that is older than the reports belongs to the export that they have overwritten."""
    for entry in entries:
        if posixpath.basename(entry["name"]) == MARKER:
            moment = entry.get("mtime")
            if modified is None or moment is None:
                return True
            return float(moment) >= modified.timestamp()
    return False
