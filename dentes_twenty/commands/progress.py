"""Progress on stderr: bars with rate and time left on a terminal, a plain line now and then elsewhere.

Belongs here: the two listeners of `orchestration.listening`. Figures are counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from dentes_twenty.commands.output import consoles, plain_letters
from dentes_twenty.migration.progress import LoadProgress
from dentes_twenty.orchestration.listening import Listener, Silent, Throttle, duration, sentence

SHOWN = (
    "rows", "rows_staged", "landing", "quarantined", "matched", "fallback", "unmatched", "objects_created",
    "fields_created", "landed", "created", "updated", "unchanged", "removed", "held", "missing", "refused",
    "verified_values", "different",
)  # fmt: skip


@contextmanager
def listening(*, quiet: bool = False) -> Iterator[Listener]:
    """A listener that fits where stderr goes."""
    console = consoles()[1]
    if quiet:
        yield Silent()
    elif console.is_terminal:
        with _bar(console) as bar:
            yield Bars(bar)
    else:
        yield Lines(console)


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}", style="dim"),
        console=console,
        transient=False,
    )


class Bars:
    """One bar for each step that loads; steps without progress show a spinner and their figures."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._totals: dict[str, int] = {}

    def started(self, step: str) -> None:
        """A bar that does not know its length yet."""
        self._tasks[step] = self._progress.add_task(_title(step), total=None, detail="")

    def progressed(self, step: str, progress: LoadProgress) -> None:
        """Rate and time left come from the step itself, which knows about waits for the rate limit."""
        parts = [f"{progress.rate:,.0f}/s", f"{duration(progress.seconds_left)} left"]
        if progress.calls is not None:
            parts.append(f"{progress.calls:,} calls")
        if progress.object != step:
            parts.append(progress.object)
        self._totals[step] = max(progress.total or 0, progress.done)
        self._progress.update(self._tasks[step], total=progress.total, completed=progress.done, detail=", ".join(parts))

    def finished(self, step: str, figures: Mapping[str, float]) -> None:
        """The bar is full, and says what came of it."""
        done = int(figures.get("landed", figures.get("rows_staged", figures.get("rows", self._totals.get(step, 1)))))
        self._progress.update(self._tasks[step], total=max(done, 1), completed=max(done, 1), detail=summary(figures))

    def said(self, text: str) -> None:
        """Above the bars."""
        self._progress.console.print(text, markup=False, highlight=False)


class Lines:
    """For logs: one line when a step ends, and one every few seconds while it works."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._due = Throttle()

    def started(self, step: str) -> None:
        """Nothing: the end says more."""

    def progressed(self, step: str, progress: LoadProgress) -> None:
        """Few of them."""
        if self._due():
            self._console.print(f"{_title(step)}: {sentence(progress)}", markup=False, soft_wrap=True)

    def finished(self, step: str, figures: Mapping[str, float]) -> None:
        """One line for each step that had something to do."""
        if said := summary(figures):
            self._console.print(f"{_title(step)}: {said}", markup=False, soft_wrap=True)

    def said(self, text: str) -> None:
        """A line of its own."""
        self._console.print(text, markup=False, soft_wrap=True)


def _title(step: str) -> str:
    """Of a step of the job, or the name of a file, which may be anything."""
    return plain_letters(step.replace("_", " "))


def summary(figures: Mapping[str, float]) -> str:
    """The figures that a person wants to see of any step, zeros left out."""
    parts = [f"{figures[name]:,.0f} {name.replace('_', ' ')}" for name in SHOWN if figures.get(name)]
    if parts and "seconds" in figures:
        parts.append(duration(figures["seconds"]))
    return ", ".join(parts)
