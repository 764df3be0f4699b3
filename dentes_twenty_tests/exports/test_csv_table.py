"""CSV files: dialects, damage, ends. Every test writes a real file and reads it back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import CutOffFile, HeaderNotFound, LossyDecoding, UnreadableDrop
from dentes_twenty.exports.records import BadRow, Pin, RawRow
from dentes_twenty.exports.tables import tables
from dentes_twenty_tests.exports.folders import cells_of, faults_of, only_table, write_drop

HEADER = "Dosya No;Adı;Soyadı;Not"
ROWS = ["1;Ayşe;Çelik;iyi", "2;İlker;Yağcı;", "3;Gülşah;Işık;dün"]
CELLS = [tuple(row.split(";")) for row in ROWS]


def text(*lines: str, header: str = HEADER, end: str = "\r\n") -> str:
    return end.join([header, *lines]) + end


@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("cp1254", "windows-1254"), ("iso-8859-9", "windows-1254"),
        ("cp857", "cp857"), ("utf-16", "utf-16-le"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"),
    ],
)  # fmt: skip
def test_every_encoding_of_a_turkish_export_is_recognised_with_evidence(tmp_path: Path, codec: str, named: str) -> None:
    table = only_table(tmp_path, text(*ROWS).encode(codec))
    assert table.info.encoding == named
    assert table.info.evidence["encoding"]
    assert table.info.header == tuple(HEADER.split(";"))
    assert cells_of(table) == CELLS


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_every_separator_and_line_end_is_recognised(tmp_path: Path, separator: str, end: str) -> None:
    table = only_table(tmp_path, text(*ROWS, end=end).replace(";", separator))
    assert table.info.separator == separator
    assert cells_of(table) == CELLS


def test_the_line_that_names_the_separator_and_title_lines_are_no_data(tmp_path: Path) -> None:
    table = only_table(tmp_path, "sep=|\nHASTA LİSTESİ\nEge Diş | 01.01.2026\n\n" + text(*ROWS).replace(";", "|"))
    assert table.info.preamble_lines == 4
    assert cells_of(table) == CELLS
    assert [row.line for row in table.rows()] == [6, 7, 8]


def test_a_title_padded_with_separators_is_no_header(tmp_path: Path) -> None:
    table = only_table(tmp_path, "Hasta Listesi 01.01.2011 - 30.09.2026;;;\r\n" + text(*ROWS))
    assert table.info.preamble_lines == 1
    assert table.info.header == tuple(HEADER.split(";"))


def test_a_pin_wins_over_detection(tmp_path: Path) -> None:
    content = text("1;Ayşe;Çelik;a,b,c,d", header="x,y,z\r\nDosya No;Adı;Soyadı;Not").encode("cp1254")
    table = only_table(tmp_path, content, Pin(encoding="iso-8859-9", separator=";", header_line=2))
    assert (table.info.encoding, table.info.separator, table.info.preamble_lines) == ("iso-8859-9", ";", 1)
    assert cells_of(table) == [("1", "Ayşe", "Çelik", "a,b,c,d")]


def test_a_pin_that_names_no_table_is_refused(tmp_path: Path) -> None:
    location = write_drop(tmp_path, {"a.csv": text(*ROWS)})
    with pytest.raises(UnreadableDrop, match=r"b\.csv"):
        tables(open_drop(location), {"b.csv": Pin(separator=";")})


def test_quoted_line_breaks_belong_to_the_cell_and_count_as_lines(tmp_path: Path) -> None:
    table = only_table(tmp_path, text('1;a;b;"bir\niki; ""üç"""', "2;c;d;e"))
    assert list(table.rows()) == [
        RawRow(1, 2, ("1", "a", "b", 'bir\niki; "üç"')),
        RawRow(2, 4, ("2", "c", "d", "e")),
    ]


def test_blank_lines_repeated_headers_and_total_rows_are_no_data(tmp_path: Path) -> None:
    table = only_table(tmp_path, text(ROWS[0], "", ";;;", HEADER, ROWS[1], "ARA TOPLAM;;;2", ROWS[2], "Toplam;;;3"))
    assert cells_of(table) == CELLS
    assert [row.number for row in table.rows()] == [1, 2, 3]


