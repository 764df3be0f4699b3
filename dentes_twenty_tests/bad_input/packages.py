"""A small workbook as the XML parts that it is made of, so that tests can damage any of them.

openpyxl writes no broken workbooks and keeps texts in their cells; Excel keeps them in a part of its own.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
BOOK = "xl/workbook.xml"
STYLES = "xl/styles.xml"
TEXTS = ("Dosya No", "Adı", "Soyadı", "Doğum Tarihi", "Bakiye", "Ayşe", "Kaya")
ROWS = 6


def _text(column: str, row: int, index: int) -> str:
    return f'<c r="{column}{row}" t="s"><v>{index}</v></c>'


def _row(row: int) -> str:
    typed = f'<c r="A{row}"><v>{row - 1}</v></c>{_text("B", row, 5)}{_text("C", row, 6)}'
    return f'<row r="{row}">{typed}<c r="D{row}" s="1"><v>{29000 + row}</v></c><c r="E{row}"><v>12.5</v></c></row>'


HEAD = "".join(_text(column, 1, index) for index, column in enumerate("ABCDE"))
DATA = "".join(_row(row) for row in range(2, ROWS + 2))
_PARTS = {
    "[Content_Types].xml": f"""<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/{BOOK}" ContentType="{_TYPES}.sheet.main+xml"/>
<Override PartName="/{SHEET}" ContentType="{_TYPES}.worksheet+xml"/>
<Override PartName="/{STRINGS}" ContentType="{_TYPES}.sharedStrings+xml"/>
<Override PartName="/{STYLES}" ContentType="{_TYPES}.styles+xml"/></Types>""",
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="{BOOK}"/></Relationships>""",
    BOOK: f"""<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}">
<sheets><sheet name="Hastalar" sheetId="1" r:id="rId1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>
<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>
<Relationship Id="rId3" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>""",
    SHEET: f"""<worksheet xmlns="{MAIN}"><dimension ref="A1:E{ROWS + 1}"/>
<sheetData><row r="1">{HEAD}</row>{DATA}</sheetData></worksheet>""",
    STRINGS: f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in TEXTS)}</sst>',
    STYLES: f"""<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>
<fills count="1"><fill><patternFill/></fill></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="2"><xf/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>""",
}


def parts() -> dict[str, bytes]:
    """Name -> XML of a sound workbook: a sheet of patients with ids, names, dates and amounts."""
    return {name: text.encode() for name, text in _PARTS.items()}


def replaced(part: str, old: str, new: str) -> dict[str, bytes]:
    """The sound workbook with one change in one part."""
    made = parts()
    assert old.encode() in made[part]
    made[part] = made[part].replace(old.encode(), new.encode(), 1)
    return made


def write(path: Path, content: Mapping[str, bytes]) -> Path:
    """The parts as a workbook file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path
