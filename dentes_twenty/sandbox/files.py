"""Files: upload in one or two steps, the rules of attaching them, and download through signed URLs.

A file is pending (announced, no content yet), temporary (uploaded, attached to nothing) or permanent (the value
of a FILES field of one record). It can become permanent once, for the field it was uploaded to. Content lies beside
the state file, one private file each, or in memory where the state does. Size and content are kept as they came.

The table is this module's own; its statements run on the connection that the caller hands over, so that
attaching a file and writing its record succeed or fail together.
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, delete, insert, select, update
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dentes_twenty.sandbox import tokens
from dentes_twenty.sandbox.dates import stored_instant
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.sniffing import SNIFFED_BYTES, KindRefused, extension_of, kind_of, mime_of_extension

MAX_UPLOAD_BYTES = 1024**3
UPLOAD_SECONDS = 900
URL_SECONDS = 24 * 3600

_metadata = MetaData()
files_table = Table(
    "sandbox_files",
    _metadata,
    Column("id", String, primary_key=True),
    Column("field_id", String, nullable=False),
    Column("record_id", String, index=True),
    Column("status", String, nullable=False),
    Column("extension", String, nullable=False),
    Column("mime", String, nullable=False),
    Column("size", Integer, nullable=False),
    Column("created_at", String, nullable=False),
)
_columns = files_table.c


class FileRefused(Exception):
    """An upload that Twenty refuses; `code` and `sub_code` are those of the GraphQL error."""

    fix = "Upload the file again, with a name that fits its content."

    def __init__(self, message: str, code: str = "INTERNAL_SERVER_ERROR", sub_code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sub_code = sub_code


class FileStore:
    """The files of the workspace. `folder` None keeps contents in memory."""

    def __init__(self, engine: Engine, folder: Path | None, secret: bytes) -> None:
        self._engine = engine
        self._folder = folder
        self._secret = secret
        self._contents: dict[str, bytes] = {}
        _metadata.create_all(engine)
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._remove_orphans(folder)

    def _remove_orphans(self, folder: Path) -> None:
        with self._engine.connect() as connection:
            known = set(connection.execute(select(_columns.id)).scalars())
        for file in folder.iterdir():
            if file.name not in known:
                file.unlink()

    def upload(self, field_id: str, filename: str, content: bytes, base_url: str) -> dict[str, Any]:
        """Take a file in one step: {id, path, size, createdAt, url}. Raises FileRefused."""
        try:
            kind = kind_of(content, filename)
        except KindRefused as refused:
            raise FileRefused(refused.message) from refused
        file_id = str(uuid.uuid4())
        self._write(file_id, io.BytesIO(content))
        row = self._add(file_id, field_id, "temporary", kind.extension, kind.mime, len(content))
        return self._answer(row, base_url)

    def begin_upload(self, field_id: str, filename: str, size: float, base_url: str) -> dict[str, Any]:
        """Announce a file of a second step: {fileId, uploadUrl, contentType, expiresAt}. Raises FileRefused."""
        if size <= 0 or size != int(size):
            raise FileRefused("File size must be a positive integer", "BAD_USER_INPUT", "BAD_REQUEST")
        if size > MAX_UPLOAD_BYTES:
            raise FileRefused(f"File size exceeds {MAX_UPLOAD_BYTES} bytes", "BAD_USER_INPUT", "FILE_TOO_LARGE")
        try:
            extension = extension_of(filename)
        except KindRefused as refused:
            raise FileRefused(refused.message) from refused
        file_id, expires = str(uuid.uuid4()), int(time.time()) + UPLOAD_SECONDS
        mime = mime_of_extension(extension) or "application/octet-stream"
        self._add(file_id, field_id, "pending", extension, mime, int(size))
        token = self._token(file_id, "FILE_UPLOAD", expires)
        return {
            "fileId": file_id,
            "uploadUrl": f"{base_url}/file-upload/{file_id}?token={token}",
            "contentType": mime,
            "expiresAt": stored_instant(datetime.fromtimestamp(expires, UTC)),
        }

    def complete_upload(self, file_id: str, base_url: str) -> dict[str, Any]:
        """Check what was uploaded and make the file usable: as `upload`. Raises FileRefused."""
        row = self._row(file_id)
        if row is None:
            raise FileRefused(f"File not found: {file_id}", "NOT_FOUND", "FILE_NOT_FOUND")
        if row["status"] != "pending":
            return self._answer(row, base_url)
        path, stored = _path(row), self._size(file_id)
        if stored is None:
            message = f'File "{path}" has not been uploaded to storage yet.'
            raise FileRefused(message, "BAD_USER_INPUT", "FILE_NOT_UPLOADED")
        if stored != row["size"]:
            message = f'File "{path}" has {stored} bytes in storage but {row["size"]} were declared.'
            raise FileRefused(message, "BAD_USER_INPUT", "FILE_SIZE_MISMATCH")
        try:
            kind = kind_of(self._read(file_id, SNIFFED_BYTES), f"file.{row['extension']}")
        except KindRefused as refused:
            raise FileRefused(refused.message) from refused
        with self._engine.connect() as connection:
            changed = {"status": "temporary", "mime": kind.mime}
            connection.execute(update(files_table).where(_columns.id == file_id).values(changed))
        return self._answer(row, base_url)

    def attach(
        self,
        connection: Connection,
        field_id: str,
        record_id: str,
        items: Sequence[dict[str, str]],
        *,
        is_new: bool = False,
    ) -> str | None:
        """Make files the value of a FILES field of a record and give the JSON to store, None for no files.

        `items` passed the rules of the type ({fileId, label} each). Files of the record that are left out are
        given up. A new record has no files yet, whatever its id. Raises ValueRefused.
        """
        ids = [item["fileId"].lower() for item in items]
        if len(set(ids)) < len(ids):
            raise ValueRefused("Duplicate file IDs found")
        query = select(files_table).where(_columns.id.in_(ids))
        known = {row["id"]: dict(row) for row in connection.execute(query).mappings()}
        for file_id in ids:
            self._check_attachable(file_id, known.get(file_id), field_id, None if is_new else record_id)
        values = {"status": "permanent", "record_id": record_id}
        connection.execute(update(files_table).where(_columns.id.in_(ids)).values(values))
        own = (_columns.record_id == record_id) & (_columns.field_id == field_id)
        left_out = connection.execute(select(_columns.id).where(own & _columns.id.not_in(ids))).scalars()
        self.release(connection, list(left_out))
        stored = [
            {"label": item["label"], "fileId": file_id, "extension": f".{known[file_id]['extension']}"}
            for item, file_id in zip(items, ids, strict=True)
        ]
        return orjson.dumps(stored).decode() if stored else None

    @staticmethod
    def _check_attachable(file_id: str, row: dict[str, Any] | None, field_id: str, record_id: str | None) -> None:
        if row is None or row["status"] == "pending":
            raise ValueRefused(f"File not found: {file_id}")
        if record_id is not None and row["record_id"] == record_id and row["field_id"] == field_id:
            return
        if row["status"] == "permanent":
            raise ValueRefused(f"File {file_id} is already associated with a permanent files field")
        if row["field_id"] != field_id:
            raise ValueRefused(f"File {file_id} does not belong to this files field")

    def release(self, connection: Connection, file_ids: Sequence[str]) -> None:
        """Give up files whose records or values are gone.

        Their contents go at the next start: the transaction that gives them up may still be rolled back.
        """
        if file_ids:
            connection.execute(delete(files_table).where(_columns.id.in_(file_ids)))

    def release_records(self, connection: Connection, record_ids: Sequence[str]) -> None:
        """Give up the files of destroyed records."""
        query = select(_columns.id).where(_columns.record_id.in_(record_ids))
        self.release(connection, list(connection.execute(query).scalars()))

    def present(self, stored: str | None, base_url: str) -> list[dict[str, Any]] | None:
        """The answered value of a FILES field: each file with a URL that is good for a day."""
        if stored is None:
            return None
        return [item | {"url": self.url(item["fileId"], base_url)} for item in orjson.loads(stored)]

    def url(self, file_id: str, base_url: str) -> str:
        """A signed URL for downloading a file without a key."""
        token = self._token(file_id, "FILE", int(time.time()) + URL_SECONDS)
        return f"{base_url}/file/files-field/{file_id}?token={token}"

    def routes(self) -> list[Route]:
        """The download of a file and the target of a direct upload."""
        return [
            Route("/file/files-field/{file_id}", self._download, methods=["GET"]),
            Route("/file-upload/{file_id}", self._receive, methods=["PUT"]),
        ]

    async def _download(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        row = self._row(file_id) if self._admits(request, file_id, "FILE") else None
        if row is None or row["status"] == "pending":
            return _forbidden()
        return Response(self._read(file_id), headers={"content-type": row["mime"]})

    async def _receive(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        row = self._row(file_id) if self._admits(request, file_id, "FILE_UPLOAD") else None
        if row is None or row["status"] != "pending":
            return _forbidden()
        if not await self._write_stream(file_id, request.stream(), row["size"]):
            body = {"message": "request entity too large", "error": "Payload Too Large", "statusCode": 413}
            return JSONResponse(body, status_code=413)
        return Response(status_code=204)

    def _admits(self, request: Request, file_id: str, kind: str) -> bool:
        token = request.query_params.get("token", "")
        payload = tokens.read(token) if tokens.is_signed(token, self._secret) else None
        if payload is None or payload.get("fileId") != file_id or payload.get("type") != kind:
            return False
        return bool(payload["exp"] >= time.time())

    def _token(self, file_id: str, kind: str, expires: int) -> str:
        return tokens.sign({"fileId": file_id, "type": kind, "exp": expires}, self._secret)

    def _add(self, file_id: str, field_id: str, status: str, extension: str, mime: str, size: int) -> dict[str, Any]:
        row = {
            "id": file_id,
            "field_id": field_id,
            "record_id": None,
            "status": status,
            "extension": extension,
            "mime": mime,
            "size": size,
            "created_at": stored_instant(datetime.now(UTC)),
        }
        with self._engine.connect() as connection:
            connection.execute(insert(files_table).values(row))
        return row

    def _row(self, file_id: str) -> dict[str, Any] | None:
        with self._engine.connect() as connection:
            found = connection.execute(select(files_table).where(_columns.id == file_id)).mappings().first()
        return None if found is None else dict(found)

    def _answer(self, row: dict[str, Any], base_url: str) -> dict[str, Any]:
        return {
            "id": row["id"],
            "path": _path(row),
            "size": row["size"],
            "createdAt": row["created_at"],
            "url": self.url(row["id"], base_url),
        }

    def _write(self, file_id: str, content: IO[bytes]) -> None:
        if self._folder is None:
            self._contents[file_id] = content.read()
            return
        descriptor = os.open(self._folder / file_id, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            shutil.copyfileobj(content, stream)

    async def _write_stream(self, file_id: str, chunks: AsyncIterator[bytes], limit: int) -> bool:
        """Write a body as it comes; False, and nothing kept, when it is longer than announced."""
        size = 0
        with tempfile.TemporaryFile(dir=self._folder) as part:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    return False
                part.write(chunk)
            part.seek(0)
            self._write(file_id, part)
        return True

    def _read(self, file_id: str, limit: int = -1) -> bytes:
        if self._folder is None:
            content = self._contents.get(file_id, b"")
            return content if limit < 0 else content[:limit]
        with (self._folder / file_id).open("rb") as stream:
            return stream.read(limit)

    def _size(self, file_id: str) -> int | None:
        if self._folder is None:
            return len(self._contents[file_id]) if file_id in self._contents else None
        try:
            return (self._folder / file_id).stat().st_size
        except FileNotFoundError:
            return None


def _path(row: dict[str, Any]) -> str:
    return f"files-field/{row['field_id']}/{row['id']}.{row['extension']}"


def _forbidden() -> JSONResponse:
    return JSONResponse({"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}, status_code=403)
