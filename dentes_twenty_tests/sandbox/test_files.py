"""The file store by itself: kinds, the two ways of uploading, attaching once, and what is kept over a restart."""

from __future__ import annotations

import asyncio
import io
import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, create_engine
from starlette.applications import Starlette

from dentes_twenty.sandbox.files import FileRefused, FileStore
from dentes_twenty.sandbox.refused import ValueRefused
from dentes_twenty.sandbox.sniffing import Kind, KindRefused, kind_of

BASE = "http://testserver"
FIELD, OTHER_FIELD = str(uuid4()), str(uuid4())


class Client:
    """Calls an ASGI application without a server."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, url: str) -> httpx.Response:
        return asyncio.run(self._request("GET", url, b""))

    def put(self, url: str, content: bytes) -> httpx.Response:
        return asyncio.run(self._request("PUT", url, content))

    async def _request(self, method: str, url: str, content: bytes) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app)) as client:
            return await client.request(method, url, content=content)


@pytest.fixture(params=["memory", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "state.files" if request.param == "folder" else None


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'state.db'}", isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine, folder: Path | None) -> FileStore:
    return FileStore(engine, folder, b"secret")


@pytest.fixture
def client(store: FileStore) -> Client:
    return Client(Starlette(routes=store.routes()))


def _attach(engine: Engine, store: FileStore, record_id: str, *file_ids: str, field: str = FIELD) -> str | None:
    with engine.connect() as connection:
        items = [{"fileId": file_id, "label": "x"} for file_id in file_ids]
        return store.attach(connection, field, record_id, items)


def test_an_uploaded_file_is_downloaded_as_it_came(store: FileStore, client: Client) -> None:
    content = bytes(range(256)) * 50
    file = store.upload(FIELD, "röntgen.txt", content, BASE)
    assert file["size"] == len(content)
    assert file["path"] == f"files-field/{FIELD}/{file['id']}.txt"
    answer = client.get(file["url"])
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "text/plain"


def test_a_download_needs_the_token_of_that_very_file(store: FileStore, client: Client) -> None:
    first, second = (store.upload(FIELD, "a.txt", b"x", BASE) for _ in range(2))
    swapped = first["url"].split("?")[0] + "?" + second["url"].split("?")[1]
    for url in (swapped, first["url"].split("?")[0], first["url"] + "x"):
        answer = client.get(url)
        assert answer.status_code == 403
        assert answer.json() == {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}


def test_a_file_is_attached_once_only(engine: Engine, store: FileStore) -> None:
    file, record = store.upload(FIELD, "a.txt", b"x", BASE)["id"], str(uuid4())
    stored = _attach(engine, store, record, file)
    assert json.loads(stored or "") == [{"label": "x", "fileId": file, "extension": ".txt"}]
    (presented,) = store.present(stored, BASE) or []
    assert presented["url"].startswith(f"{BASE}/file/files-field/{file}?token=")
    assert _attach(engine, store, record, file) == stored
    with pytest.raises(ValueRefused, match=f"File {file} is already associated with a permanent files field"):
        _attach(engine, store, str(uuid4()), file)


def test_a_file_that_is_not_there_or_of_another_field_is_refused(engine: Engine, store: FileStore) -> None:
    missing = str(uuid4())
    with pytest.raises(ValueRefused, match=f"File not found: {missing}"):
        _attach(engine, store, str(uuid4()), missing)
    file = store.upload(FIELD, "a.txt", b"x", BASE)["id"]
    with pytest.raises(ValueRefused, match="does not belong"):
        _attach(engine, store, str(uuid4()), file, field=OTHER_FIELD)
    with pytest.raises(ValueRefused, match="Duplicate"):
        _attach(engine, store, str(uuid4()), file, file)


def test_a_file_left_out_of_the_value_is_given_up(engine: Engine, store: FileStore, client: Client) -> None:
    first, second = (store.upload(FIELD, "a.txt", b"x", BASE) for _ in range(2))
    record = str(uuid4())
    _attach(engine, store, record, first["id"])
    _attach(engine, store, record, second["id"])
    assert client.get(first["url"]).status_code == 403
    assert client.get(second["url"]).status_code == 200
    with engine.connect() as connection:
        store.release_records(connection, [record])
    assert client.get(second["url"]).status_code == 403


def test_a_direct_upload_goes_through_its_three_steps(engine: Engine, store: FileStore, client: Client) -> None:
    content = b"%PDF-1.7\n" + b"x" * 100_000
    target = store.begin_upload(FIELD, "scan.pdf", len(content), BASE)
    assert target["contentType"] == "application/pdf"
    with pytest.raises(FileRefused) as early:
        store.complete_upload(target["fileId"], BASE)
    assert early.value.sub_code == "FILE_NOT_UPLOADED"
    with pytest.raises(ValueRefused, match="File not found"):
        _attach(engine, store, str(uuid4()), target["fileId"])
    assert client.put(target["uploadUrl"], content=content).status_code == 204
    file = store.complete_upload(target["fileId"], BASE)
    assert client.get(file["url"]).content == content
    assert client.put(target["uploadUrl"], content=content).status_code == 403
    assert _attach(engine, store, str(uuid4()), file["id"]) is not None


def test_a_direct_upload_of_another_size_or_kind_is_refused(store: FileStore, client: Client) -> None:
    target = store.begin_upload(FIELD, "scan.pdf", 10, BASE)
    assert client.put(target["uploadUrl"], content=b"x" * 11).status_code == 413
    client.put(target["uploadUrl"], content=b"x" * 9)
    with pytest.raises(FileRefused) as short:
        store.complete_upload(target["fileId"], BASE)
    assert short.value.sub_code == "FILE_SIZE_MISMATCH"
    client.put(target["uploadUrl"], content=b"x" * 10)
    with pytest.raises(FileRefused, match="File content does not match its extension"):
        store.complete_upload(target["fileId"], BASE)


@pytest.mark.parametrize("size", [0, -1, 1.5, 2**40])
def test_an_impossible_size_is_refused(store: FileStore, size: float) -> None:
    with pytest.raises(FileRefused):
        store.begin_upload(FIELD, "scan.pdf", size, BASE)


def test_files_outlive_a_restart_and_orphans_do_not(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "state.files"
    file = FileStore(engine, folder, b"secret").upload(FIELD, "a.txt", b"kept", BASE)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    (folder / str(uuid4())).write_bytes(b"orphan")
    again = FileStore(engine, folder, b"secret")
    assert [path.name for path in folder.iterdir()] == [file["id"]]
    assert Client(Starlette(routes=again.routes())).get(file["url"]).content == b"kept"


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "application/epub+zip" if name == "mimetype" else "x" * 100)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("filename", "content", "kind"),
    [
        ("a.txt", b"hello", Kind("txt", "text/plain")),
        ("a.csv", b"a;b", Kind("csv", "text/csv")),
        ("A.PNG", b"\x89PNG\r\n\x1a\n...", Kind("png", "image/png")),
        ("wrong.txt", b"\x89PNG\r\n\x1a\n...", Kind("png", "image/png")),
        ("a.jpeg", b"\xff\xd8\xff\xe0", Kind("jpg", "image/jpeg")),
        ("a.pdf", b"%PDF-1.4", Kind("pdf", "application/pdf")),
        ("a.dcm", b"\0" * 128 + b"DICM", Kind("dcm", "application/dicom")),
        ("a.webp", b"RIFF....WEBP", Kind("webp", "image/webp")),
        ("a.mp4", b"....ftypisom", Kind("mp4", "video/mp4")),
        ("a.heic", b"....ftypheic", Kind("heic", "image/heic")),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("cfb", "application/x-cfb")),
        ("a.zip", _zip("x"), Kind("zip", "application/zip")),
        ("a.xlsx", _zip("[Content_Types].xml", "xl/workbook.xml"), Kind("xlsx", "x")),
        ("a.docx", _zip("[Content_Types].xml", "word/document.xml"), Kind("docx", "x")),
        ("a.docx", _zip("[Content_Types].xml", "word/document.xml")[:200], Kind("docx", "x")),
        ("a.epub", _zip("mimetype", "META-INF/container.xml"), Kind("epub", "application/epub+zip")),
        ("a.unknown", b"...", Kind("unknown", "application/octet-stream")),
    ],
)
def test_the_content_says_what_a_file_is(filename: str, content: bytes, kind: Kind) -> None:
    found = kind_of(content, filename)
    assert found.extension == kind.extension
    assert kind.mime in (found.mime, "x")


@pytest.mark.parametrize("filename", ["noext", ".hidden", "dot."])
def test_a_name_without_extension_is_refused(filename: str) -> None:
    with pytest.raises(KindRefused, match="Filename must have an extension"):
        kind_of(b"x", filename)


def test_a_name_that_promises_another_content_is_refused_with_the_recorded_text() -> None:
    with pytest.raises(KindRefused) as refused:
        kind_of(b"no image", "a.png")
    assert refused.value.message == (
        "File content does not match its extension. The file has extension 'png' (expected mime type: image/png), "
        "but the file content could not be detected as this type. The file may be corrupted, have the wrong "
        "extension, or be a security risk."
    )
