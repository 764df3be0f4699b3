"""The memory of ids already read, against a plain dict."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.first_rows import FirstRows

Rows = list[tuple[str | None, int]]


def digest(content: int) -> bytes:
    return blake2b(str(content).encode(), digest_size=16).digest()


def look_up(memory: FirstRows, rows: Rows) -> list[bool | None]:
    return memory.repeats([id_ for id_, _ in rows], [digest(content) for _, content in rows])


@given(st.lists(st.lists(st.tuples(st.none() | st.sampled_from("abcdefgh"), st.integers(0, 2)), max_size=8)))
def test_it_says_of_every_row_what_a_dict_of_all_rows_would_say(chunks: list[Rows]) -> None:
    memory, first = FirstRows(), dict[str, int]()
    for chunk in chunks:
        wanted: list[bool | None] = []
        for id_, content in chunk:
            known = id_ in first
            wanted.append(None if id_ is None or not known else first[id_] == content)
            if id_ is not None:
                first.setdefault(id_, content)
        assert look_up(memory, chunk) == wanted


def test_ids_of_many_chunks_are_all_remembered() -> None:
    memory = FirstRows()
    for start in range(0, 30_000, 1_000):
        assert set(look_up(memory, [(f"E-{n}", n) for n in range(start, start + 1_000)])) == {None}
    again = look_up(memory, [(f"E-{n}", n if n % 2 else 0) for n in range(1, 30_000, 7)])
    assert again == [n % 2 == 1 for n in range(1, 30_000, 7)]


def test_an_id_with_half_a_character_is_an_id_too() -> None:
    memory = FirstRows()
    assert look_up(memory, [("\udce7", 1), ("\udce7", 1)]) == [None, True]