def test_rows_too_short_and_too_long_are_bad_with_number_line_and_id(tmp_path: Path) -> None:
    table = only_table(tmp_path, text(ROWS[0], "2;İlker", ROWS[2], "4;a;b;c;d"))
    assert [row for row in table.rows() if isinstance(row, BadRow)] == [
        BadRow(2, 3, "too_few_cells", "2"),
        BadRow(4, 5, "too_many_cells", "4"),
    ]
    assert cells_of(table) == [CELLS[0], CELLS[2]]


def test_a_separator_at_the_end_of_every_row_is_no_cell(tmp_path: Path) -> None:
    table = only_table(tmp_path, text(*(row + ";" for row in ROWS)))
    assert cells_of(table) == CELLS


def test_a_first_cell_that_holds_no_id_is_not_given_as_one(tmp_path: Path) -> None:
    table = only_table(tmp_path, text("Ayşe;1;2;3", "Fatma;2", "Ali Can;3;3;3", header="Adı;a;b;c"))
    assert [row.source_id for row in table.rows() if isinstance(row, BadRow)] == [None]


@pytest.mark.parametrize(
    "broken",
    [
        '2;b;c;"Hasta "çok ağrım var; dün gece | uyuyamadım, geldim" dedi"',
        '2;b;"açık kaldı;d',
        '2;"b" ;c;d',
        '2;b;c;"bir\niki "üç" dört\nbeş; altı"',
    ],
)
def test_broken_quotes_cost_one_row_and_no_other(tmp_path: Path, broken: str) -> None:
    others = [f'{number};x;"quoted {number}";z' for number in (3, 4, 5)]
    table = only_table(tmp_path, text("1;a;b;c", broken, *others))
    assert faults_of(table) == {2: "broken_quotes"}
    assert cells_of(table) == [("1", "a", "b", "c")] + [(str(n), "x", f"quoted {n}", "z") for n in (3, 4, 5)]


def test_a_quote_that_opens_in_one_row_and_ends_in_a_later_one_swallows_nothing(tmp_path: Path) -> None:
    rows = [f"{number};a;b;c" for number in range(2, 40)]
    table = only_table(tmp_path, text('1;a;b;"abc', *rows, '40;a;b;5"'))
    assert faults_of(table) == {1: "broken_quotes"}
    assert len(cells_of(table)) == 39


def test_a_quote_that_never_ends_costs_one_row_of_many_thousand(tmp_path: Path) -> None:
    rows = [f"{number};a;b;c" for number in range(2, 30_000)]
    table = only_table(tmp_path, text('1;a;"b;c', *rows))
    assert faults_of(table) == {1: "broken_quotes"}
    assert len(cells_of(table)) == 29_998


def test_two_broken_rows_in_a_row_are_two_rows(tmp_path: Path) -> None:
    table = only_table(tmp_path, text("1;a;b;c", '2;"x"y;b;c', '3;"x"y;b;c', "4;a;b", "5;a;b;c"))
    assert faults_of(table) == {2: "broken_quotes", 3: "broken_quotes", 4: "too_few_cells"}


def test_quotes_inside_an_unquoted_cell_are_letters(tmp_path: Path) -> None:
    table = only_table(tmp_path, text('1;5" boru;b;c "d" e'))
    assert cells_of(table) == [("1", '5" boru', "b", 'c "d" e')]


def test_a_cell_larger_than_the_csv_module_allows_is_read(tmp_path: Path) -> None:
    picture = "0123456789abcdef\n" * 20_000
    table = only_table(tmp_path, text(f'1;a;b;"{picture}"', "2;a;b;c"))
    assert cells_of(table) == [("1", "a", "b", picture), ("2", "a", "b", "c")]


def test_nul_bytes_are_removed_with_a_warning(tmp_path: Path) -> None:
    table = only_table(tmp_path, text("1;Ay\0şe;b;c", "2;a;b;c"))
    assert list(table.rows()) == [
        RawRow(1, 2, ("1", "Ayşe", "b", "c"), ("nul_removed",)),
        RawRow(2, 3, ("2", "a", "b", "c")),
    ]


def test_a_row_in_another_encoding_is_quarantined_and_the_file_keeps_its_own(tmp_path: Path) -> None:
    rows = [f"{number};Şule;Öğüt;ıhlamur" for number in range(1, 8)]
    for codec, other in (("utf-8", "cp1254"), ("cp1254", "utf-8"), ("cp857", "utf-8")):
        content = b"\n".join(row.encode(other if row[0] == "4" else codec) for row in [HEADER, *rows]) + b"\n"
        table = only_table(tmp_path, content)
        assert faults_of(table) == {4: "wrong_encoding"}, codec
        assert len(cells_of(table)) == 6


