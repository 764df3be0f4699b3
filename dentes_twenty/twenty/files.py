"""Files: uploaded, verified by size and SHA-256, and hung on records.

Belongs here: the two ways up, and attachment records. Does not belong here: which file belongs to which record and how
far it has come (`migration`), finding it in the drop (`exports`).

Facts (recorded): the content must fit the extension, a name needs one; a file is attached once only, so one attachment
record points at all its targets; uploads cost no tokens of the rate limit, attachment records go in batches.
File names may hold names of patients: they travel in bodies only.
"""

from __future__ import annotations

import asyncio
import dataclasses
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from types import TracebackType
from typing import Any, BinaryIO, Self

from dentes_twenty.twenty.client import ATTEMPTS, SIDE_IN_FLIGHT, pause
from dentes_twenty.twenty.errors import NotFound, RecordRefused, ServerTrouble
from dentes_twenty.twenty.outcomes import BatchOutcome, Record
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.transfer import Digest, Transfers, digest_of

MULTIPART_BYTES = 10_000_000
"""Above this a file is streamed to a signed address; below, one request is cheaper than three."""
OBJECT = "attachment"

_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "IMAGE": ("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "heic", "dcm"),
    "TEXT_DOCUMENT": ("pdf", "txt", "doc", "docx", "odt", "rtf", "md", "html", "htm"),
    "SPREADSHEET": ("xls", "xlsx", "csv", "ods", "tsv"),
    "PRESENTATION": ("ppt", "pptx", "odp"),
    "ARCHIVE": ("zip", "rar", "7z", "tar", "gz"),
    "AUDIO": ("mp3", "wav", "m4a", "ogg", "flac"),
    "VIDEO": ("mp4", "mov", "avi", "mkv", "webm", "mpg", "mpeg"),
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class LocalFile:
    """A file to upload: its name with extension, its size in bytes, and how to open it (as often as needed)."""

    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclasses.dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that stands in Twenty, verified, and hangs on nothing yet. `path` only in 1.x."""

    file_id: str
    size: int
    sha256: str
    path: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Attachment:
    """An attachment record to be: our own id, and the records it hangs on by object (`{"note": id, "person": id}`)."""

    id: str
    name: str
    file: UploadedFile
    targets: Mapping[str, str]


class FileStore:
    """Uploads and attaches files of one workspace. Use as `async with FileStore(store) as files`."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._client = store.client
        self._transfers = Transfers(store.client.url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transfers.aclose()

    @property
    def legacy(self) -> bool:
        """True for versions that keep files by path, before attachments had a field of type FILES."""
        field = self._store.model.object(OBJECT).fields.get("file")
        return field is None or field.type != "FILES"

    async def upload(self, file: LocalFile) -> UploadedFile:
        """Upload a file and download it again to compare size and SHA-256.

        Raises RecordRefused (`file`) for a name or content that Twenty does not take, or that comes back different;
        RecordRefused (`too_large`); OSError when the local file cannot be read.
        """
        if not PurePath(file.name).suffix.strip("."):
            raise RecordRefused("file", "name")
        if self.legacy:
            return await self._upload_legacy(file)
        small = file.size <= MULTIPART_BYTES
        answer, sent = await (self._upload_multipart(file) if small else self._upload_streamed(file))
        return await self._verified(str(answer["id"]), str(answer["url"]), sent)

    async def _upload_multipart(self, file: LocalFile) -> tuple[Mapping[str, Any], Digest]:
        with file.open() as opened:
            content = opened.read(MULTIPART_BYTES + 1)
        if len(content) != file.size:
            raise RecordRefused("file", "size")  # the file has changed since it was found
        document = (
            "mutation($file:Upload!,$field:String!)"
            "{uploadFilesFieldFile(file:$file,fieldMetadataId:$field){id url size}}"
        )
        operations = {"query": document, "variables": {"file": None, "field": self._field_id()}}
        data = await self._client.upload(operations, file.name, content, media_type(file.name))
        return data["uploadFilesFieldFile"], digest_of(content)

    async def _upload_streamed(self, file: LocalFile) -> tuple[Mapping[str, Any], Digest]:
        """Three requests, constant memory; asking twice for an address only leaves one unused."""
        create = (
            "mutation($name:String!,$size:Float!,$field:String!){createFileUpload("
            "filename:$name,size:$size,fileFolder:FilesField,fieldMetadataId:$field){fileId uploadUrl contentType}}"
        )
        variables = {"name": file.name, "size": file.size, "field": self._field_id()}
        target = (await self._metadata(create, variables))["createFileUpload"]
        sent = await self._transfers.put(target["uploadUrl"], file.open, file.size, target["contentType"])
        complete = "mutation($id:String!){completeFileUpload(fileId:$id){id url size}}"
        return (await self._metadata(complete, {"id": target["fileId"]}))["completeFileUpload"], sent

    async def _upload_legacy(self, file: LocalFile) -> UploadedFile:
        """1.x: `uploadFile` gives a path, which the attachment keeps in `fullPath`."""
        with file.open() as opened:
            content = opened.read()
        document = "mutation($file:Upload!){uploadFile(file:$file,fileFolder:Attachment){path token}}"
        operations = {"query": document, "variables": {"file": None}}
        data = (await self._client.upload(operations, file.name, content, media_type(file.name)))["uploadFile"]
        path, token = str(data["path"]), data.get("token")
        signed = f"{self._client.url}/files/{path}" + (f"?token={token}" if token else "")
        return await self._verified("", signed, digest_of(content), path)

    async def _verified(self, file_id: str, url: str, sent: Digest, path: str | None = None) -> UploadedFile:
        """The file, once it came back as it was sent. What came back different is fetched again: a proxy's page in the
        place of one answer says nothing about the file."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                found = await self._transfers.download(url)
            except NotFound:
                break
            if found == sent:
                return UploadedFile(file_id, sent.size, sent.sha256, path)
            if attempt < ATTEMPTS:
                await asyncio.sleep(pause(attempt))
        raise RecordRefused("file", "content")

    async def _metadata(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        return await self._client.graphql(document, variables, endpoint="/metadata", write=True, repeatable=True)

    def _field_id(self) -> str:
        return self._store.model.object(OBJECT).field("file").id

    async def attach(self, attachments: Sequence[Attachment]) -> BatchOutcome:
        """Make the attachment records; ids that are there already count as stored. Refusals have the code `file`
        when a file is gone or hangs on another record."""
        return await self._store.create(OBJECT, [self._record(a) for a in attachments], selection=["name"])

    def _record(self, attachment: Attachment) -> Record:
        item = self._store.model.object(OBJECT)
        targets = {self._store.model.link_column(OBJECT, t): id_ for t, id_ in attachment.targets.items()}
        record: Record = {"id": attachment.id, "name": attachment.name, **targets}
        if attachment.file.path is not None:
            record["fullPath"] = attachment.file.path
        else:
            record["file"] = [{"fileId": attachment.file.file_id, "label": attachment.name}]
        if "fileCategory" in item.fields:
            record["fileCategory"] = category(attachment.name, item.fields["fileCategory"].option_values)
        return record

    async def verify(self, attachment_ids: Sequence[str]) -> dict[str, Digest | None]:
        """Download what hangs on these attachments: size and SHA-256 by id, None where nothing can be read."""
        found = await self._store.read(OBJECT, attachment_ids, ["fullPath" if self.legacy else "file"])
        places = asyncio.Semaphore(SIDE_IN_FLIGHT)

        async def digest(id_: str) -> Digest | None:
            url = self._address(found.get(id_, {}))
            async with places:
                try:
                    return await self._transfers.download(url) if url else None
                except (NotFound, ServerTrouble):
                    return None

        return dict(zip(attachment_ids, await asyncio.gather(*map(digest, attachment_ids)), strict=True))

    def _address(self, record: Record) -> str | None:
        if self.legacy:
            path = record.get("fullPath")
            return f"{self._client.url}/files/{path}" if path else None
        files = record.get("file") or []
        return files[0].get("url") if files else None


def media_type(name: str) -> str:
    """Media type by extension; Twenty looks at the content anyway."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def category(name: str, options: Sequence[str]) -> str:
    """Twenty's file category by extension, OTHER where it has no better option; it derives none itself."""
    extension = PurePath(name).suffix.lstrip(".").lower()
    for value, extensions in _CATEGORIES.items():
        if extension in extensions and (not options or value in options):
            return value
    return "OTHER"
