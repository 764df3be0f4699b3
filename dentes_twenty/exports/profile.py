"""Value profile of a column: what its cells look like, from a sample that was streamed from the top of the table.

Belongs here: counting what share of a column reads as a date, an amount, a phone, an e-mail, a word of a short list or
the id of another report's row, and how well that fits a canonical column. Does not belong here: headers (`matching`).
Shares are of the distinct non-blank cells looked at, 0 to 1. A profile holds words of the file: it is never logged.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date, datetime
from functools import lru_cache

from dentes_twenty.exports.cells import is_blank, parse_email, parse_id, parse_phones, parse_text
from dentes_twenty.exports.formats import detect_date, detect_number, parse_time
from dentes_twenty.exports.parsed import LONGEST, BadCell
from dentes_twenty.exports.phones import LONGEST_PHONES
from dentes_twenty.exports.records import Cell, RawRow, Table
from dentes_twenty.objects.folding import fold_key
from dentes_twenty.objects.source import Column, Kind

SAMPLE_ROWS = 5000
_DISTINCT_LOOKED_AT = 300
MAX_WORDS = 200  # more distinct texts than this are no list of choices
_FILE = re.compile(r"\.[A-Za-z]{2,5}\s*(;|$)")
_URL = re.compile(r"(https?://|www\.)?[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/\S*)?", re.IGNORECASE)
_CURRENCY = re.compile(r"[A-Z]{3}|TL|[₺€$£]")
_NAME = re.compile(r"[^\W\d_]+(['’.\- ]+[^\W\d_]+)*\.?")
NEUTRAL = 0.6


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnProfile:
    """`cells` sampled, `blanks` among them, `distinct` texts; shares of kinds; `words` with their counts, most frequent
    first (empty when there are too many); `references`: report -> share of the texts that are ids there."""

    cells: int
    blanks: int
    distinct: int
    numbers: float = 0.0
    integers: float = 0.0
    dates: float = 0.0
    has_time: bool = False
    times: float = 0.0
    phones: float = 0.0
    emails: float = 0.0
    urls: float = 0.0
    files: float = 0.0
    currencies: float = 0.0
    names: float = 0.0
    mean_length: float = 0.0
    several_words: float = 0.0
    words: tuple[tuple[str, int], ...] = dataclasses.field(default=(), repr=False)
    references: Mapping[str, float] = dataclasses.field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """No cell of the sample holds anything."""
        return self.blanks == self.cells

    @property
    def unique(self) -> bool:
        """Every cell is filled, and nearly every one differently (a duplicate id is a defect, not a pattern)."""
        return self.cells > 0 and self.blanks <= 0.02 * self.cells and self.distinct >= 0.95 * self.cells


def sample(table: Table, rows: int = SAMPLE_ROWS) -> list[list[Cell]]:
    """The columns of the first `rows` good rows, in the order of the header."""
    good = itertools.islice((row for row in table.rows() if isinstance(row, RawRow)), rows)
    return columns_of([row.cells for row in good], len(table.info.header))


def columns_of(rows: Sequence[Sequence[Cell]], width: int) -> list[list[Cell]]:
    """Rows turned into columns."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def profile_column(
    cells: Sequence[Cell], keys: Mapping[str, Set[str]] | None = None, region: str = "TR"
) -> ColumnProfile:
    """Profile of one column. `keys`: report -> ids of its rows."""
    filled = [cell for cell in cells if not is_blank(cell)]
    texts = Counter(parse_text(cell) for cell in filled)
    looked_at = list(itertools.islice({_typed(cell): cell for cell in filled}.values(), _DISTINCT_LOOKED_AT))
    if not looked_at:
        return ColumnProfile(len(cells), len(cells), 0)
    numbers, dates = detect_number(looked_at), detect_date(looked_at)
    of_text = [cell for cell in looked_at if isinstance(cell, str)]

    def share(matches: Callable[[str], object]) -> float:
        return sum(bool(matches(text.strip())) for text in of_text) / len(looked_at)

    ids = key_set(looked_at)
    return ColumnProfile(
        cells=len(cells),
        blanks=len(cells) - len(filled),
        distinct=len(texts),
        numbers=numbers.numbers / len(looked_at),
        integers=sum(_is_integer(cell) for cell in looked_at) / len(looked_at),
        dates=dates.dates / len(looked_at),
        has_time=dates.has_time,
        times=sum(_reads(parse_time, cell) for cell in looked_at if not isinstance(cell, (date, datetime)))
        / len(looked_at),
        phones=sum(_is_phone(cell, region) for cell in looked_at) / len(looked_at),
        emails=share(lambda text: "@" in text and _reads(parse_email, text)),
        urls=share(_URL.fullmatch),
        files=share(_FILE.search),
        currencies=share(_CURRENCY.fullmatch),
        names=share(_NAME.fullmatch),
        several_words=share(lambda text: len(text.split()) > 1),
        mean_length=sum(len(str(cell)) for cell in looked_at) / len(looked_at),
        words=tuple(texts.most_common()) if len(texts) <= MAX_WORDS else (),
        references={report: len(ids & known) / len(looked_at) for report, known in (keys or {}).items() if known},
    )


