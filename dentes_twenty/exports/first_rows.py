"""Which ids a report has had before, and with which content: 24 bytes for each of two million ledger rows.

Belongs here: that memory. Does not belong here: what a repetition means for a row (`chunks`).

A dict of ids and digests took 220 bytes for a row, which made reading the largest report the peak of a migration's
memory. Here an id is 16 bytes of its hash, and a row's content 8 of its own; the chance that two million rows hold two
that only look alike is below 1 in 10**25 for ids. Sorted blocks double in size, so that a look-up asks a dozen of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

_HALVES = np.dtype("<u8")

Block = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
"""First half of the ids' hashes, sorted; second half; content."""


class FirstRows:
    """The first row of each id. `repeats` looks rows up and remembers those that are the first of their id."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []

    def repeats(self, ids: Sequence[str | None], digests: Sequence[bytes]) -> list[bool | None]:
        """For each row: None when its id is new (or missing), True when an earlier row of that id had the same
        content, False when it had another."""
        found: list[bool | None] = [None] * len(ids)
        positions = [position for position, id_ in enumerate(ids) if id_ is not None]
        if not positions:
            return found
        hashes = b"".join([_hash(ids[position]) for position in positions])
        high, low = np.frombuffer(hashes, _HALVES).reshape(-1, 2).T
        content = np.frombuffer(b"".join([digests[position][:8] for position in positions]), _HALVES)
        before: dict[int, bool] = {}
        for block in self._blocks:
            before |= _look_up(block, high, low, content)
        inside: dict[tuple[int, int], int] = {}
        new = []
        for row, (position, key) in enumerate(
            zip(positions, zip(high.tolist(), low.tolist(), strict=True), strict=True)
        ):
            if row in before:
                found[position] = before[row]
            elif key in inside:
                found[position] = bool(content[row] == content[inside[key]])
            else:
                inside[key] = row
                new.append(row)
        self._remember(high[new], low[new], content[new])
        return found

    def _remember(self, *columns: npt.NDArray[np.uint64]) -> None:
        if not len(columns[0]):
            return
        block = _sorted(columns)
        while self._blocks and len(self._blocks[-1][0]) < 2 * len(block[0]):
            last = self._blocks.pop()
            block = _sorted([np.concatenate(pair) for pair in zip(last, block, strict=True)])
        self._blocks.append(block)


def _hash(id_: str | None) -> bytes:
    return blake2b(str(id_).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _sorted(columns: Sequence[npt.NDArray[np.uint64]]) -> Block:
    order = np.argsort(columns[0], kind="stable")
    high, low, content = (column[order] for column in columns)
    return high, low, content


def _look_up(
    block: Block, high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64], content: npt.NDArray[np.uint64]
) -> dict[int, bool]:
    """Rows whose id stands in the block -> whether the content is the same."""
    places = np.minimum(np.searchsorted(block[0], high), len(block[0]) - 1)
    there = np.flatnonzero((block[0][places] == high) & (block[1][places] == low))
    return dict(zip(there.tolist(), (block[2][places[there]] == content[there]).tolist(), strict=True))
