"""The one reason to leave a benchmark out: something that it needs is not on this machine."""

from __future__ import annotations


class Skipped(Exception):
    """Raised by a benchmark before it has measured anything; its text says what is missing."""
