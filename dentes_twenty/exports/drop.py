"""A drop: one export of a practice, as a folder or as one workbook, wherever fsspec can open it.

Belongs here: finding and opening its files, its fingerprint, and the lookup of attachments that cannot leave it.
Does not belong here: what stands in the files. A drop is never modified.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import posixpath
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from dentes_twenty.exports.errors import UnreadableDrop

# Twenty takes files of up to 1 GB through its direct upload
MAX_ATTACHMENT_BYTES = 1_000_000_000
ATTACHMENTS_FOLDER = "attachments"
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm")
TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
TABLE_SUFFIXES = (*TEXT_SUFFIXES, *WORKBOOK_SUFFIXES, ".xls")
_BLOCK = 1 << 20
_DRIVE = re.compile(r"[A-Za-z]:")
_CREDENTIALS = re.compile(r"//[^/@]*@")


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
    """A file of the drop's attachments folder: `name` is its bare name (often a patient's), `size` in bytes."""

    name: str = dataclasses.field(repr=False)
    size: int
    _open: Callable[[], BinaryIO] = dataclasses.field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """Open for reading. Raises UnreadableDrop when the file is gone."""
        try:
            return self._open()
        except OSError as error:
            raise UnreadableDrop(
                "An attachment can no longer be opened.", "Leave the drop untouched while it is read."
            ) from error

    def sha256(self) -> str:
        """Hexadecimal digest of the content."""
        with self.open() as stream:
            return _digest(stream)


class Drop:
    """Made by `open_drop`. `location` is free of credentials; `files` are the report files, by name."""

    def __init__(
        self, filesystem: Any, root: str, location: str, files: tuple[DropFile, ...], max_attachment_bytes: int
    ) -> None:
        self.location = location
        self.files = files
        self._fs = filesystem
        self._root = root
        self._local = isinstance(filesystem, LocalFileSystem)
        self._limit = max_attachment_bytes

    def __repr__(self) -> str:
        return f"Drop({self.location!r}, {len(self.files)} files)"

    def fingerprint(self) -> str:
        """SHA-256, hexadecimal, over names and contents of the report files and over names and sizes of attachments.

        Attachments count by size because radiographs can be a hundred times the reports; each is hashed when uploaded,
        and `attachments_print` tells whether one may have been replaced by another of the same size.
        """
        total = hashlib.sha256()
        for file in self.files:
            with self.open(file.name) as stream:
                content = _digest(stream)
            total.update(f"file\0{_nfc(file.name)}\0{file.size}\0{content}\n".encode())
        for path, size in sorted(self._attachment_sizes()):
            total.update(f"attachment\0{_nfc(path)}\0{size}\n".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def attachments_print(self) -> str:
        """A few characters for names, sizes and moments of the attachments; empty where there are none.

        Two that are equal mean the same files. Others need not differ in content: copying gives new moments.
        """
        listed = sorted((path, info.get("size"), _moment(info)) for path, info in self._attachments())
        if not listed:
            return ""
        text = "\n".join(f"{_nfc(path)}\0{size}\0{moment}" for path, size, moment in listed)
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    @property
    def modified(self) -> dt.datetime | None:
        """When the newest of `files` was written; None where the store does not say."""
        moments = []
        for file in self.files:
            try:
                moments.append(self._fs.modified(posixpath.join(self._root, file.name)))
            except (NotImplementedError, OSError, KeyError):
                return None
        newest: dt.datetime = max(moments)
        return newest if newest.tzinfo is not None else newest.replace(tzinfo=dt.UTC)

    def open(self, name: str) -> BinaryIO:
        """Open one of `files` for reading, seekable. Raises UnreadableDrop."""
        if name not in {file.name for file in self.files}:
            raise UnreadableDrop(f"The drop has no file {name!r}.", "Read the names from Drop.files.")
        path = posixpath.join(self._root, name)
        try:
            return _open_regular(os.path.realpath(path)) if self._local else cast(BinaryIO, self._fs.open(path, "rb"))
        except OSError as error:
            raise UnreadableDrop(
                f"The file {name!r} can no longer be opened.", "Leave the drop untouched while it is read."
            ) from error

    def attachment(self, name: str) -> Attachment | Problem:
        """The file that a cell names: bare, or with `attachments/` or `attachments\\` before it.

        Composed and decomposed letters are the same; so are upper and lower case where that leaves one file.
        """
        parts = _inner_parts(name)
        if parts is None:
            return Problem("path_outside_drop")
        relative = "/".join(parts)
        if not relative:
            return Problem("file_missing")
        if self._folder is None:
            return Problem("file_missing")
        found = self._look_up(posixpath.join(self._folder, relative))
        if found == Problem("file_missing"):
            actual = self._tolerant_names.get(_nfc(relative)) or self._tolerant_names.get(_nfc(relative).casefold())
            if actual:
                found = self._look_up(posixpath.join(self._folder, actual))
        return found

    def _look_up(self, path: str) -> Attachment | Problem:
        try:
            if self._local:
                return self._look_up_local(path)
            info = self._fs.info(path)
        except (OSError, ValueError):
            return Problem("file_missing")
        if info.get("type") != "file":
            return Problem("file_missing")
        return self._sized(path, int(info.get("size") or 0), lambda: cast(BinaryIO, self._fs.open(path, "rb")))

    def _look_up_local(self, path: str) -> Attachment | Problem:
        os.lstat(path)  # a dangling link out of the drop must not count as merely missing
        real = os.path.realpath(path)
        root = os.path.realpath(self._root)
        if os.path.commonpath([real, root]) != root:
            return Problem("path_outside_drop")
        status = os.stat(real)  # noqa: PTH116 (paths of fsspec are text)
        if stat.S_ISDIR(status.st_mode):
            return Problem("file_missing")
        if not stat.S_ISREG(status.st_mode):
            return Problem("path_outside_drop")
        return self._sized(path, status.st_size, lambda: _open_regular(real))

    def _sized(self, path: str, size: int, opener: Callable[[], BinaryIO]) -> Attachment | Problem:
        if size > self._limit:
            return Problem("file_too_large")
        return Attachment(posixpath.basename(path), size, opener)

    @cached_property
    def _folder(self) -> str | None:
        """Path of the attachments folder, whatever its case."""
        for entry in self._fs.ls(self._root, detail=True):
            if entry["type"] == "directory":
                name = posixpath.basename(entry["name"].rstrip("/"))
                if name.casefold() == ATTACHMENTS_FOLDER:
                    return posixpath.join(self._root, name)
        return None

    def _attachments(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Paths inside the attachments folder, with what the store says; links to other folders are not followed."""
        if self._folder is None:
            return
        for path, info in self._fs.find(self._folder, detail=True).items():
            yield posixpath.relpath(path, self._folder), info

    def _attachment_sizes(self) -> Iterator[tuple[str, int]]:
        for path, info in self._attachments():
            yield path, int(info.get("size") or 0)

    @cached_property
    def _tolerant_names(self) -> dict[str, str]:
        """NFC name and case-folded NFC name -> actual name; an ambiguous folded name is left out."""
        exact: dict[str, str] = {}
        folded: dict[str, list[str]] = {}
        for path, _ in self._attachment_sizes():
            name = _nfc(path)
            exact[name] = path
            folded.setdefault(name.casefold(), []).append(path)
        return {key: paths[0] for key, paths in folded.items() if len(paths) == 1} | exact


