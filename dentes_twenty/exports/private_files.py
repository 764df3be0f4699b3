"""Files that hold patients' data: readable by their owner only, and whole or not there at all.

Belongs here: folders of mode 0700, files of mode 0600, and writers that put a file in place when it is complete.
Does not belong here: what stands in the files.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dentes_twenty.exports.errors import FileNotWritten


def private_folder(path: Path) -> None:
    """Make the folder if need be, and take it from everybody else."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


def _open(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    os.fchmod(descriptor, 0o600)  # a file of that name may have been there
    return os.fdopen(descriptor, "wb")


class ParquetFile:
    """A Parquet file that appears under its name when the `with` block ends well; else nothing is left of it."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._part = path.with_name(f".{path.name}.part")

    def __enter__(self) -> ParquetFile:
        with _told(self._path):
            self._file = _open(self._part)
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        return self

    def write(self, table: pa.Table) -> None:
        """Append a table of the file's schema. Raises FileNotWritten."""
        if table.num_rows:
            with _told(self._path):
                self._writer.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with _told(self._path) if kind is None else contextlib.suppress(OSError), self._file:
                self._writer.close()
            if kind is None:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Put a JSON file in place. Raises FileNotWritten."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True))


def write_text(path: Path, text: str) -> None:
    """Put a file in place, in UTF-8. Raises FileNotWritten."""
    part = path.with_name(f".{path.name}.part")
    try:
        with _told(path):
            with _open(part) as file:
                file.write(text.encode())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """A full disk as an error that says what to do. Arrow's own message is dropped, the number of the error is kept."""
    try:
        yield
    except OSError as error:
        raise FileNotWritten(
            f"{path.name} cannot be written ({os.strerror(error.errno or errno.EIO)}).",
            "Free space on the disk of the practice's private folder, or get the right to write into it; then run the "
            "command again. What was done is safe.",
        ) from None
