"""Private files on a disk that has no room left."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pytest

from dentes_twenty.exports.errors import FileNotWritten
from dentes_twenty.exports.private_files import ParquetFile, write_json, write_text

TABLE = pa.table({"n": pa.array(range(5_000), pa.int64())})


@contextmanager
def no_room(left: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stage(path: Path) -> None:
    with ParquetFile(path, TABLE.schema) as file:
        for _ in range(20):
            file.write(TABLE)


@pytest.mark.parametrize("left", [0, 100, 6_000])
@pytest.mark.parametrize("write", [stage, lambda path: write_json(path, {"a": "b" * 9_000})])
def test_a_file_that_finds_no_room_is_told_and_leaves_its_predecessor_alone(
    tmp_path: Path, left: int, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "patient.parquet"
    write_text(path, "before")
    with no_room(left), pytest.raises(FileNotWritten) as caught:
        write(path)
    assert caught.value.code == "file_not_written" and "patient.parquet" in caught.value.message
    assert "Free space" in caught.value.fix
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    write(path)
    assert path.read_bytes() != b"before" and list(tmp_path.iterdir()) == [path]


def test_what_stops_the_writer_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a row"), ParquetFile(tmp_path / "patient.parquet", TABLE.schema) as file:
        file.write(TABLE)
        raise ValueError("a row")
    assert list(tmp_path.iterdir()) == []
