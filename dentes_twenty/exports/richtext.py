"""Note bodies to Markdown: plain text, HTML and RTF are told apart and converted with their formatting."""

from __future__ import annotations


def to_markdown(text: str) -> str:
    """Markdown of a note body. Plain text is returned as it is; what is no valid HTML or RTF counts as plain text."""
    raise NotImplementedError
