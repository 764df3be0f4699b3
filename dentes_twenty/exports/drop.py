"""A drop: one export of a practice, as a folder or as one workbook, wherever fsspec can open it.

Belongs here: finding and opening its files, its fingerprint, and the lookup of attachments that cannot leave it.
Does not belong here: what stands in the files. A drop is never modified.
"""

from __future__ import annotations

import dataclasses
from typing import BinaryIO

MAX_ATTACHMENT_BYTES = 1_000_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class DropFile:
    """One report file: `name` relative to the drop, `size` in bytes."""

    name: str
    size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Why an attachment cannot be had: `path_outside_drop`, `file_missing` or `file_too_large`."""

    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the drop's attachments folder: `name` is its bare name, `size` in bytes."""

    name: str
    size: int

    def open(self) -> BinaryIO:
        """Open for reading. Raises UnreadableDrop when the file is gone."""
        raise NotImplementedError

    def sha256(self) -> str:
        """Hexadecimal digest of the content."""
        raise NotImplementedError


class Drop:
    """Made by `open_drop`."""

    location: str
    files: tuple[DropFile, ...]

    def fingerprint(self) -> str:
        """SHA-256 over names and contents, hexadecimal."""
        raise NotImplementedError

    def attachment(self, name: str) -> Attachment | Problem:
        """The file that a cell names, bare or with `attachments/` or `attachments\\` before it."""
        raise NotImplementedError

    def open(self, name: str) -> BinaryIO:
        """Open one of `files` for reading."""
        raise NotImplementedError


def open_drop(location: str, *, max_attachment_bytes: int = MAX_ATTACHMENT_BYTES) -> Drop:
    """Open a folder, or one workbook file, at any fsspec URL. Raises UnreadableDrop."""
    raise NotImplementedError
