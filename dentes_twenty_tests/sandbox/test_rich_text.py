"""Markdown becomes the editor's blocks, and blocks become markdown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.sandbox import richtext
from dentes_twenty.sandbox.fieldspec import FieldSpec
from dentes_twenty.sandbox.richtext import blocknote_to_markdown, markdown_to_blocknote
from dentes_twenty.sandbox.values import ValueRefused, normalise


def _shape(markdown: str) -> list[tuple[str, Any]]:
    """Types and plain texts of the blocks, children in brackets."""
    return [_block_shape(block) for block in json.loads(markdown_to_blocknote(markdown))]


def _block_shape(block: dict[str, Any]) -> tuple[str, Any]:
    texts = "".join(inline.get("text", "") for inline in block["content"])
    return (block["type"], [texts, *map(_block_shape, block["children"])] if block["children"] else texts)


@pytest.mark.parametrize(
    ("markdown", "shape"),
    [
        ("one\n\ntwo", [("paragraph", "one"), ("paragraph", "two")]),
        ("one\nline", [("paragraph", "one\nline")]),
        ("# Head\n\n### Sub", [("heading", "Head"), ("heading", "Sub")]),
        ("- a\n- b\n  - c", [("bulletListItem", "a"), ("bulletListItem", ["b", ("bulletListItem", "c")])]),
        ("1. a\n2. b", [("numberedListItem", "a"), ("numberedListItem", "b")]),
        ("- [x] done\n- [ ] open", [("checkListItem", "done"), ("checkListItem", "open")]),
        ("> a\n> b", [("quote", "a\nb")]),
        ("```python\nx = 1\n```", [("codeBlock", "x = 1")]),
        ("a\n\n---\n\nb", [("paragraph", "a"), ("divider", ""), ("paragraph", "b")]),
        ("Größe ş 1 < 2 & 3", [("paragraph", "Größe ş 1 < 2 & 3")]),
        ("   ", [("paragraph", "")]),
    ],
)
def test_markdown_becomes_blocks(markdown: str, shape: list[tuple[str, Any]]) -> None:
    assert _shape(markdown) == shape


def test_styles_and_links_are_kept() -> None:
    (block,) = json.loads(markdown_to_blocknote("a **b *c*** `d` ~~e~~ [f](https://a.example)"))
    assert [(i["type"], i.get("text"), i.get("styles")) for i in block["content"]] == [
        ("text", "a ", {}),
        ("text", "b ", {"bold": True}),
        ("text", "c", {"bold": True, "italic": True}),
        ("text", " ", {}),
        ("text", "d", {"code": True}),
        ("text", " ", {}),
        ("text", "e", {"strike": True}),
        ("text", " ", {}),
        ("link", None, None),
    ]
    assert block["content"][-1]["href"] == "https://a.example"


def test_a_table_has_a_header_row_and_cells() -> None:
    (block,) = json.loads(markdown_to_blocknote("| a | b |\n| --- | --- |\n| 1 | 2 |"))
    assert block["type"] == "table"
    assert [len(row["cells"]) for row in block["content"]["rows"]] == [2, 2]


@pytest.mark.parametrize(
    "markdown",
    [
        "plain\n\ntwo\n",
        "# Head\n\ntext **bold** and [link](https://a.example)\n",
        "* a\n\n* b\n",
        "1. a\n\n2. b\n",
        "> quoted\n",
        "```text\ncode\n```\n",
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n",
    ],
)
def test_blocks_become_the_markdown_they_came_from(markdown: str) -> None:
    assert blocknote_to_markdown(json.loads(markdown_to_blocknote(markdown))) == markdown


def test_a_link_that_runs_a_script_is_refused() -> None:
    link = {"type": "link", "href": " JavaScript:alert(1)", "content": []}
    blocks = [{"type": "paragraph", "content": [link], "children": []}]
    with pytest.raises(ValueRefused, match="Unsafe URL"):
        normalise(FieldSpec("bodyV2", "RICH_TEXT", "note"), {"blocknote": json.dumps(blocks)})


@given(st.text("ab .,\n", max_size=30))
def test_the_short_cut_for_plain_text_gives_what_the_parser_gives(text: str) -> None:
    parsed = richtext._blocks_of(richtext.SyntaxTreeNode(richtext._parser().parse(text)).children)
    if not richtext._MARKUP.search(text) and parsed:
        short = json.loads(markdown_to_blocknote(text))
        assert [_block_shape(block) for block in short] == [_block_shape(block) for block in parsed]
