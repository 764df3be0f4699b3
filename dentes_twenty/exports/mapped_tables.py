"""Tables of the mapping in a drop: opening the one that is meant, and telling to which form a row belongs.

Belongs here: what every reading of a mapped drop has to decide in the same way. Does not belong here: finding a header
(`binding`), what becomes of the rows (`stage`, `originals`).
"""

from __future__ import annotations

from dentes_twenty.exports import mapping_model as model
from dentes_twenty.exports.binding import find_table
from dentes_twenty.exports.drop import Drop
from dentes_twenty.exports.errors import MappingDoesNotFit
from dentes_twenty.exports.records import RawRow, Table
from dentes_twenty.exports.tables import tables, tables_in
from dentes_twenty.objects.folding import fold_key


def open_table(drop: Drop, mapping: model.Mapping, table: model.TableMapping) -> Table:
    """The file or sheet that the mapping names. Raises MappingDoesNotFit when the drop does not hold it."""
    pin = table.pinned()
    exact = any(file.name == table.file for file in drop.files)
    found = tables_in(drop, table.file, {table.table: pin} if pin else None) if exact else tables(drop)
    info = find_table(table, mapping, [each.info for each in found])
    for each in found:
        if each.info is info:
            return each
    raise MappingDoesNotFit(
        f"The drop does not hold {table.table}, which the mapping names for the report {table.report!r}.",
        "Export that report again, or take it out of the mapping and confirm the mapping again.",
    )


def form_key(form: model.FormMapping) -> str:
    """Under what the rows of a form are looked for."""
    return fold_key(form.in_file or form.name)


def default_form(table: model.TableMapping) -> str | None:
    """The form of a row that names none: the only one there is."""
    return form_key(table.forms[0]) if len(table.forms) == 1 else None


def form_of(row: RawRow, position: int | None, default: str | None) -> str | None:
    """The key of the form that a row names; `position` is that of the form's name."""
    cell = row.cells[position] if position is not None else None
    return (fold_key(str(cell)) or default) if cell is not None else default