def open_drop(location: str, *, max_attachment_bytes: int = MAX_ATTACHMENT_BYTES) -> Drop:
    """Open a folder, or one workbook file, at any fsspec URL. Raises UnreadableDrop.

    An attachment of more than `max_attachment_bytes` is the problem `file_too_large`.
    """
    shown = _CREDENTIALS.sub("//", location)
    try:
        filesystem, root = fsspec.core.url_to_fs(location)
        info = filesystem.info(root)
        if info["type"] == "directory":
            entries = filesystem.ls(root, detail=True)
        else:
            entries, root = [info], posixpath.dirname(root)
    except Exception as error:
        raise UnreadableDrop(
            f"The export {shown!r} cannot be opened ({type(error).__name__}).",
            "Check `export` in the practice file: a folder of report files or one .xlsx workbook.",
        ) from error
    files = sorted(
        (DropFile(name, int(entry.get("size") or 0)) for entry in entries if (name := _table_name(entry, shown))),
        key=lambda file: _nfc(file.name),
    )
    if not files:
        raise UnreadableDrop(
            f"The export {shown!r} holds no table.", f"Put the report files there: {', '.join(TABLE_SUFFIXES[:-1])}."
        )
    return Drop(filesystem, root, shown, tuple(files), max_attachment_bytes)


def _moment(info: Mapping[str, Any]) -> str:
    """When a file was written, or what the store gives instead: local file systems a moment, others a checksum too."""
    return next((str(info[name]) for name in ("mtime", "ETag", "etag", "LastModified") if info.get(name)), "")


def _table_name(entry: dict[str, Any], location: str) -> str | None:
    """The name of a report file; None for folders, hidden files and the lock files of Excel.

    Raises UnreadableDrop where a report is named and cannot be one: left alone, it would be missing without a word.
    """
    name: str = posixpath.basename(entry["name"])
    if entry["type"] == "directory" or name.startswith((".", "~$")) or not name.lower().endswith(TABLE_SUFFIXES):
        return None
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name):
        raise UnreadableDrop(
            f"The export {location!r} holds a report whose name has control characters or is no UTF-8: {name!a}.",
            "Rename the file.",
        )
    if entry["type"] != "file":
        raise UnreadableDrop(
            f"{name!r} in the export is no file: a device, a pipe, or a link that leads nowhere.",
            "Put the report itself there, or remove it from the export.",
        )
    return name


def _inner_parts(name: str) -> list[str] | None:
    """Path parts below the attachments folder; None when the path is absolute or climbs."""
    text = name.strip().replace("\\", "/")
    if "\0" in text or text.startswith("/") or _DRIVE.match(text):
        return None
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        return None
    if parts and parts[0].casefold() == ATTACHMENTS_FOLDER:
        parts = parts[1:]
    return parts


def _open_regular(path: str) -> BinaryIO:
    """Open a file that was checked before; what took its place since (a link, a pipe) is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("not a regular file")
    return os.fdopen(descriptor, "rb")


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
