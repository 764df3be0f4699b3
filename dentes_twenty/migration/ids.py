"""Record ids, computed from the source: the same row has the same id in every run, on every machine.

Belongs here: the one rule by which ids are made. Does not belong here: looking ids up (package `ledger`).

An id is a UUIDv5 (RFC 9562) in lower case, as Twenty accepts it from a client, over the parts written as
netstrings (`<length in bytes>:<bytes>,`). Lengths make the joining unambiguous whatever the parts contain: an id
column may hold any text, a colon or a slash included. Changing anything here would double every record that was
migrated before, so a test pins known values.
"""

from __future__ import annotations

import functools
import hashlib
import uuid

NAMESPACE = uuid.UUID("5c1f4a0e-7f0d-4b6c-9f39-0d6a52b7c3e1")
"""Namespace of all ids of dentes_twenty. Drawn once at random; must never change."""


def record_id(practice: str, source_object: str, source_id: str) -> str:
    """Id of the Twenty record that a source row becomes.

    `practice` is the practice's key, `source_object` one of the names in data-model.md (`patient`, `recall`, ...),
    `source_id` the id as staged: trimmed text, leading zeros kept.
    """
    return _uuid5("record", practice, source_object, source_id)


def link_id(practice: str, kind: str, *parts: str) -> str:
    """Id of a record that no source row stands for: a task or note target, a plan's note, an attachment.

    `kind` names what it is (`taskTarget`, `planNote`, ...), `parts` the ids that it joins, in a fixed order.
    Never equal to a `record_id`.
    """
    return _uuid5("link", practice, kind, *parts)


def attachment_id(practice: str, note: str, name: str, sha256: str = "") -> str:
    """Id of the attachment of a note.

    `sha256` (hexadecimal) for a file that takes the place of another one under its name, which may still be there.
    """
    return link_id(practice, "attachment", note, name, *filter(None, [sha256]))


def _uuid5(*parts: str) -> str:
    # uuid.uuid5 takes text only before Python 3.12, and lone surrogates must not make it fail.
    kind, practice, object_, *own = parts
    name = _begun(kind, practice, object_).copy()
    name.update(b"".join([_netstring(part) for part in own]))
    digest = bytearray(name.digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50  # version 5; uuid.UUID takes as long as the hash itself
    digest[8] = digest[8] & 0x3F | 0x80  # variant of RFC 9562
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@functools.lru_cache(maxsize=256)
def _begun(*parts: str) -> hashlib._Hash:
    """The hash over what all ids of a source object begin with: a tenth of the time of planning was its repetition."""
    return hashlib.sha1(NAMESPACE.bytes + b"".join(map(_netstring, parts)), usedforsecurity=False)


def _netstring(part: str) -> bytes:
    data = part.encode("utf-8", "surrogatepass")
    return b"%d:%b," % (len(data), data)
