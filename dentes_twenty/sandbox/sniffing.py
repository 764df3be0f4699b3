"""What kind of file a content is, as Twenty decides it: by the bytes first, by the name only where they say nothing.

Bytes that are recognised win over the name (a PNG named `a.txt` is stored as `.png`). Bytes that are not
recognised are refused if the name claims a kind that would have been; `.txt`, `.csv`, `.json` and the like pass.
"""

from __future__ import annotations

import io
import mimetypes
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

SNIFFED_BYTES = 64 * 1024
"""How much of a file is looked at."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Extension without dot, and media type."""

    extension: str
    mime: str


class KindRefused(Exception):
    """A file whose name and content do not go together; `message` is Twenty's text."""

    fix = "Give the file the extension of its content."

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = tuple(
    (offset, signature, Kind(extension, mime))
    for offset, signature, extension, mime in (
        (0, b"\x89PNG\r\n\x1a\n", "png", "image/png"),
        (0, b"\xff\xd8\xff", "jpg", "image/jpeg"),
        (0, b"GIF8", "gif", "image/gif"),
        (0, b"BM", "bmp", "image/bmp"),
        (0, b"II*\x00", "tif", "image/tiff"),
        (0, b"MM\x00*", "tif", "image/tiff"),
        (0, b"\x00\x00\x01\x00", "ico", "image/x-icon"),
        (0, b"8BPS", "psd", "image/vnd.adobe.photoshop"),
        (0, b"%PDF-", "pdf", "application/pdf"),
        (0, b"{\\rtf", "rtf", "application/rtf"),
        (0, b"<?xml ", "xml", "application/xml"),
        (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "cfb", "application/x-cfb"),
        (0, b"\x1f\x8b\x08", "gz", "application/gzip"),
        (0, b"BZh", "bz2", "application/x-bzip2"),
        (0, b"\xfd7zXZ\x00", "xz", "application/x-xz"),
        (0, b"(\xb5/\xfd", "zst", "application/zstd"),
        (0, b"7z\xbc\xaf\x27\x1c", "7z", "application/x-7z-compressed"),
        (0, b"Rar!\x1a\x07", "rar", "application/x-rar-compressed"),
        (0, b"SQLite format 3\x00", "sqlite", "application/x-sqlite3"),
        (0, b"ID3", "mp3", "audio/mpeg"),
        (0, b"\xff\xfb", "mp3", "audio/mpeg"),
        (0, b"fLaC", "flac", "audio/x-flac"),
        (0, b"OggS", "ogg", "audio/ogg"),
        (0, b"#!AMR", "amr", "audio/amr"),
        (0, b"MThd", "mid", "audio/midi"),
        (0, b"\x1aE\xdf\xa3", "mkv", "video/matroska"),
        (0, b"\x00\x00\x01\xba", "mpg", "video/MP1S"),
        (0, b"MZ", "exe", "application/x-msdownload"),
        (0, b"\x7fELF", "elf", "application/x-elf"),
        (0, b"solid ", "stl", "model/stl"),
        (128, b"DICM", "dcm", "application/dicom"),
        (257, b"ustar", "tar", "application/x-tar"),
    )
)
_RIFF = {b"WEBP": Kind("webp", "image/webp"), b"WAVE": Kind("wav", "audio/wav"), b"AVI ": Kind("avi", "video/vnd.avi")}
_FTYP = {
    b"M4A": Kind("m4a", "audio/x-m4a"),
    b"qt": Kind("mov", "video/quicktime"),
    b"heic": Kind("heic", "image/heic"),
    b"heix": Kind("heic", "image/heic"),
    b"mif1": Kind("heic", "image/heif"),
    b"avif": Kind("avif", "image/avif"),
    b"3gp": Kind("3gp", "video/3gpp"),
}
_MP4 = Kind("mp4", "video/mp4")
_ZIP = Kind("zip", "application/zip")
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIP_MEMBERS = (
    ("word/", Kind("docx", f"{_OFFICE}.wordprocessingml.document")),
    ("xl/", Kind("xlsx", f"{_OFFICE}.spreadsheetml.sheet")),
    ("ppt/", Kind("pptx", f"{_OFFICE}.presentationml.presentation")),
    ("META-INF/MANIFEST.MF", Kind("jar", "application/java-archive")),
)
_ZIP_MIMETYPES = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
}
_MORE_MIMES = {
    "jpeg": "image/jpeg", "heic": "image/heic", "webp": "image/webp", "dcm": "application/dicom",
    "stl": "model/stl", "rtf": "application/rtf", "md": "text/markdown", "7z": "application/x-7z-compressed",
    "flac": "audio/flac", "mkv": "video/x-matroska", "ico": "image/x-icon", "m4a": "audio/mp4",
    "docx": f"{_OFFICE}.wordprocessingml.document", "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation", **{ext: mime for mime, ext in _ZIP_MIMETYPES.items()},
}  # fmt: skip

