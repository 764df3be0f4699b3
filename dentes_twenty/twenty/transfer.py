"""Bytes to and from signed addresses, without the API key.

Belongs here: streaming up and down. Does not belong here: what a file is for (`files`).
A signed address names the server as it calls itself, which behind a proxy or a container need not be the address that
we reach it by; paths of Twenty's own are therefore asked of `twenty.url`. Addresses of a storage service are kept.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import BinaryIO, Self

import httpx

from dentes_twenty.twenty.client import ATTEMPTS, check_url, pause
from dentes_twenty.twenty.errors import NotFound, RecordRefused, ServerTrouble, TryAgain, Unreachable

CHUNK = 1 << 20
OWN_PATHS = ("/file/", "/files/", "/file-upload/")


@dataclasses.dataclass(frozen=True, slots=True)
class Digest:
    """Size in bytes and SHA-256 (hex) of some bytes."""

    size: int
    sha256: str


def digest_of(content: bytes) -> Digest:
    """Of bytes in memory."""
    return Digest(len(content), hashlib.sha256(content).hexdigest())


def rebased(signed: str, base: str) -> str:
    """The address to use for a signed one: the server's own paths at the address that we know. Raises InsecureUrl."""
    url = httpx.URL(signed)
    if url.path.startswith(OWN_PATHS) or not url.host:
        return f"{base}/{url.raw_path.decode('ascii').lstrip('/')}"
    check_url(f"{url.scheme}://{url.netloc.decode('ascii')}")
    return signed


class Transfers:
    """Uploads to and downloads from signed addresses. Use as `async with Transfers(base)`; `base` is `twenty.url`."""

    def __init__(self, base: str, *, timeout: float = 60.0) -> None:
        self._base = base
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(timeout, pool=None), follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def download(self, signed: str) -> Digest:
        """Size and SHA-256 of what stands at a signed address; the bytes themselves are not kept.

        Raises NotFound when nothing is there (or the signature has run out), Unreachable or ServerTrouble.
        """
        return await self._patiently(lambda: self._download(rebased(signed, self._base)))

    async def _download(self, url: str) -> Digest:
        size, digest = 0, hashlib.sha256()
        async with self._http.stream("GET", url) as response:
            if response.status_code in (403, 404, 410):
                raise NotFound("file")
            if response.status_code != 200:
                raise ServerTrouble(f"http_{response.status_code}", "A file cannot be downloaded.")
            async for chunk in response.aiter_bytes(CHUNK):
                size += len(chunk)
                digest.update(chunk)
        return Digest(size, digest.hexdigest())

    async def put(self, signed: str, open_: Callable[[], BinaryIO], size: int, media_type: str) -> Digest:
        """Stream a file to a signed address, from its start at each attempt.

        Raises Unreachable or ServerTrouble, and RecordRefused for a file that has not the size it was said to have.
        """
        return await self._patiently(lambda: self._put(rebased(signed, self._base), open_, size, media_type))

    async def _put(self, url: str, open_: Callable[[], BinaryIO], size: int, media_type: str) -> Digest:
        digest, sent = hashlib.sha256(), 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            with await asyncio.to_thread(open_) as file:
                while sent <= size and (chunk := await asyncio.to_thread(file.read, CHUNK)):
                    digest.update(chunk)
                    sent += len(chunk)
                    if sent <= size:
                        yield chunk
            if sent != size:
                raise RecordRefused("file", "size")  # the file has changed since it was found

        headers = {"Content-Type": media_type, "Content-Length": str(size)}
        response = await self._http.put(url, content=chunks(), headers=headers)
        if response.status_code >= 300:
            raise ServerTrouble(f"http_{response.status_code}", "A file cannot be uploaded.")
        return Digest(sent, digest.hexdigest())

    async def _patiently(self, work: Callable[[], Awaitable[Digest]]) -> Digest:
        """Give the work three attempts; a file is sent or read from its start each time."""
        attempt = 1
        while True:
            error: TryAgain
            try:
                return await work()
            except httpx.ConnectError as raised:
                error = Unreachable(type(raised).__name__)
            except httpx.HTTPError as raised:
                error = ServerTrouble("connection_lost", f"A file transfer broke off ({type(raised).__name__}).")
            except ServerTrouble as raised:
                error = raised
            if attempt >= ATTEMPTS:
                raise error from None
            await asyncio.sleep(pause(attempt))
            attempt += 1
