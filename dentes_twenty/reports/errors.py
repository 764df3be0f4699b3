"""What can go wrong with reports, grouped by what the caller can do about it.

ReportError             `code`, `message`, `fix`; never what a report holds
+-- FolderNotPrivate    other users could read the folder: close it, or name another
+-- ReportNotWritten    the folder cannot be written now
+-- BadReportName       the program asked for a file name that could leave the folder or tell something
"""

from __future__ import annotations


class ReportError(Exception):
    """`code` is for programs, `message` says what happened, `fix` says what to do about it."""

    code = "report_failed"

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} [{self.code}] {self.fix}"


class FolderNotPrivate(ReportError):
    """Reports hold patient data; this folder is open to others, or is no folder of ours."""

    code = "report_folder_not_private"


class ReportNotWritten(ReportError):
    """The disk is full, the folder is read-only, or the like. What stood there before still does."""

    code = "report_not_written"


class BadReportName(ReportError):
    """Names of reports are lower-case words; anything else could leave the folder, or tell a patient's name."""

    code = "report_name"
