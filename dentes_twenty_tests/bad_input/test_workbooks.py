"""Workbooks: damaged parts, bombs, formulas, errors, macros, rows and cells out of order, files under a wrong name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import CutOffFile, ExportError, UnreadableDrop
from dentes_twenty.exports.records import RawRow
from dentes_twenty.exports.tables import tables
from dentes_twenty_tests.bad_input import packages
from dentes_twenty_tests.bad_input.packages import BOOK, DATA, HEAD, ROWS, SHEET, STRINGS, replaced, write
from dentes_twenty_tests.bad_input.ways import examples, in_small_memory, read_through, told, within_bounds

DATE = '<c r="D2" s="1"><v>29002</v></c>'
RELATIONS = "xl/_rels/workbook.xml.rels"
READ = """
import sys
from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.errors import ExportError
from dentes_twenty.exports.tables import tables
for path in sys.argv[1:]:
    try:
        print([sum(1 for _ in table.rows()) for table in tables(open_drop(path))])
    except ExportError as error:
        print(error.code)
"""


def rows_of(path: Path) -> list[list[RawRow]]:
    with within_bounds():
        return [[row for row in table.rows() if isinstance(row, RawRow)] for table in tables(open_drop(str(path)))]


def refusal(path: Path) -> str | None:
    """The code by which a workbook is refused; None when it is read."""
    try:
        rows_of(path)
    except ExportError as error:
        return told(error)
    return None


def without(part: str) -> dict[str, bytes]:
    return {name: data for name, data in packages.parts().items() if name != part}


def test_the_sound_workbook_is_staged_whole(tmp_path: Path) -> None:
    read = read_through(str(write(tmp_path / "export.xlsx", packages.parts())), tmp_path / "staged")
    assert read.staged is not None
    assert read.staged.report("patient").rows_staged == ROWS


@examples(30)
@given(data=st.data())
def test_a_part_damaged_anywhere_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    made = packages.parts()
    part = data.draw(st.sampled_from(sorted(made)))
    content = made[part]
    at = data.draw(st.integers(0, len(content)))
    junk = data.draw(
        st.sampled_from([b"", b"<a>", b"</v>", b"&x;", b'"', b"9" * 30, b"-1", b"\0", b"\xff", b"<c r=", b"e9"])
    )
    made[part] = content[:at] + junk + content[at + data.draw(st.integers(0, 12)) :]
    refusal(write(tmp_path / "export.xlsx", made))


@examples(20)
@given(data=st.data())
def test_an_archive_damaged_anywhere_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    content = write(tmp_path / "whole.zip", packages.parts()).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    path = tmp_path / "export.xlsx"
    path.write_bytes(content[:at] + data.draw(st.binary(max_size=6)) + content[at + data.draw(st.integers(0, 40)) :])
    refusal(path)


@pytest.mark.parametrize("part", sorted(set(packages.parts()) - {"_rels/.rels", packages.STYLES}))
def test_a_workbook_without_one_of_its_parts_is_refused(tmp_path: Path, part: str) -> None:
    """A sheet without its part was once taken for no sheet: the report was missing without a word."""
    assert refusal(write(tmp_path / "export.xlsx", without(part))) == "cut_off_file"


def test_texts_that_the_workbook_does_not_hold_are_no_reason_to_guess(tmp_path: Path) -> None:
    for index in ("99", "x", "1e5"):
        damaged = replaced(SHEET, '<c r="B2" t="s"><v>5</v>', f'<c r="B2" t="s"><v>{index}</v>')
        assert refusal(write(tmp_path / "export.xlsx", damaged)) == "cut_off_file"


OUT_OF_ORDER: dict[str, Mapping[str, bytes]] = {
    "the same row twice": replaced(SHEET, '<row r="7"', '<row r="6"'),
    "row 0": replaced(SHEET, '<row r="7"', '<row r="0"'),
    "a row further than a sheet goes": replaced(SHEET, '<row r="7"', '<row r="99999999999999"'),
    "two cells in one place": replaced(SHEET, '<c r="D2"', '<c r="C2"'),
    "a cell further than a sheet goes": replaced(SHEET, '<c r="D2"', '<c r="XFE2"'),
}


@pytest.mark.parametrize("case", OUT_OF_ORDER)
def test_rows_and_cells_that_a_reader_would_lose_are_a_damaged_file(tmp_path: Path, case: str) -> None:
    assert refusal(write(tmp_path / "export.xlsx", OUT_OF_ORDER[case])) == "cut_off_file"


def test_cells_in_another_order_are_all_read(tmp_path: Path) -> None:
    cell = '<c r="A2"><v>1</v></c>'
    moved = replaced(SHEET, cell, "")
    moved[SHEET] = moved[SHEET].replace(b'</row><row r="3">', cell.encode() + b'</row><row r="3">', 1)
    ((first, *_),) = rows_of(write(tmp_path / "export.xlsx", moved))
    assert first.cells[:3] == (1, "Ayşe", "Kaya")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2958465.999999", datetime(9999, 12, 31, 23, 59, 59)), ("1e10", None), ("1e999", None)],
)
def test_a_date_at_the_end_of_the_calendar_or_beyond_costs_its_cell_only(
    tmp_path: Path, value: str, expected: datetime | None
) -> None:
    path = write(tmp_path / "export.xlsx", replaced(SHEET, DATE, f'<c r="D2" s="1"><v>{value}</v></c>'))
    (found,) = rows_of(path)
    assert len(found) == ROWS and found[0].cells[3] == expected
    assert found[0].warnings == (() if expected else ("spreadsheet_error",))


def test_numbers_without_end_and_half_letters_cost_their_cell_only(tmp_path: Path) -> None:
    infinite = write(tmp_path / "a" / "export.xlsx", replaced(SHEET, "<v>12.5</v>", "<v>1e999</v>"))
    (found,) = rows_of(infinite)
    assert (found[0].cells[4], found[0].warnings) == (None, ("spreadsheet_error",))
    halved = write(tmp_path / "b" / "export.xlsx", replaced(STRINGS, "<t>Ayşe</t>", "<t>_xD800_</t>"))
    (table,) = tables(open_drop(str(halved)))
    assert {getattr(row, "code", None) for row in table.rows()} == {"wrong_encoding"}


def test_formulas_give_what_they_showed_and_errors_a_warning(tmp_path: Path) -> None:
    formula = '<c r="D2"><f>WEBSERVICE("http://evil.example")</f><v>29002</v></c>'
    (found,) = rows_of(write(tmp_path / "a" / "export.xlsx", replaced(SHEET, DATE, formula)))
    assert found[0].cells[3] == 29002
    error = '<c r="D2" t="e"><f>A1/0</f><v>#REF!</v></c>'
    (found,) = rows_of(write(tmp_path / "b" / "export.xlsx", replaced(SHEET, DATE, error)))
    assert (found[0].cells[3], found[0].warnings) == (None, ("spreadsheet_error",))


def test_macros_and_links_to_other_workbooks_are_left_alone(tmp_path: Path) -> None:
    made = packages.parts()
    made["xl/vbaProject.bin"] = b"\xd0\xcf\x11\xe0 macro"
    made["xl/externalLinks/externalLink1.xml"] = b"<no xml"
    made["[Content_Types].xml"] = made["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    made[RELATIONS] = made[RELATIONS].replace(
        b"</Relationships>",
        b'<Relationship Id="rId8" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        b'externalLink" '
        b'Target="externalLinks/externalLink1.xml"/></Relationships>',
    )
    made[BOOK] = made[BOOK].replace(
        b"</sheets>", b'</sheets><externalReferences><externalReference r:id="rId8"/></externalReferences>'
    )
    (found,) = rows_of(write(tmp_path / "export.xlsm", made))
    assert len(found) == ROWS


def test_hidden_sheets_are_read_and_say_so(tmp_path: Path) -> None:
    path = write(tmp_path / "export.xlsx", replaced(BOOK, 'sheetId="1"', 'sheetId="1" state="veryHidden"'))
    (table,) = tables(open_drop(str(path)))
    assert table.info.evidence["sheet"] == "hidden in the workbook"


def test_a_sheet_that_claims_seventeen_thousand_million_cells_and_is_empty_is_no_table(tmp_path: Path) -> None:
    made = packages.parts()
    made[SHEET] = (
        f'<worksheet xmlns="{packages.MAIN}"><dimension ref="A1:XFD1048576"/><sheetData/></worksheet>'.encode()
    )
    assert rows_of(write(tmp_path / "export.xlsx", made)) == []


FAR = 50_000


def test_masses_of_empty_rows_before_the_data_are_passed_over(tmp_path: Path) -> None:
    """As other programs write them: each with its height, and a formatted cell in some."""
    empty = "".join(f'<row r="{row}" ht="12.8" customHeight="0"/>' for row in range(2, FAR))
    late = DATA
    for row in range(2, ROWS + 2):
        late = late.replace(f'<row r="{row}">', f'<row r="{row + FAR}">')
        for column in "ABCDE":
            late = late.replace(f'r="{column}{row}"', f'r="{column}{row + FAR}"')
    made = packages.parts()
    sheet = f'<sheetData><row r="1">{HEAD}</row>{empty}{late}</sheetData>'
    made[SHEET] = f'<worksheet xmlns="{packages.MAIN}">{sheet}</worksheet>'.encode()
    path = write(tmp_path / "export.xlsx", made)
    assert in_small_memory(READ, str(path)) == f"[{ROWS}]"


def test_parts_that_unpack_to_a_thousand_times_their_size_are_refused_unread(tmp_path: Path) -> None:
    paths = []
    for number, part in enumerate((SHEET, STRINGS, "docProps/core.xml", "xl/theme/theme1.xml")):
        bomb = packages.parts().get(part, b"<a>") + b" " * (24 << 20)
        paths.append(write(tmp_path / str(number) / "export.xlsx", {**without(part), part: bomb}))
        assert paths[-1].stat().st_size < 200_000
    assert in_small_memory(READ, *map(str, paths)).split() == ["unreadable_drop"] * len(paths)


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
DEFINITIONS = {
    "a bomb of entities": f'<!DOCTYPE x [<!ENTITY e0 "{"x" * 1000}">{ENTITIES}]>',
    "an entity that is a file": '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/hostname">]>',
    "a document type elsewhere": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
}


def test_a_document_type_is_refused_and_nothing_of_it_is_fetched(tmp_path: Path) -> None:
    paths = []
    for part in (SHEET, STRINGS, "[Content_Types].xml"):
        for case, head in DEFINITIONS.items():
            made = packages.parts()
            text = made[part].replace(b"Kaya", b"&e9;", 1) if "entit" in case else made[part]
            made[part] = head.encode() + text
            paths.append(write(tmp_path / str(len(paths)) / "export.xlsx", made))
    assert in_small_memory(READ, *map(str, paths)).split() == ["unreadable_drop"] * len(paths)


def test_files_under_a_wrong_name_are_refused_with_what_they_are(tmp_path: Path) -> None:
    for number, content in enumerate(
        (b"Dosya No;Ad\n1;x\n", b"\xd0\xcf\x11\xe0" + bytes(2_000), b"", b"PK\x05\x06" + bytes(18))
    ):
        path = tmp_path / str(number) / "export.xlsx"
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(UnreadableDrop, match=r"no \.xlsx workbook") as refused:
            tables(open_drop(str(path)))
        told(refused.value)


def test_a_workbook_whose_parts_are_encrypted_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "export.xlsx", packages.parts())
    content = bytearray(path.read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(magic)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(magic, at + 4)
    path.write_bytes(bytes(content))
    with pytest.raises(CutOffFile) as refused:
        tables(open_drop(str(path)))
    told(refused.value)


def test_merged_headers_over_several_rows_are_read_or_refused(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["Hasta", None, None, "İletişim", None])
    sheet.append([None, "Adı", "Soyadı", "Cep", None])
    sheet.append(["Dosya No", None, None, "Telefonu", "E-posta"])
    for area in ("A1:C1", "D1:E1", "B2:B3", "C2:C3", "D2:E2"):
        sheet.merge_cells(area)
    for number in range(1, 5):
        sheet.append([number, "Ayşe", "Kaya", "0532 001 00 01", "a@example.com"])
    path = tmp_path / "export.xlsx"
    workbook.save(path)
    assert read_through(str(path), tmp_path / "staged").error in (None, "unconfirmed_mapping", "header_not_found")
