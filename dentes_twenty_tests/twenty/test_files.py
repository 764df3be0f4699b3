"""Files: up in two ways, back with the same bytes, attached once."""

from __future__ import annotations

import hashlib
import io
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dentes_twenty.sandbox.faults import Fault
from dentes_twenty.sandbox.server import SandboxServer
from dentes_twenty.twenty.client import ATTEMPTS, TwentyClient
from dentes_twenty.twenty.errors import InsecureUrl, RecordRefused
from dentes_twenty.twenty.files import MULTIPART_BYTES, Attachment, FileStore, LocalFile, category
from dentes_twenty.twenty.model import parse_model
from dentes_twenty.twenty.records import RecordStore
from dentes_twenty.twenty.transfer import Digest, digest_of, rebased
from dentes_twenty_tests.twenty import workspaces
from dentes_twenty_tests.twenty.stub import Reply, Request, StubServer, data

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def local(name: str, content: bytes) -> LocalFile:
    return LocalFile(name, len(content), lambda: io.BytesIO(content))


@pytest.fixture
async def files(store: RecordStore) -> AsyncIterator[FileStore]:
    async with FileStore(store) as opened:
        yield opened


async def test_a_file_comes_back_with_the_same_bytes_and_hangs_on_all_its_records(
    store: RecordStore, files: FileStore
) -> None:
    note, person, attachment = (str(uuid.uuid4()) for _ in range(3))
    await store.create("note", [{"id": note, "title": "x"}])
    await store.create("person", [{"id": person}])
    uploaded = await files.upload(local("Röntgen şu.txt", "diş".encode()))
    assert (uploaded.size, uploaded.sha256) == (4, hashlib.sha256("diş".encode()).hexdigest())
    wanted = Attachment(attachment, "Röntgen şu.txt", uploaded, {"note": note, "person": person})
    outcome = await files.attach([wanted])
    assert not outcome.refused
    columns = ["fileCategory", "targetNoteId", "targetPersonId", "file"]
    record = (await store.read("attachment", [attachment], columns))[attachment]
    assert (record["targetNoteId"], record["targetPersonId"], record["fileCategory"]) == (note, person, "TEXT_DOCUMENT")
    assert record["file"][0]["label"] == "Röntgen şu.txt"
    assert await files.verify([attachment]) == {attachment: Digest(uploaded.size, uploaded.sha256)}


async def test_attaching_again_changes_nothing(store: RecordStore, files: FileStore) -> None:
    note = str(uuid.uuid4())
    await store.create("note", [{"id": note, "title": "x"}])
    wanted = [
        Attachment(str(uuid.uuid4()), f"{n}.txt", await files.upload(local(f"{n}.txt", b"x")), {"note": note})
        for n in range(3)
    ]
    await files.attach(wanted)
    again = await files.attach(wanted)
    assert again.already == {a.id for a in wanted}
    assert await store.count("attachment", {"targetNoteId": {"eq": note}}) == 3


async def test_a_file_that_hangs_elsewhere_is_refused_alone(store: RecordStore, files: FileStore) -> None:
    note = str(uuid.uuid4())
    await store.create("note", [{"id": note, "title": "x"}])
    one = await files.upload(local("1.txt", b"1"))
    await files.attach([Attachment(str(uuid.uuid4()), "1.txt", one, {"note": note})])
    second, third = str(uuid.uuid4()), str(uuid.uuid4())
    outcome = await files.attach(
        [
            Attachment(second, "1.txt", one, {"note": note}),
            Attachment(third, "2.txt", await files.upload(local("2.txt", b"2")), {"note": note}),
        ]
    )
    assert [(r.id, r.code) for r in outcome.refused] == [(second, "file")]
    assert set(outcome.stored) == {third}