# Python's own table and never the system's files: the answer must not depend on the machine.
_TYPES = mimetypes.MimeTypes(filenames=()).types_map[True]

_RECOGNISED = frozenset(
    {kind.mime for _, _, kind in _SIGNATURES}
    | {kind.mime for kind in (*_RIFF.values(), *_FTYP.values(), _MP4, _ZIP)}
    | {kind.mime for _, kind in _ZIP_MEMBERS}
    | set(_ZIP_MIMETYPES)
)


def extension_of(filename: str) -> str:
    """The extension of a file name, in lower case without the dot. Raises KindRefused when there is none."""
    stem, dot, extension = filename.rpartition(".")
    if not dot or not stem or not extension:
        raise KindRefused("Filename must have an extension")
    return extension.lower()


def mime_of_extension(extension: str) -> str | None:
    """The registered media type of an extension, or None."""
    return _MORE_MIMES.get(extension) or _TYPES.get(f".{extension}")


def kind_of(content: bytes, filename: str) -> Kind:
    """Extension and media type under which a file is stored.

    `content` is the whole file or its first `SNIFFED_BYTES`. Raises KindRefused.
    """
    extension = extension_of(filename)
    recognised = recognise(content)
    if recognised is not None:
        return recognised
    mime = mime_of_extension(extension)
    if mime in _RECOGNISED:
        raise KindRefused(
            f"File content does not match its extension. The file has extension '{extension}' (expected mime type: "
            f"{mime}), but the file content could not be detected as this type. The file may be corrupted, have the "
            "wrong extension, or be a security risk."
        )
    return Kind(extension, mime or "application/octet-stream")


def recognise(content: bytes) -> Kind | None:
    """The kind that the first bytes tell, or None."""
    head = content[: 64 * 1024]
    for detect in _CONTAINERS:
        found = detect(head, content)
        if found is not None:
            return found
    for offset, signature, kind in _SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    return None


def _riff(head: bytes, _content: bytes) -> Kind | None:
    return _RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def _ftyp(head: bytes, _content: bytes) -> Kind | None:
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    return next((kind for start, kind in _FTYP.items() if brand.startswith(start)), _MP4)


def _zip(head: bytes, content: bytes) -> Kind | None:
    if not head.startswith(b"PK\x03\x04"):
        return None
    # Of a longer file only the beginning is at hand, without the directory at its end: local headers tell.
    names = _zip_names(content)
    if "mimetype" in names[:1]:
        declared = head[38 : 38 + 80]
        for mime, extension in _ZIP_MIMETYPES.items():
            if declared.startswith(mime.encode()):
                return Kind(extension, mime)
    for start, kind in _ZIP_MEMBERS:
        if any(name.startswith(start) for name in names):
            return kind
    return _ZIP


def _zip_names(content: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError):
        names, position = [], 0
        while (position := content.find(b"PK\x03\x04", position)) >= 0:
            length = int.from_bytes(content[position + 26 : position + 28], "little")
            names.append(content[position + 30 : position + 30 + length].decode("utf-8", "replace"))
            position += 4
        return names


_CONTAINERS: tuple[Callable[[bytes, bytes], Kind | None], ...] = (_riff, _ftyp, _zip)
