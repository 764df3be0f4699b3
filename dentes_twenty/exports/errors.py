"""Errors of the exports floor: what went wrong with a file, and what a person can do about it.

Belongs here: every error that stops the reading of a drop. Does not belong here: defects of one row or one cell,
which are values (`BadRow`, `Problem`) or the small `BadCell`, because they quarantine a row and nothing else.

    ExportError
      UnreadableDrop     the location or one of its files cannot be opened or is no table
        LegacyWorkbook   an old .xls workbook
        HeaderNotFound   no line of the file looks like a header
      LossyDecoding      no supported encoding gives the file's text without loss
      CutOffFile         the file ends early
      MappingError       the mapping file stands in the way
        InvalidMapping      it cannot be read, or says something that cannot be
        UnconfirmedMapping  nobody has confirmed it, or it has changed since
        MappingDoesNotFit   it does not fit the files of this drop
      NotStaged          the staging folder does not hold what is asked of it
      RowsChanged        the files are no longer those that were staged
      FileNotWritten     a private file found no room, or no right to be written

Messages carry file names, sheet names, line numbers and counts, never a cell's value.
"""

from __future__ import annotations


class ExportError(Exception):
    """A drop cannot be read. `code` is stable, `message` says what is wrong, `fix` what to do."""

    code = "export_error"

    def __init__(self, message: str, fix: str, *, code: str | None = None) -> None:
        super().__init__(f"{message} {fix}")
        self.message = message
        self.fix = fix
        if code is not None:
            self.code = code


class UnreadableDrop(ExportError):
    """The location cannot be opened, or holds something that is no table."""

    code = "unreadable_drop"


class LegacyWorkbook(UnreadableDrop):
    """An old binary .xls workbook: its reader would be one more parser of untrusted bytes."""

    code = "legacy_workbook"


class HeaderNotFound(UnreadableDrop):
    """No line of the file looks like a header."""

    code = "header_not_found"


class LossyDecoding(ExportError):
    """No supported encoding gives the text of the file without loss."""

    code = "lossy_decoding"


class CutOffFile(ExportError):
    """The file ends early. `rows_read` counts its data rows, `rows_stated` is what its total line says, if it does."""

    code = "cut_off_file"

    def __init__(self, message: str, fix: str, *, rows_read: int | None = None, rows_stated: int | None = None) -> None:
        super().__init__(message, fix)
        self.rows_read = rows_read
        self.rows_stated = rows_stated


class MappingError(ExportError):
    """The mapping file stands in the way."""

    code = "mapping_error"


class InvalidMapping(MappingError):
    """The mapping file cannot be read, or says something that cannot be."""

    code = "invalid_mapping"


class UnconfirmedMapping(MappingError):
    """Nobody has confirmed the mapping, it has changed since, or something in it is still open."""

    code = "unconfirmed_mapping"


class MappingDoesNotFit(MappingError):
    """The mapping names a file or a header that this drop does not have."""

    code = "mapping_does_not_fit"


class NotStaged(ExportError):
    """The staging folder does not hold what is asked of it."""

    code = "not_staged"


class RowsChanged(ExportError):
    """A row that was staged is no longer in its file, or has other cells."""

    code = "rows_changed"


class FileNotWritten(ExportError):
    """A private file (a staged table, a page's data) cannot be written; nothing half-written is left of it."""

    code = "file_not_written"