async def test_a_large_file_is_streamed(files: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "tomography.bin"
    content = os.urandom(1 << 16) * (MULTIPART_BYTES // (1 << 16) + 8)
    path.write_bytes(content)
    uploaded = await files.upload(LocalFile("tomography.bin", len(content), lambda: path.open("rb")))
    assert (uploaded.size, uploaded.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [("no extension", b"x", "name"), ("picture.png", b"no picture", None)],
)
async def test_what_twenty_does_not_take_is_refused_with_a_reason(
    files: FileStore, name: str, content: bytes, field: str | None
) -> None:
    with pytest.raises(RecordRefused) as caught:
        await files.upload(local(name, content))
    assert (caught.value.reason, caught.value.field) == ("file", field)
    assert name not in str(caught.value)


async def test_a_picture_is_taken_for_what_it_is(files: FileStore) -> None:
    assert (await files.upload(local("x.png", PNG))).size == len(PNG)


async def test_a_file_that_has_changed_since_it_was_found_is_refused(files: FileStore) -> None:
    for size in (3, 20, MULTIPART_BYTES + 1):
        with pytest.raises(RecordRefused) as caught:
            await files.upload(LocalFile("x.txt", size, lambda: io.BytesIO(b"0123456789")))
        assert caught.value.field == "size"


@pytest.mark.parametrize("fault", ["cut-after-commit", "error-before-commit", "truncated-json", "wrong-content-type"])
@pytest.mark.parametrize("match", ["uploadFilesFieldFile", "GET /file/"])
async def test_transfers_survive_what_the_network_does(
    files: FileStore, shared_sandbox: SandboxServer, fault: str, match: str
) -> None:
    shared_sandbox.faults.pending.append(Fault(fault, 1, match=match))
    assert (await files.upload(local("x.txt", b"hello"))).size == 5


async def test_a_file_that_comes_back_different_each_time_is_refused(
    files: FileStore, shared_sandbox: SandboxServer
) -> None:
    shared_sandbox.faults.pending.append(Fault("wrong-content-type", ATTEMPTS, match="GET /file/"))
    with pytest.raises(RecordRefused) as caught:
        await files.upload(local("x.txt", b"hello"))
    assert caught.value.field == "content"


async def test_attachments_that_are_gone_verify_as_nothing(files: FileStore) -> None:
    gone = str(uuid.uuid4())
    assert await files.verify([gone]) == {gone: None}


async def test_an_older_workspace_gets_its_files_by_path() -> None:
    entries = workspaces.twenty_1()
    for entry in entries:
        if entry["nameSingular"] == "attachment":
            entry["fieldsList"] = [f for f in entry["fieldsList"] if f["name"] != "file"]
    sent: list[Request] = []

    def answer(request: Request) -> Reply:
        sent.append(request)
        if request.path == "/metadata":
            return data(uploadFile={"path": "attachment/1.txt", "token": "t"})
        if request.path.startswith("/files/attachment/1.txt?token=t"):
            assert "authorization" not in request.headers
            return Reply("hello", content_type="text/plain")
        return data(createAttachments=request.json["variables"]["data"])

    async with (
        StubServer(answer) as server,
        TwentyClient(server.url, "key") as client,
        FileStore(RecordStore(client, parse_model(entries))) as files,
    ):
        assert files.legacy
        uploaded = await files.upload(local("1.txt", b"hello"))
        person = str(uuid.uuid4())
        await files.attach([Attachment(str(uuid.uuid4()), "1.txt", uploaded, {"person": person})])
    record = sent[-1].json["variables"]["data"][0]
    assert (record["fullPath"], record["targetPersonId"]) == ("attachment/1.txt", person)
    assert "file" not in record


@pytest.mark.parametrize(
    ("signed", "used"),
    [
        ("http://localhost:3000/file/files-field/1?token=a.b", "https://crm.example.org/file/files-field/1?token=a.b"),
        ("https://inner/file-upload/1?token=x", "https://crm.example.org/file-upload/1?token=x"),
        ("https://bucket.s3.eu.example/a%20b?X-Sig=1", "https://bucket.s3.eu.example/a%20b?X-Sig=1"),
    ],
)
def test_a_signed_address_is_asked_where_we_can_reach_it(signed: str, used: str) -> None:
    assert rebased(signed, "https://crm.example.org") == used


def test_a_signed_address_without_tls_is_refused() -> None:
    with pytest.raises(InsecureUrl):
        rebased("http://bucket.example/x", "https://crm.example.org")


def test_categories_follow_the_extension_as_far_as_the_workspace_knows_them() -> None:
    assert category("a.PNG", ()) == "IMAGE"
    assert category("a.pdf", ("IMAGE", "TEXT_DOCUMENT", "OTHER")) == "TEXT_DOCUMENT"
    assert category("a.mp4", ("IMAGE", "OTHER")) == "OTHER"
    assert category("a.exe", ()) == "OTHER"
    assert digest_of(b"").size == 0
