"""Adopted records: those that stood in the workspace before us, and what they held then.

Belongs here: which record was adopted for which source row and why, and its before-image under encryption. Does not
belong here: finding the record, deciding the policy, writing the image back (rollback).

A before-image is personal data of the practice's workspace. It is encrypted with Fernet (AES-128-CBC and HMAC-SHA-256)
under a key from the environment that this ledger never stores, and `purge` deletes it. The first image of a record
stays: a later one would already hold our own values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from dentes_twenty.migration.errors import LedgerConfiguration
from dentes_twenty.migration.ledger.audit import AuditLine
from dentes_twenty.migration.ledger.core import PAGE, Core, chunks
from dentes_twenty.migration.ledger.fingerprints import canonical_json
from dentes_twenty.migration.ledger.schema import adoptions, before_images, records
from dentes_twenty.migration.ledger.types import RecordKey, Status

A = adoptions.c
B = before_images.c
R = records.c

KEY_FIX = "Set the environment variable that `dentes-twenty init` named to the key it made."


@dataclasses.dataclass(frozen=True, slots=True)
class Adoption:
    """A record of the workspace that stands for a source row. `matched_by`: email, domain, name and phone, ..."""

    object: str
    record_id: str
    key: RecordKey
    matched_by: str


def new_key() -> str:
    """A key for before-images: 44 characters, to be kept outside the ledger."""
    return Fernet.generate_key().decode()


class Adoptions(Core):
    """The part of the ledger that knows adopted records."""

    def adopt(self, run: int, adopted: Iterable[tuple[Adoption, Mapping[str, Any]]], *, key: str) -> int:
        """Remembers adoptions with their before-images (field -> value as Twenty gave it), before anything is written.

        The records stand as ADOPTED. Idempotent; returns how many were given. Raises LedgerConfiguration for a key
        that is none, or that is not the one of the images already kept.
        """
        fernet = _fernet(key)
        self._require_same_key(fernet)
        count = 0
        for chunk in chunks(adopted, PAGE):
            count += len(chunk)
            with self._write() as write:
                insert = self._database.insert
                known = {"practice": self._practice}
                rows = [{**known, **_adoption(one), "run": run, "at": write.now} for one, _ in chunk]
                again = insert(adoptions).on_conflict_do_update(
                    index_elements=[A.practice, A.object, A.record_id], set_={"restored_run": None}
                )
                write.execute(again, rows)
                images = [
                    {**known, "object": one.object, "record_id": one.record_id,
                     "image": fernet.encrypt(canonical_json(image))}
                    for one, image in chunk
                ]  # fmt: skip
                write.execute(insert(before_images).on_conflict_do_nothing(), images)
                first = insert(records)
                stands = first.on_conflict_do_update(
                    index_elements=[R.practice, R.source_object, R.source_id],
                    set_={"status": Status.ADOPTED, "adopted": True, "record_id": first.excluded.record_id,
                          "object": first.excluded.object, "run": first.excluded.run, "reason": None},
                    where=sa.and_(R.status != Status.SENDING, R.status != Status.ADOPTED),
                )  # fmt: skip
                write.execute(stands, [{**known, **_record(one), "run": run} for one, _ in chunk])
                write.tell(
                    *(
                        AuditLine("adopt", one.object, one.record_id, "done", {"by": one.matched_by}, run)
                        for one, _ in chunk
                    )
                )
        return count

    def adoptions(self, object: str | None = None, *, page: int = PAGE) -> Iterator[list[Adoption]]:
        """Adopted records that were not restored, in pages."""
        statement = sa.select(adoptions).where(A.practice == self._practice, A.restored_run.is_(None))
        if object is not None:
            statement = statement.where(A.object == object)
        after: tuple[str, str] | None = None
        while True:
            part = statement.order_by(A.object, A.record_id).limit(page)
            if after is not None:
                # One by one, not as a tuple: a tuple of literals loses the type of the id.
                part = part.where(sa.or_(A.object > after[0], sa.and_(A.object == after[0], A.record_id > after[1])))
            rows = self._rows(part)
            if rows:
                yield [
                    Adoption(row.object, row.record_id, RecordKey(row.source_object, row.source_id), row.matched_by)
                    for row in rows
                ]  # fmt: skip
                after = (rows[-1].object, rows[-1].record_id)
            if len(rows) < page:
                return

    def before_images(self, object: str, record_ids: Iterable[str], *, key: str) -> dict[str, dict[str, Any]]:
        """Decrypted images by record id; a purged or unknown one is not in the answer.

        Raises LedgerConfiguration when the key does not fit.
        """
        fernet = _fernet(key)
        found: dict[str, dict[str, Any]] = {}
        for chunk in chunks(record_ids, PAGE):
            statement = sa.select(B.record_id, B.image).where(
                B.practice == self._practice, B.object == object, B.record_id.in_(chunk)
            )
            for row in self._rows(statement):
                found[row.record_id] = orjson.loads(_decrypt(fernet, row.image))
        return found

    def restored(self, run: int, object: str, record_ids: Iterable[str]) -> int:
        """Remembers that these hold their before-images again. The records' own state is settled by their batch.

        The images go: a record that is adopted once more has another one by then.
        """
        count = 0
        for chunk in chunks(record_ids, PAGE):
            with self._write() as write:
                statement = sa.update(adoptions).where(
                    A.practice == self._practice, A.object == object, A.record_id.in_(chunk), A.restored_run.is_(None)
                )
                count += write.execute(statement.values(restored_run=run)).rowcount
                spent = sa.delete(before_images).where(
                    B.practice == self._practice, B.object == object, B.record_id.in_(chunk)
                )
                write.execute(spent)
        return count

    def _require_same_key(self, fernet: Fernet) -> None:
        """Two keys in one ledger would make half of the images unreadable at the rollback: found out now."""
        statement = sa.select(B.image).where(B.practice == self._practice).limit(1)
        for row in self._rows(statement):
            _decrypt(fernet, row.image)


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except (ValueError, TypeError):
        raise LedgerConfiguration(
            "The key for before-images is not a Fernet key (44 characters).", KEY_FIX, code="before_image_key"
        ) from None


def _decrypt(fernet: Fernet, image: bytes) -> bytes:
    try:
        return fernet.decrypt(bytes(image))
    except InvalidToken:
        raise LedgerConfiguration(
            "The key for before-images is not the one that this ledger's images were encrypted with.",
            KEY_FIX,
            code="before_image_key",
        ) from None


def _adoption(one: Adoption) -> dict[str, Any]:
    return {
        "object": one.object,
        "record_id": one.record_id,
        "source_object": one.key.source_object,
        "source_id": one.key.source_id,
        "matched_by": one.matched_by,
    }


def _record(one: Adoption) -> dict[str, Any]:
    return {
        "source_object": one.key.source_object,
        "source_id": one.key.source_id,
        "object": one.object,
        "record_id": one.record_id,
        "status": Status.ADOPTED,
        "adopted": True,
    }
