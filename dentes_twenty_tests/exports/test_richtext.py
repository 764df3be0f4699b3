"""HTML and RTF notes become Markdown with their formatting; nothing makes the conversion fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.richtext import to_markdown


@pytest.mark.parametrize(
    "text",
    ["", "Ağrı var.\nİkinci satır", "a < b ve c > d", "<b>yarım", "Ali <ali@example.com>", "{rtf} değil", "1 <2 * 3"],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert to_markdown(text) == text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>Hasta <b>32 no'lu diş</b> &amp; çevresi</p><ul><li>bir</li><li><i>Kontrol:</i> 1 hafta</li></ul>",
         "Hasta **32 no'lu diş** & çevresi\n\n- bir\n- *Kontrol:* 1 hafta"),
        ("<ol><li>bir</li><li>iki</li></ol>", "1. bir\n2. iki"),
        ("bir<br>iki<br/>üç", "bir\\\niki\\\nüç"),
        ("<h2>Başlık</h2><div>metin</div>", "## Başlık\n\nmetin"),
        ("<p>&ouml;&nbsp;&ndash; 1*2</p>", "ö – 1\\*2"),
        ("<p><u>altı</u> <strong>kalın</strong></p>", "*altı* **kalın**"),
        ("<p>a<script>alert(1)</script><style>x{}</style><!-- gizli -->b</p>", "ab"),
        ("<p><a href='javascript:alert(1)'>tık</a> <a href='https://a.example'>bağ</a></p>", "tık [bağ](https://a.example)"),
        ("<p>film: <img src='data:image/png;base64,AAAA' alt='röntgen'></p>", "film: röntgen"),
    ],
)  # fmt: skip
def test_html_keeps_its_formatting(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


def rtf(body: str, head: str = "\\ansi\\ansicpg1254") -> str:
    return f"{{\\rtf1{head}\\deff0{{\\fonttbl{{\\f0 Arial;}}}}\\f0\\fs20 {body}}}"


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        ("\\'d6l\\'e7\\'fc al\\'fdnd\\'fd\\par\n{\\b 32 no'lu di\\'fe}\\par\nSon\\par",
         "Ölçü alındı\n\n**32 no'lu diş**\n\nSon"),
        ("\\b kal\\'fdn \\b0 d\\'fcz \\i e\\'f0ik\\i0  {\\ul alt\\'fd} {\\b\\i ikisi}",
         "**kalın** düz *eğik* *altı* ***ikisi***"),
        ("I\\u351?\\u305?k \\u-10179?\\u-8704?", "Işık 😀"),
        ("{\\uc2 \\u351\\'3f\\'3fx}", "şx"),
        ("{\\pntext\\'B7\\tab}bir\\par{\\pntext\\'B7\\tab}iki\\par\\pard son", "- bir\n- iki\n\nson"),
        ("{\\listtext 1.\\tab}bir\\par{\\listtext 2.\\tab}iki\\par", "1. bir\n1. iki"),
        ("bir\\line iki\\tab \\~x \\{y\\} \\\\", "bir\\\niki\t x {y} \\\\"),
        ("{\\*\\generator Riched20 10;}{\\info{\\author Ay\\'fee}}{\\pict\\pngblip 89504e47}metin", "metin"),
        ("{\\field{\\*\\fldinst HYPERLINK \"http://a.example\"}{\\fldrslt ba\\'f0}}", "bağ"),
        ("1. diş * 2_3", "1\\. diş \\* 2\\_3"),
        ("\\plain\\b x\\plain y", "**x**y"),
    ],
)  # fmt: skip
def test_rtf_keeps_its_formatting(body: str, markdown: str) -> None:
    assert to_markdown(rtf(body)) == markdown


def test_the_code_page_of_an_rtf_font_counts() -> None:
    fonts = "{\\fonttbl{\\f0\\fcharset162 Arial;}{\\f1\\fcharset204 Arial;}{\\f2\\fcharset0 Arial;}}"
    assert to_markdown("{\\rtf1\\ansi" + fonts + "\\f0 \\'fe\\f1 \\'e4\\'e0\\f2 \\'fe}") == "şдаþ"


@pytest.mark.parametrize(
    "text",
    [
        "{\\rtf",
        "{\\rtf1 metin \\",
        "{\\rtf1 }}}} metin {{{",
        "{\\rtf1 \\bin99 x",
        "{\\rtf1\\ansicpg99999 metin}",
        "{\\rtf1 \\u999999999 x}",
    ],
)
def test_broken_rtf_gives_the_text_it_holds(text: str) -> None:
    found = to_markdown(text)
    assert "rtf" not in found
    assert ("metin" in found) == ("metin" in text)


def test_tags_nested_beyond_all_sense_give_their_text() -> None:
    assert to_markdown("<div>" * 20_000 + "metin" + "</div>" * 20_000) == "metin"


@given(st.text(alphabet="{}\\rtf1b'ulpar <>/i*\n0é", max_size=60), st.sampled_from(["", "{\\rtf1", "<p>", "<b>x</b>"]))
def test_garbage_never_fails(text: str, start: str) -> None:
    to_markdown(start + text).encode()
