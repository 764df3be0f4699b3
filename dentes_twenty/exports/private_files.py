"""Files that hold patients' data: readable by their owner only, and whole or not there at all.

Belongs here: folders of mode 0700, files of mode 0600, and writers that put a file in place when it is complete.
Does not belong here: what stands in the files.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq


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
        self._file = _open(self._part)
        self._writer = pq.ParquetWriter(self._file, self._schema, compression="zstd")
        return self

    def write(self, table: pa.Table) -> None:
        """Append a table of the file's schema."""
        if table.num_rows:
            self._writer.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._file.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Put a JSON file in place."""
    part = path.with_name(f".{path.name}.part")
    with _open(part) as file:
        file.write(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode())
    part.replace(path)