def fit(column: Column, profile: ColumnProfile, *, is_key: bool = False) -> float | None:
    """How well the values suit a canonical column, 0 to 1; None when there are no values to judge by."""
    if profile.empty:
        return None
    if column.kind in (Kind.CHOICE, Kind.BOOLEAN):
        return _known_words(column, profile)
    if column.kind is Kind.ID:
        return _fit_id(column, profile, is_key=is_key)
    if column.kind in (Kind.DATE, Kind.DATETIME):
        # a column of both dates and times suits an instant; dates alone suit either, a calendar day better
        other = 0.7 if (column.kind is Kind.DATETIME) != profile.has_time else 1.0
        return profile.dates * other
    if column.kind in (Kind.TEXT, Kind.CODE):
        specific = max(profile.dates, profile.emails, profile.phones)
        return 0.3 if specific > 0.9 and profile.distinct > 3 else NEUTRAL
    return {
        Kind.EMAIL: profile.emails,
        Kind.PHONE: profile.phones,
        Kind.URL: profile.urls,
        Kind.MONEY: profile.numbers,
        Kind.NUMBER: profile.numbers,
        Kind.INTEGER: profile.integers,
        Kind.TIME: profile.times,
        Kind.CURRENCY: profile.currencies,
        Kind.FILES: profile.files,
        Kind.NAME: profile.names,
    }[column.kind]


def _fit_id(column: Column, profile: ColumnProfile, *, is_key: bool) -> float:
    if is_key:
        return 1.0 if profile.unique else 0.3
    if column.reference is not None and column.reference.to in profile.references:
        share = profile.references[column.reference.to]
        by_name = 0.7 if column.reference.by_name and profile.names > 0.8 else 0.0
        return max(share, by_name)
    if profile.dates > 0.9 and profile.distinct > 3:
        return 0.2
    return NEUTRAL if profile.mean_length <= 40 else 0.3


def _known_words(column: Column, profile: ColumnProfile) -> float:
    """Share of the cells whose word the declaration knows."""
    if column.values is None or not profile.words:
        return 0.0
    known = _folded(tuple(tuple(words) for words in column.values.words.values()))
    total = sum(count for _, count in profile.words)
    return sum(count for word, count in profile.words if len(word) <= LONGEST and fold_key(word) in known) / total


@lru_cache(maxsize=256)
def _folded(lists: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    return frozenset(fold_key(word) for words in lists for word in words)


def _typed(cell: Cell) -> object:
    """Key under which equal cells of different types stay apart (1, True and 1.0 are equal to Python)."""
    return cell if isinstance(cell, str) else (type(cell), cell)


def _is_integer(cell: Cell) -> bool:
    try:
        return parse_id(cell).removeprefix("-").isdecimal()
    except BadCell:
        return False


def _is_phone(cell: Cell, region: str) -> bool:
    text = str(cell)
    if len(text) > LONGEST_PHONES:
        return False
    digits = sum(character.isdigit() for character in text)
    if digits < 7 or isinstance(cell, (date, datetime)):
        return False
    try:
        return bool(parse_phones(cell, region).value)
    except BadCell:
        return False


def _reads(parse: Callable[[str], object], cell: Cell) -> bool:
    try:
        parse(str(cell))
    except BadCell:
        return False
    return True


def key_set(cells: Iterable[Cell]) -> set[str]:
    """The ids of a key column, those that can be read."""
    ids: set[str] = set()
    for cell in cells:
        if not is_blank(cell):
            with contextlib.suppress(BadCell):
                ids.add(parse_id(cell))
    return ids