def test_text_that_was_read_wrongly_before_is_quarantined_not_repaired(tmp_path: Path) -> None:
    rows = [f"{number};Şule;Öğüt;ıhlamur" for number in range(1, 8)]
    rows[1] = rows[1].encode("cp1254").decode("cp1252")
    rows[3] = rows[3].encode().decode("cp1252", "replace")
    rows[5] = "6;Petr;Novotný;Çeşme'de"
    table = only_table(tmp_path, text(*rows))
    assert faults_of(table) == {2: "wrong_encoding", 4: "wrong_encoding"}


def test_a_file_of_two_encodings_is_refused(tmp_path: Path) -> None:
    rows = [f"{number};Şule;Öğüt;ı".encode("utf-8" if number % 2 else "cp1254") for number in range(40)]
    with pytest.raises(LossyDecoding, match="mixes"):
        only_table(tmp_path, HEADER.encode() + b"\n" + b"\n".join(rows) + b"\n")


def test_a_file_in_an_alphabet_that_no_supported_encoding_has_is_refused(tmp_path: Path) -> None:
    rows = [f"{number};Иван;Петров;привет мир" for number in range(20)]
    with pytest.raises(LossyDecoding, match="neither UTF-8"):
        only_table(tmp_path, text(*rows, header="Id;Name;Last;Note").encode("cp1251"))


@pytest.mark.parametrize(
    "wrong", [lambda row: row.encode().decode("cp1252", "replace"), lambda row: row.replace("ı", "?")]
)
def test_a_file_whose_letters_were_lost_before_is_refused(tmp_path: Path, wrong: object) -> None:
    assert callable(wrong)
    rows = [wrong(f"{number};Yıldız;Çağlar;sıcak") for number in range(20)]
    with pytest.raises(LossyDecoding):
        only_table(tmp_path, text(*rows, header="Id;Name;Last;Note"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDrop, match="no text"):
        only_table(tmp_path, bytes(range(256)) * 64)
    with pytest.raises(UnreadableDrop, match="workbook"):
        only_table(tmp_path, b"PK\x03\x04" + bytes(64))


def test_a_file_without_header_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HeaderNotFound):
        only_table(tmp_path, "1;2;3\n4;5;6\n")
    with pytest.raises(CutOffFile, match="empty"):
        only_table(tmp_path, b"")


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    assert list(only_table(tmp_path, text()).rows()) == []


@pytest.mark.parametrize("end", ["3;Gül", '3;Gülşah;Işık;"yarım kalan\nnot', "3;Gülşah;Işık;d\u0131".encode()[:-1]])
def test_a_last_line_that_is_incomplete_is_an_error(tmp_path: Path, end: str | bytes) -> None:
    table = only_table(tmp_path, text(*ROWS[:2]).encode() + (end if isinstance(end, bytes) else end.encode()))
    with pytest.raises(CutOffFile) as caught:
        list(table.rows())
    assert caught.value.code == "cut_off_file"
    assert "Gül" not in str(caught.value)


def test_the_end_mark_of_dos_is_no_row(tmp_path: Path) -> None:
    assert cells_of(only_table(tmp_path, text(*ROWS).encode("cp857") + b"\x1a")) == CELLS


def test_a_row_shows_no_values_when_it_is_printed(tmp_path: Path) -> None:
    row = next(iter(only_table(tmp_path, text(*ROWS)).rows()))
    assert "Ayşe" not in repr(row) + str(row)


def test_a_last_line_without_line_end_is_a_row_when_it_is_complete(tmp_path: Path) -> None:
    assert cells_of(only_table(tmp_path, text(*ROWS).rstrip("\r\n"))) == CELLS


LEDGER = "Fiş No;Hasta No;Borç;Alacak"


def ledger(*rows: str, total: str) -> str:
    return text(*rows, total, header=LEDGER)


