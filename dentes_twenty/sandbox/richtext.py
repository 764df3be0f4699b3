"""RICH_TEXT: markdown is kept as sent and turned into blocks for the editor (BlockNote); and the reverse.

The blocks have the editor's types, texts, styles and links; ids are random. Parsing is markdown-it's; texts
without any markup, the common case in a migration, take a short cut past it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import orjson
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Block = dict[str, Any]
Inline = dict[str, Any]

_TEXT_PROPS = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}
_MARKUP = re.compile(
    r"[\\`*_\[\]<>~|]|&#?\w+;|^ {0,3}(?:#|=|-|\+|\d{1,9}[.)])|^(?: {4}|\t)|https?://|www\.|\S@\S| {2}$", re.MULTILINE
)
_UNSAFE_URL = re.compile(r"\s*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
_STYLE_OF = {"strong": "bold", "em": "italic", "s": "strike"}


def markdown_to_blocknote(markdown: str) -> str:
    """JSON text of the blocks of a markdown text that is not empty."""
    if not _MARKUP.search(markdown):
        paragraphs = re.split(r"\n[ \t]*\n\s*", markdown.strip())
        blocks = [_block("paragraph", _TEXT_PROPS, _plain(text)) for text in paragraphs]
    else:
        blocks = _blocks_of(SyntaxTreeNode(_parser().parse(markdown)).children)
    return orjson.dumps(blocks or [_block("paragraph", _TEXT_PROPS, [])]).decode()


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def _block(kind: str, props: dict[str, Any], content: Any, children: list[Block] | None = None) -> Block:
    return {
        "id": str(uuid.uuid4()),
        "type": kind,
        "props": dict(props),
        "content": content,
        "children": children or [],
    }


def _plain(text: str) -> list[Inline]:
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return [{"type": "text", "text": lines, "styles": {}}] if lines else []


def _blocks_of(nodes: list[SyntaxTreeNode]) -> list[Block]:
    return [block for node in nodes for block in _blocks_of_node(node)]


def _blocks_of_node(node: SyntaxTreeNode) -> list[Block]:
    if node.type == "heading":
        props = _TEXT_PROPS | {"level": min(int(node.tag[1:]), 6), "isToggleable": False}
        return [_block("heading", props, _inlines(node))]
    if node.type in ("bullet_list", "ordered_list"):
        return _list_blocks(node)
    if node.type in ("fence", "code_block"):
        language = node.info.strip() if node.type == "fence" else ""
        text = node.content.removesuffix("\n")
        return [_block("codeBlock", {"language": language or "text"}, [_text(text, {})] if text else [])]
    if node.type == "blockquote":
        return [_quote(node)]
    if node.type == "hr":
        return [_block("divider", {}, [])]
    if node.type == "table":
        return [_table(node)]
    if node.type == "paragraph":
        return [_block("paragraph", _TEXT_PROPS, _inlines(node))]
    return [_block("paragraph", _TEXT_PROPS, _plain(node.content.rstrip()))]


def _list_blocks(node: SyntaxTreeNode) -> list[Block]:
    blocks = []
    for position, item in enumerate(node.children):
        first = item.children[0] if item.children and item.children[0].type == "paragraph" else None
        content = _inlines(first) if first is not None else []
        kind, props = _list_kind(node, position, content)
        children = _blocks_of(item.children[1:] if first is not None else item.children)
        blocks.append(_block(kind, props, content, children))
    return blocks


def _list_kind(node: SyntaxTreeNode, position: int, content: list[Inline]) -> tuple[str, dict[str, Any]]:
    """Type and properties of a list item; takes the check box out of the content of a task."""
    if node.type == "ordered_list":
        start = int(node.attrs.get("start", 1))
        return "numberedListItem", _TEXT_PROPS | ({"start": start} if position == 0 and start != 1 else {})
    box = re.match(r"\[([ xX])\]\s+", content[0].get("text", "")) if content else None
    if box is None:
        return "bulletListItem", _TEXT_PROPS
    content[0]["text"] = content[0]["text"][box.end() :]
    return "checkListItem", _TEXT_PROPS | {"checked": box[1] != " "}


def _quote(node: SyntaxTreeNode) -> Block:
    content: list[Inline] = []
    for child in node.children:
        line = _inlines(child) if child.type in ("paragraph", "heading") else _plain(child.content.rstrip())
        content += ([_text("\n", {})] if content and line else []) + line
    return _block("quote", {"backgroundColor": "default", "textColor": "default"}, content)


def _table(node: SyntaxTreeNode) -> Block:
    rows = [row for part in node.children for row in part.children]
    cell_props = {"colspan": 1, "rowspan": 1, **_TEXT_PROPS}
    cells = [
        {
            "cells": [
                {"type": "tableCell", "content": _inlines(cell), "props": dict(cell_props)} for cell in row.children
            ]
        }
        for row in rows
    ]
    widths = [None] * (len(cells[0]["cells"]) if cells else 0)
    content = {"type": "tableContent", "columnWidths": widths, "headerRows": 1, "rows": cells}
    return _block("table", {"textColor": "default"}, content)


def _inlines(node: SyntaxTreeNode) -> list[Inline]:
    """The inline content of a paragraph, heading or cell, neighbours of one style joined."""
    found: list[Inline] = []
    for child in node.children:
        for inline in child.children if child.type == "inline" else [child]:
            _collect(inline, {}, found)
    return found


def _collect(node: SyntaxTreeNode, styles: dict[str, bool], found: list[Inline]) -> None:
    if node.type in _STYLE_OF:
        for child in node.children:
            _collect(child, styles | {_STYLE_OF[node.type]: True}, found)
    elif node.type == "link":
        content: list[Inline] = []
        for child in node.children:
            _collect(child, styles, content)
        found.append({"type": "link", "href": str(node.attrs.get("href", "")), "content": content})
    elif node.type == "code_inline":
        _append(found, node.content, styles | {"code": True})
    elif node.type in ("softbreak", "hardbreak"):
        _append(found, "\n", styles)
    else:
        _append(found, node.content, styles)


def _append(found: list[Inline], text: str, styles: dict[str, bool]) -> None:
    if found and found[-1]["type"] == "text" and found[-1]["styles"] == styles:
        found[-1]["text"] += text
    elif text:
        found.append(_text(text, styles))


def _text(text: str, styles: dict[str, bool]) -> Inline:
    return {"type": "text", "text": text, "styles": dict(styles)}


def has_unsafe_url(node: Any) -> bool:
    """Whether a link or an image anywhere in the blocks has a URL that would run a script."""
    if isinstance(node, list):
        return any(has_unsafe_url(item) for item in node)
    if not isinstance(node, dict):
        return False
    urls = (node.get("href"), node.get("url"))
    return any(isinstance(url, str) and _UNSAFE_URL.match(url) for url in urls) or any(
        has_unsafe_url(item) for item in node.values()
    )


def blocknote_to_markdown(blocks: list[Any]) -> str:
    """Markdown of a list of blocks, with a final line break; empty for no blocks.

    Raises KeyError, TypeError or AttributeError for blocks that are none; the caller keeps the text as it was.
    """
    text = "\n\n".join(part for part in _rendered(blocks, "") if part)
    return f"{text}\n" if text else ""


def _rendered(blocks: list[Any], indent: str) -> list[str]:
    parts: list[str] = []
    number = 0
    for block in blocks:
        number = number + 1 if block["type"] == "numberedListItem" else 0
        parts.append(_rendered_block(block, number, indent))
    return parts


def _rendered_block(block: Any, number: int, indent: str) -> str:
    kind, props = block["type"], block.get("props") or {}
    if kind == "table":
        return _rendered_table(block["content"])
    text = _rendered_inlines(block.get("content") or [])
    if kind == "codeBlock":
        text = f"```{props.get('language', '')}\n{text}\n```"
    elif kind == "divider":
        text = "***"
    lines = (_head_of(kind, props, number) + text).split("\n")
    rendered = "\n".join([indent + lines[0], *(indent + line for line in lines[1:])])
    nested = _rendered(block.get("children") or [], indent + "  ")
    return "\n\n".join([rendered, *(part for part in nested if part)])


def _head_of(kind: str, props: Any, number: int) -> str:
    """What stands in front of the first line of a block."""
    if kind == "heading":
        return "#" * int(props.get("level", 1)) + " "
    if kind == "numberedListItem":
        return f"{int(props.get('start', 1)) - 1 + number}. "
    if kind == "checkListItem":
        return f"* [{'x' if props.get('checked') else ' '}] "
    return {"bulletListItem": "* ", "quote": "> "}.get(kind, "")


def _rendered_table(content: Any) -> str:
    rows = []
    for row in content["rows"]:
        cells = [cell["content"] if isinstance(cell, dict) else cell for cell in row["cells"]]
        rows.append("| " + " | ".join(_rendered_inlines(cell) for cell in cells) + " |")
    width = len(content["rows"][0]["cells"]) if rows else 0
    return "\n".join([*rows[:1], "| " + " | ".join(["---"] * width) + " |", *rows[1:]])


_WRAPS: dict[str, Callable[[str], str]] = {
    "code": lambda text: f"`{text}`",
    "strike": lambda text: f"~~{text}~~",
    "italic": lambda text: f"*{text}*",
    "bold": lambda text: f"**{text}**",
}


def _rendered_inlines(content: Any) -> str:
    if isinstance(content, str):
        return content
    text = ""
    for inline in content:
        if inline["type"] == "link":
            text += f"[{_rendered_inlines(inline['content'])}]({inline['href']})"
            continue
        part = inline["text"]
        for style, wrap in _WRAPS.items():
            if part and (inline.get("styles") or {}).get(style):
                part = wrap(part)
        text += part
    return text
