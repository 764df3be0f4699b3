"""Text files: mutilated exports on the whole way to staged rows, and rows that are well-formed and strange."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports import encodings
from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.exports.records import Pin, RawRow
from dentes_twenty.exports.tables import tables
from dentes_twenty_tests.bad_input.ways import examples, folder_of, read_through, small_drop, told, within_bounds

HEADER = "Dosya No;Adı;Soyadı;Cep Telefonu;Tıbbi Uyarılar"
ROWS = [f"{number};Zübeyde;Gizlioğlu;0532 001 77 11;latex canary" for number in range(1, 9)]
WHOLE = "\r\n".join([HEADER, *ROWS]) + "\r\n"
SMALL = small_drop()
HIT = ("Hastalar.csv", "Hasta Defteri.csv", "Hasta Notları.csv", "Memnuniyet Anketi.csv", "Personel.csv")
JUNK = ("\0", '"', '";"', "\r", "\n", "\ufeff", "\u202e", "\x1a", "\x1f", ";;;;;;", "\u2028", "=1+1", "\t", "sep=,\n")
few = examples(8)


def way(folder: Path, content: bytes | str, name: str = "Hastalar.csv") -> str | None:
    """The code of the error that a drop of this file ends with; None when it is staged."""
    return read_through(folder_of(folder, {name: content}), folder / "staged").error


@few
@given(data=st.data())
def test_an_export_cut_off_or_spliced_anywhere_is_staged_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """Each of five files may be hit, several times, by bytes that mean something to a reader."""
    files = {name: SMALL[name] for name in HIT}
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(files)))
        content = files[name]
        at = data.draw(st.integers(0, len(content)))
        junk = data.draw(st.sampled_from([part.encode() for part in JUNK]) | st.binary(max_size=8))
        files[name] = content[:at] + junk + data.draw(st.sampled_from([content[at:], b"", content[at + 1 :], content]))
    read_through(folder_of(tmp_path, files), tmp_path / "staged")


@few
@given(content=st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-16", "replace")))
def test_bytes_that_nobody_wrote_as_a_table_are_staged_or_refused(tmp_path: Path, content: bytes) -> None:
    way(tmp_path, content)


FORMS: dict[str, bytes] = {
    "nothing": b"",
    "line ends only": b"\r\n\r\n\n\r",
    "zeros": bytes(5_000),
    "header only": HEADER.encode(),
    "no header": "\r\n".join(ROWS).encode(),
    "one line without end": ROWS[0].encode(),
    "carriage returns": WHOLE.replace("\r\n", "\r").encode(),
    "mixed line ends": WHOLE.replace("\r\n", "\r", 3).encode(),
    "utf-16 without mark": WHOLE.encode("utf-16-le"),
    "utf-16 of odd length": WHOLE.encode("utf-16")[:-1],
    "utf-16, a half letter": WHOLE.encode("utf-16") + b"\x3d\xd8",
    "utf-32": WHOLE.encode("utf-32"),
    "utf-7": WHOLE.encode("utf-7"),
    "ebcdic": WHOLE.encode("cp1026", "replace"),
    "two marks": "\ufeff\ufeff".encode() + WHOLE.encode(),
    "a mark in the middle": (WHOLE + "\ufeff" + WHOLE).encode(),
    "halves of letters": WHOLE.replace("Z", "\ud83d").encode("utf-8", "surrogatepass"),
    "marks for right to left": WHOLE.replace(";", ";\u202e").encode(),
    "the same header five times": ("Adı;" * 5 + "\r\n" + "a;" * 5 + "\r\n").encode(),
    "header of blanks": ("; ;\t;\r\n" + WHOLE).encode(),
    "header of NUL": ("\0;\0\r\n" + WHOLE).encode(),
    "open quote at the start": b'"' + WHOLE.encode(),
    "open quotes throughout": WHOLE.replace(";", ';"').encode(),
    "quotes only": b'"' * 5_001,
    "sep= of a line end": b"sep=\r\n" + WHOLE.encode(),
    "sep= of a quote": b'sep="\r\n' + WHOLE.encode(),
    "sep= of NUL": b"sep=\0\r\n" + WHOLE.encode(),
    "sep= of a letter": b"sep=a\r\n" + WHOLE.encode(),
    "a count of thousands of digits": (WHOLE + "Kayıt sayısı;" + "9" * 5_000 + "\r\n").encode(),
    "an HTML page": b"<!DOCTYPE html><html><body><p>Oturum sona erdi</p></body></html>" * 20,
    "JSON": b'{"error": {"code": 500, "message": "x"}}\n' * 20,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_odd_form_is_staged_or_refused(tmp_path: Path, form: str) -> None:
    way(tmp_path, FORMS[form])


def test_a_cell_of_twenty_megabytes_is_read_and_one_of_half_a_megabyte_is_staged(tmp_path: Path) -> None:
    huge = "latex canary " * 1_600_000
    (table,) = tables(open_drop(folder_of(tmp_path, {"Hastalar.csv": WHOLE + f'9;Ali;Kaya;;"{huge}"\r\n'})))
    assert [len(str(row.cells[4])) for row in table.rows() if isinstance(row, RawRow)] == [12] * 8 + [len(huge)]
    lines = "latex canary\n" * 40_000
    content = WHOLE + f'9;Ali;Kaya;0532 001 77 12;"{lines}"\r\n'
    read = read_through(folder_of(tmp_path, {"Hastalar.csv": content}), tmp_path / "staged")
    assert read.staged is not None
    assert read.staged.report("patient").rows_staged == 9


def test_a_table_wider_than_any_report_is_refused_before_its_headers_are_matched(tmp_path: Path) -> None:
    """A thousand columns take seconds, ten thousand took hours."""
    header = HEADER + "".join(f";Ek {number}" for number in range(10_000))
    content = "\n".join([header, *(row + ";x" * 10_000 for row in ROWS)]) + "\n"
    assert way(tmp_path, content) == "unreadable_drop"


def test_a_file_without_line_ends_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """Zeros would be no text; the file is sparse all the same, but for its first megabyte and a letter at the end."""
    location = folder_of(tmp_path, {"Hastalar.csv": "a;b;c" * 250_000})
    with (Path(location) / "Hastalar.csv").open("r+b") as file:
        file.seek(1 << 31)
        file.write(b"x")
    with within_bounds(), pytest.raises(ExportError) as refused:
        tables(open_drop(location))
    assert told(refused.value) == "unreadable_drop"


def test_lines_that_end_in_carriage_returns_are_read_in_blocks(tmp_path: Path) -> None:
    """Such a file was once read as one line, whatever its size."""
    rows = "\r".join(f"{number};Ali;Kaya;;" for number in range(200_000))
    (table,) = tables(open_drop(folder_of(tmp_path, {"Hastalar.csv": f"{HEADER}\r{rows}\r"})))
    assert len(f"{HEADER}\r{rows}") > 2 * encodings.BLOCK_BYTES
    assert sum(1 for _ in table.rows()) == 200_000


ENCODINGS = (
    "undefined", "idna", "punycode", "unicode_escape", "utf-7", "utf-32", "hex", "a\0b", "", "rot13", "utf-16-be",
    "cp037", "iso2022_jp", "../x", "\ud800",
)  # fmt: skip
PINS: dict[str, Pin] = {
    **{name: Pin(encoding=name) for name in ENCODINGS},
    "a header that is not there": Pin(header_line=10**12),
}


@pytest.mark.parametrize("pin", PINS)
def test_a_pin_that_does_not_fit_is_refused_in_words_or_read(tmp_path: Path, pin: str) -> None:
    drop = open_drop(folder_of(tmp_path, {"Hastalar.csv": WHOLE}))
    try:
        for table in tables(drop, {"Hastalar.csv": PINS[pin]}):
            list(table.rows())
    except ExportError as error:
        told(error)


def written(rows: list[list[str]], **dialect: object) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n", **dialect).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue()


names = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('";,\n\t=+-@<'), min_size=1, max_size=15
)


@pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("utf-16")], ids=["utf-8", "utf-16"])
@few
@given(found=st.lists(st.tuples(names, names), min_size=1, max_size=15))
def test_well_formed_rows_are_staged_every_one(
    tmp_path: Path, encode: Callable[[str], bytes], found: list[tuple[str, str]]
) -> None:
    """Whatever the cells hold, as long as a CSV writer wrote it: each row is staged, or in quarantine with a reason."""
    rows = [[f"H{number}", first, last, "", ""] for number, (first, last) in enumerate(found, 1)]
    content = written([HEADER.split(";"), *rows], delimiter=";", quoting=csv.QUOTE_ALL)
    read = read_through(folder_of(tmp_path, {"Hastalar.csv": encode(content)}), tmp_path / "staged")
    if read.staged is not None:
        assert read.staged.report("patient").rows_read == len(rows)
    else:
        assert read.error in ("lossy_decoding", "unconfirmed_mapping")