def test_a_total_line_that_agrees_is_fine_and_one_that_does_not_is_an_error(tmp_path: Path) -> None:
    rows = ["1;7;1.000,50;", "2;7;;1.000,50", "3;8;250;"]
    assert len(cells_of(only_table(tmp_path, ledger(*rows, total="TOPLAM;;1.250,50;1.000,50")))) == 3
    with pytest.raises(CutOffFile, match="2 rows whose sums differ") as caught:
        list(only_table(tmp_path, ledger(*rows[1:], total="TOPLAM;;1.250,50;2.000,50")).rows())
    assert caught.value.rows_read == 2


def test_a_total_line_is_not_compared_where_a_row_cannot_be_read_or_a_person_says_so(tmp_path: Path) -> None:
    rows = ["1;7;bin;", "2;7;;1.000,50"]
    assert len(cells_of(only_table(tmp_path, ledger(*rows, total="TOPLAM;;9.250,50;9.000,50")))) == 2
    pin = Pin(check_totals=False)
    assert len(cells_of(only_table(tmp_path, ledger("1;7;1;", total="TOPLAM;;9,50;9,50"), pin))) == 1


def test_a_column_that_adds_up_shows_that_the_others_are_no_sums(tmp_path: Path) -> None:
    rows = ["1;7;10,00;10,00", "2;7;5,00;15,00"]
    assert len(cells_of(only_table(tmp_path, ledger(*rows, total="Genel Toplam;;15,00;15,00")))) == 2


@pytest.mark.parametrize(
    "line", ["Toplam 1.234 kayıt", "Kayıt sayısı: 1234;;;", "1234 kayıt listelendi", "Kayıt Sayısı;1.234;;"]
)
def test_fewer_rows_than_the_file_says_is_an_error(tmp_path: Path, line: str) -> None:
    for content in (text(*ROWS, line), f"{line}\r\n" + text(*ROWS)):
        with pytest.raises(CutOffFile, match="3 rows and says that it has 1234"):
            list(only_table(tmp_path, content).rows())
    assert cells_of(only_table(tmp_path, text(*ROWS, line.replace("1.234", "3").replace("1234", "3")))) == CELLS


def test_a_text_file_that_is_no_table_is_left_out(tmp_path: Path) -> None:
    location = write_drop(tmp_path, {"a.csv": text(*ROWS), "readme.txt": "Bu klasör\nEge Diş dışa aktarımıdır.\n"})
    assert [table.info.file for table in tables(open_drop(location))] == ["a.csv"]


in_one_folder = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
turkish = st.text("abcçğıiöşüÇĞİÖŞÜ ;,|\t\"'\n.-1", max_size=12)
rows_of = st.lists(st.lists(turkish, min_size=3, max_size=3), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("codec", "separator", "end", "first"),
    [
        ("cp1254", ";", "\r\n", ""),
        ("utf-8-sig", ",", "\r\n", ""),
        ("utf-8", "|", "\n", "sep=|\n"),
        ("utf-16", "\t", "\n", ""),
    ],
)
@in_one_folder
@given(rows=rows_of)
def test_what_is_written_in_a_dialect_is_read_back(
    tmp_path: Path, codec: str, separator: str, end: str, first: str, rows: list[list[str]]
) -> None:
    numbered = [(f"R{number}", *row) for number, row in enumerate(rows, start=1)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, lineterminator=end)
    writer.writerows([("Kayıt No", "Bir Şey", "İki", "Üç"), *numbered])
    table = only_table(tmp_path, (first + out.getvalue()).encode(codec), Pin(encoding=codec, separator=separator))
    assert list(table.rows()) == [
        RawRow(row.number, row.line, cells) for row, cells in zip(table.rows(), numbered, strict=True)
    ]


@settings(in_one_folder, derandomize=True)
@given(rows=rows_of, junk=st.text('";a\n', max_size=20))
def test_no_line_of_junk_harms_the_rows_around_it(tmp_path: Path, rows: list[list[str]], junk: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\n", quoting=csv.QUOTE_ALL)
    before = [(f"A{number}", *row) for number, row in enumerate(rows)]
    after = [(f"B{number}", *row) for number, row in enumerate(rows)]
    writer.writerows([("No", "Bir", "İki", "Üç"), *before])
    out.write(f'C9;b;c;"x"{junk}\n')
    writer.writerows(after)
    table = only_table(tmp_path, out.getvalue(), Pin(encoding="utf-8", separator=";"))
    ids = {row[0] for row in before + after}
    assert [cells for cells in cells_of(table) if cells[0] in ids] == before + after
