"""What the steps of one practice's migration share: drop, mapping, ledger, client, each opened once, and the open run.

Belongs here: opening, closing, and the run in the ledger. Does not belong here: the steps (`migration.session`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Coroutine, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from dentes_twenty.exports.drop import Drop, open_drop
from dentes_twenty.exports.errors import NotStaged
from dentes_twenty.exports.mapping import Mapping as MappingFile
from dentes_twenty.exports.mapping import load_mapping, require_confirmed
from dentes_twenty.exports.stage import Staged, absent_reports
from dentes_twenty.exports.staged import Origin
from dentes_twenty.migration import steps
from dentes_twenty.migration.delta import OLDER, DropNotNew, Recognised, as_of, recognise
from dentes_twenty.migration.errors import ApiKeyMissing, NoRun
from dentes_twenty.migration.ledger import DropState, Ledger, RunState
from dentes_twenty.migration.ledger.core import Clock, utc_now
from dentes_twenty.practice import Practice
from dentes_twenty.stopping import run_stoppable
from dentes_twenty.twenty.client import USUAL_PATIENCE, Calls, Patience, TwentyClient
from dentes_twenty.twenty.limiter import Limiter
from dentes_twenty.twenty.records import RecordStore

T = TypeVar("T")
STAGE_AGAIN = "Read the export again (`audit`); `migrate` and `delta` do it by themselves."
WHOLE = ("migrate", "delta")
"""Runs that have processed their whole drop when they end well."""
TAKING = (*WHOLE, "materialize")
"""Runs for which an export is taken under a new id where another one was taken since."""


class Opened:
    """`api_key` replaces the environment's (the embedded sandbox makes its own); `staging` names tables
    that another session of the practice has staged; `clock` is the ledger's and the limiter's."""

    def __init__(
        self,
        practice: Practice,
        *,
        api_key: str | None = None,
        staging: Path | None = None,
        clock: Clock = utc_now,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self.practice = practice
        self.staging_dir = staging or practice.staging_dir
        self._api_key = api_key
        self._cleared = self._admitted = False
        self._export: str | None = None
        self._figures: dict[str, float] = {}
        self._clock, self._patience = clock, patience
        self._run: int | None = None
        self._kind = ""
        self._calls_before_plan: int | None = None
        self._remembered = False
        self._attachments_print = ""
        self._closing = contextlib.ExitStack()
        self._runner = self._closing.enter_context(asyncio.Runner())  # closed last: connections end on its loop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End connections. The session must not be used afterwards."""
        self._closing.close()

    # -- what is opened once

    @cached_property
    def ledger(self) -> Ledger:
        """The practice's state."""
        return self._closing.enter_context(Ledger.open(self.practice.ledger_url, self.practice.key, clock=self._clock))

    @cached_property
    def drop(self) -> Drop:
        """The export."""
        limit = self.practice.policies.attachments_max_mb * 1_000_000
        return open_drop(self._export or self.practice.export_location, max_attachment_bytes=limit)

    @cached_property
    def origin(self) -> Origin:
        """This export, named by its content: reading it takes a second for each gigabyte."""
        return Origin(self.drop.fingerprint(), self.drop.location)

    @cached_property
    def drop_id(self) -> int:
        """The ledger's id of this export."""
        return self.ledger.register_drop(self.origin.fingerprint, self.origin.location).id

    @cached_property
    def staged_origin(self) -> Origin:
        """The export whose tables are staged. It need not be the practice file's: a delta takes others."""
        return Origin.read(self.staging_dir) or self.origin

    @cached_property
    def staged_id(self) -> int:
        """The ledger's id of the export whose tables are staged: what records are planned from, and compared with."""
        return self.ledger.register_drop(self.staged_origin.fingerprint, self.staged_origin.location).id

    def use_drop(self, location: str | None) -> None:
        """Read this export (a path or an fsspec URL) instead of the one that the practice file names."""
        if location is not None:
            self._export = location
            self._admitted = False
            for name in ("drop", "origin", "drop_id", "staged_origin", "staged_id"):
                self.__dict__.pop(name, None)

    def admit(self, allow: Collection[str] = ()) -> None:
        """Take this export, unless it is older than the one that was processed last and `allow` does not name `older`.

        Asked once for each export and run. Raises DropNotNew."""
        if self._admitted:
            return
        found = recognise(self.ledger.drops(), self.origin.fingerprint, self.drop.modified)
        if found is Recognised.OLDER and OLDER not in allow:
            raise DropNotNew
        if self._kind in TAKING:
            self.__dict__["drop_id"] = self.ledger.renew_drop(self.drop_id)
            self.__dict__.pop("staged_id", None)
        self._admitted = True

    def note_taken(self) -> None:
        """Remember, before the first record is written, that this export is the newest of which anything stands."""
        known = self.ledger.register_drop(self.origin.fingerprint, self.origin.location)
        if known.state not in (DropState.DONE, DropState.PROCESSING):
            self.ledger.set_drop_state(known.id, DropState.PROCESSING, as_of(self.drop.modified))

    @cached_property
    def mapping(self) -> MappingFile:
        """The confirmed mapping. Raises MappingError while nobody has confirmed it."""
        mapping = load_mapping(self.practice.mapping_path)
        require_confirmed(mapping)
        return mapping

    @cached_property
    def staged(self) -> Staged:
        """What `stage` has written. Raises NotStaged before that."""
        return Staged.open(self.staging_dir)

    def require_all_staged(self) -> Staged:
        """All of the export's reports, as `stage` has written them.

        Raises NotStaged also when some of them are missing, because a staging was cut off between two."""
        missing = [report for report in self.mapping.report_names if not self.staged.has(report)]
        if missing and (cut := set(missing) - set(absent_reports(self.drop, self.mapping))):
            raise NotStaged(f"Staging was cut off: the reports {', '.join(sorted(cut))} are not there.", STAGE_AGAIN)
        return self.staged

    @cached_property
    def client(self) -> TwentyClient:
        """The workspace. All processes on this ledger share its rate limiter. Raises ApiKeyMissing."""
        key = self.require_key()
        limits = self._closing.enter_context(contextlib.closing(self.ledger.shared_limits(self.practice.twenty.url)))
        client = TwentyClient(
            self.practice.twenty.url,
            key,
            limiter=Limiter(limits, clock=lambda: self._clock().timestamp() * 1000),
            timeout=self._patience.answer_s,
            patience=self._patience.outage_s,
        )
        self._closing.callback(lambda: self._runner.run(client.aclose()))  # also when the run is being stopped
        return client

    @cached_property
    def store(self) -> RecordStore:
        """Records of the workspace, by its present data model."""
        return self.wait(RecordStore.open(self.client))

    def require_key(self) -> str:
        """The workspace's API key, without asking the workspace. Raises ApiKeyMissing."""
        variable = self.practice.twenty.api_key_env
        key = self._api_key or os.environ.get(variable)
        if not key:
            raise ApiKeyMissing(
                f"The environment variable {variable} is not set.",
                f"Make an API key in Twenty (Settings > APIs & Webhooks) and export it as {variable}.",
            )
        return key

    @property
    def calls(self) -> Calls:
        """Calls made so far by this session."""
        return self.client.calls

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run asynchronous work to its end, or until a signal stops it; connections live on one loop."""
        return run_stoppable(self._runner, work)

    # -- runs

    @contextlib.contextmanager
    def run(self, kind: str) -> Iterator[int]:
        """A run in the ledger. Raises RunInProgress beside a living run of the same practice."""
        run = self.begin_run(kind)
        try:
            yield run
        except BaseException as error:
            stopped = not isinstance(error, Exception)  # Ctrl-C, SIGTERM, and what Dagster makes of them
            self.end_run(RunState.STOPPED if stopped else RunState.FAILED)
            raise
        self.end_run(RunState.DONE)

    def begin_run(self, kind: str) -> int:
        """Open a run; for callers that cannot hold a context manager open."""
        self._run = self.ledger.begin_run(kind, exclusive=True)
        self._kind, self._admitted = kind, False
        return self._run

    def end_run(self, state: RunState) -> None:
        """Close it. Does nothing when none is open."""
        if self._run is not None:
            run, self._run = self._run, None
            if state is RunState.DONE and self._kind in WHOLE and self._admitted:
                detail = as_of(self.drop.modified, self._attachments_print)
                self.ledger.set_drop_state(self.drop_id, DropState.DONE, detail)
            figures = {**self._calls_since_plan(), **steps.run_counts(self.ledger)}
            self.ledger.end_run(run, state, {**figures, **self._figures})

    @property
    def run_id(self) -> int:
        """The open run. Raises NoRun outside of one."""
        if self._run is None:
            raise NoRun("A step that writes was called outside a run.", "Call it within `migration.run(kind)`.")
        return self._run

    def note_calls(self) -> None:
        """For `status`, asked from another terminal: how many calls of the plan are made."""
        if self._run is not None and self._calls_before_plan is not None:
            self.ledger.note_run(self._run, self._calls_since_plan())

    def _calls_since_plan(self) -> dict[str, int]:
        planned = self._calls_before_plan
        return {} if planned is None else {steps.CALLS: self.calls.limited - planned}
