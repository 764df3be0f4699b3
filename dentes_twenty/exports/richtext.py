"""Note bodies to Markdown: plain text, HTML and RTF are told apart and converted with their formatting.

Belongs here: what a body is, and HTML to Markdown (through markdownify). RTF is in `rtf`. Markdown knows no underline,
so underlined text becomes emphasis; pictures become their description, and links of any scheme but web, mail and
telephone become text, because Twenty refuses a record that holds a dangerous link.
"""

from __future__ import annotations

import html
import re

from bs4 import BeautifulSoup, Comment
from bs4.exceptions import ParserRejectedMarkup
from markdownify import MarkdownConverter

from dentes_twenty.exports.rtf import is_rtf, rtf_to_markdown

_VOID_TAG = re.compile(r"<(?:br|hr|img)\b[^<>]*>|<!doctype html", re.IGNORECASE)
_PAIRED = "p|div|span|b|strong|i|em|u|s|ul|ol|li|table|tr|td|html|body|font|a|h[1-6]|pre|center|blockquote"
_OPENING = re.compile(rf"<({_PAIRED})(?:\s[^<>]*)?>", re.IGNORECASE)
_CLOSING = re.compile(rf"</({_PAIRED})\s*>", re.IGNORECASE)
# markdownify looks for the line end in a run of blanks from each of them; in HTML one is worth as much as many
_MANY_BLANKS = re.compile(r"[ \t\n]{100,}")
_ANY_TAG = re.compile(r"<[^<>]*>")
# Beautiful Soup takes a kilobyte of memory for each tag, and its parser reads to the end of the text for each that is
# never closed; no note that a person wrote comes near
_MOST_TAGS = 20_000
_MOST_READING = 2_000_000_000
_SAFE_LINK = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_BLANKS_AT_END = re.compile(r"(?<! )[ \t]$|(?<![ \t])[ \t]{3,}$", re.MULTILINE)


def to_markdown(text: str) -> str:
    """Markdown of a note body. Plain text is returned as it is; broken HTML or RTF gives the text that it holds."""
    if is_rtf(text):
        return rtf_to_markdown(text)
    if is_html(text):
        return html_to_markdown(text)
    return text


def is_html(text: str) -> bool:
    """Whether the text holds a tag that is closed, or one that needs no closing; "a < b" is no HTML."""
    if "<" not in text:
        return False
    if _VOID_TAG.search(text):
        return True
    closed = {match[1].lower(): match.start() for match in _CLOSING.finditer(text)}  # where the last one stands
    return any(closed.get(match[1].lower(), -1) >= match.end() for match in _OPENING.finditer(text))


def html_to_markdown(text: str) -> str:
    """Convert HTML; scripts, styles and comments are left out. Masses of tags are taken out, and the text stays."""
    tags = text.count("<")
    if tags > _MOST_TAGS or tags * len(text) > _MOST_READING:
        return _without_tags(text)
    text = _MANY_BLANKS.sub(lambda blanks: "\n" if "\n" in blanks[0] else " ", text)
    try:
        soup = BeautifulSoup(text, "html.parser")
    except ParserRejectedMarkup:  # of "<![" and the like
        return _without_tags(text)
    for element in soup(["script", "style", "head", "title", "object", "iframe"]):
        element.decompose()
    for comment in soup.find_all(string=lambda string: isinstance(string, Comment)):
        comment.extract()
    for link in soup("a"):
        if not _SAFE_LINK.match(str(link.get("href") or "").strip()):
            link.unwrap()
    for picture in soup("img"):
        picture.replace_with(str(picture.get("alt") or ""))
    for underlined in soup(["u", "ins"]):
        underlined.name = "em"
    try:
        markdown: str = MarkdownConverter(heading_style="ATX", bullets="-", newline_style="BACKSLASH").convert_soup(
            soup
        )
    except RecursionError:  # some thousand tags inside each other: the text without its formatting
        markdown = soup.get_text("\n")
    return _BLANK_LINES.sub("\n\n", _BLANKS_AT_END.sub("", markdown.replace("\u00a0", " "))).strip()


def _without_tags(text: str) -> str:
    return html.unescape(_ANY_TAG.sub(" ", text)).strip()
