"""Fingerprints of rows and of written values: enough to see what changed, without keeping the values.

Belongs here: canonical JSON and keyed hashes of it. Does not belong here: where they are kept (`records.py`), and what
Twenty does to a value (the caller fingerprints a value as Twenty will answer it).

The hash is keyed BLAKE2b (RFC 7693) with the ledger's own salt: without the salt nobody can try birth dates or phone
numbers against a stolen fingerprint. Eight bytes for a field: among two million records a change is overlooked with a
chance of 1 in 10**13. Sixteen for a row, and for what must never collide.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson

FIELD_BYTES = 8
ROW_BYTES = 16
REMEMBERED, REMEMBERED_BYTES = 16_384, 64
"""How many fingerprints are kept for values that come again, and how long these may be: owners, dates, words, amounts.
Three megabytes; texts of notes, which never come again, would make it hundreds."""


def canonical_json(value: Any) -> bytes:
    """One spelling for equal values: keys sorted, no blanks, Decimal as plain text without trailing zeros.

    Takes JSON values, Decimal, date, datetime and UUID. Raises TypeError for anything else.
    """
    try:
        return orjson.dumps(value, _plain, orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # orjson refuses lone surrogates (a badly decoded file) and whole numbers beyond 64 bits.
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain).encode("ascii")


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise TypeError(f"{type(value).__name__} has no canonical form")


class Fingerprinter:
    """Fingerprints under one ledger's salt. Remembers those of short values; safe to share between threads."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._of_short = functools.lru_cache(maxsize=REMEMBERED)(self._hash_text)
        self._empty = self.value(None)

    def row(self, row: Mapping[str, Any]) -> bytes:
        """16 bytes for a source row as staged, whatever the order of its columns."""
        return blake2b(canonical_json(row), digest_size=ROW_BYTES, key=self._salt, person=b"row").digest()

    def value(self, value: Any) -> bytes:
        """8 bytes for one written value."""
        spelt = canonical_json(value)
        # As text: orjson's bytes hold on to the 4 KiB in which they were written.
        return self._of_short(spelt.decode()) if len(spelt) <= REMEMBERED_BYTES else self._hash(spelt)

    def _hash_text(self, spelt: str) -> bytes:
        return self._hash(spelt.encode())

    def _hash(self, spelt: bytes) -> bytes:
        return blake2b(spelt, digest_size=FIELD_BYTES, key=self._salt).digest()

    def fields(self, names: Iterable[str], values: Mapping[str, Any]) -> bytes:
        """The fingerprints of the named fields, one after the other. Half of a record's fields are empty, and cost
        nothing here."""
        print_of, empty = self.value, self._empty
        return b"".join([empty if (value := values[name]) is None else print_of(value) for name in names])

    def secret(self, *parts: str) -> bytes:
        """16 bytes that stand for text which must not be shown, in logs and in keys."""
        return blake2b(canonical_json(parts), digest_size=ROW_BYTES, key=self._salt, person=b"secret").digest()


def split(names: tuple[str, ...], blob: bytes) -> dict[str, bytes]:
    """Field name -> its fingerprint."""
    return {
        name: blob[index : index + FIELD_BYTES]
        for name, index in zip(names, range(0, len(blob), FIELD_BYTES), strict=True)
    }


def differing(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> set[str]:
    """Names of the fields that changed; a field that only one side has counts as changed."""
    if old.keys() == new.keys():
        return {name for name, print_ in new.items() if old[name] != print_}
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
