"""Charts as static SVG, drawn by pygal; colours come from the page's style, so that light, dark and print agree.

Belongs here: the few kinds of charts that pages use. Does not belong here: figures, wording of legends (`pages`).

Each chart is drawn twice, for wide and for narrow windows, because text in an SVG shrinks with its picture. What
pygal adds beside the shapes is removed: its style and script (the page's policy forbids both), its date and random id
(the same figures give the same bytes), and its hidden tables of coordinates.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup
from pygal.style import Style

WIDE, NARROW = 1040, 340
_SVG = "{http://www.w3.org/2000/svg}"
_HOVER = ("plot text-overlay", "plot tooltip-overlay")  # filled by pygal's script when the mouse is over a shape
_STACKED = (pygal.StackedBar, pygal.HorizontalStackedBar)
_DROPPED = ("script", "style", "desc", "title")


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """One colour of a chart: good, warn, bad, info or mute."""

    name: str
    tone: str
    values: tuple[float | int | None, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """Both drawings, and (name, tone) for the legend, which is HTML."""

    wide: Markup
    narrow: Markup
    legend: tuple[tuple[str, str], ...]


def shares(title: str, labels: Sequence[str], series: Sequence[Series], percent: Callable[[float], str]) -> Chart:
    """Bars of 100 %: how each line divides. Values are parts of the line's own sum."""
    sums = [sum(s.values[i] or 0 for s in series) or 1 for i in range(len(labels))]
    parts = [
        dataclasses.replace(s, values=tuple(100 * (v or 0) / whole for v, whole in zip(s.values, sums, strict=True)))
        for s in series
    ]
    return _twice(pygal.HorizontalStackedBar, title, labels, parts, percent, range=(0, 100), show_y_guides=True)


def stacks(title: str, labels: Sequence[str], series: Sequence[Series], shown: Callable[[float], str]) -> Chart:
    """Lying stacked bars, for figures of things with names."""
    return _twice(pygal.HorizontalStackedBar, title, labels, series, shown)


def bars(title: str, labels: Sequence[str], series: Sequence[Series], shown: Callable[[float], str]) -> Chart:
    """Lying bars beside each other, for comparing two figures of each line."""
    return _twice(pygal.HorizontalBar, title, labels, series, shown)


def columns(title: str, labels: Sequence[str], series: Sequence[Series], shown: Callable[[float], str]) -> Chart:
    """Stacked columns over time."""
    return _twice(pygal.StackedBar, title, labels, series, shown)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], shown: Callable[[float], str]) -> Chart:
    """Lines over time."""
    return _twice(pygal.Line, title, labels, series, shown, dots_size=3.5, show_minor_x_labels=True)


def _twice(
    kind: Any, title: str, labels: Sequence[str], series: Sequence[Series], shown: Callable[[float], str], **more: Any
) -> Chart:
    drawn = [_draw(kind, title, labels, series, shown, width, more) for width in (WIDE, NARROW)]
    return Chart(drawn[0], drawn[1], tuple((s.name, s.tone) for s in series))


def _draw(
    kind: Any,
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    shown: Callable[[float], str],
    width: int,
    more: dict[str, Any],
) -> Markup:
    lying = issubclass(kind, pygal.HorizontalBar | pygal.HorizontalStackedBar)
    bars_per_line = len(series) if kind is pygal.HorizontalBar else 1
    height = 60 + len(labels) * (12 + 18 * bars_per_line) if lying else 300
    heights = [sum(s.values[i] or 0 for s in series) for i in range(len(labels))] if kind in _STACKED else []
    most = max((*heights, *(v for s in series for v in s.values if v)), default=0)
    chart = kind(
        width=width,
        height=height,
        style=Style(font_family="sans-serif", label_font_size=13, major_label_font_size=13),
        js=(),
        no_prefix=True,
        show_legend=False,
        margin=6,
        margin_right=28,
        spacing=8,
        rounded_bars=3 if kind is not pygal.HorizontalStackedBar else 0,
        print_values=False,
        value_formatter=shown,
        truncate_label=-1,
        max_scale=3 if width == NARROW else 8,
        x_label_rotation=0 if lying or len(labels) <= (4 if width == NARROW else 8) else 35,
        no_data_text="",
        **({"range": (0, most or 1)} | more),
    )
    order = -1 if lying else 1  # pygal draws the first line of a lying chart at the bottom
    chart.x_labels = [_short(label, 22 if width == NARROW else 40) for label in labels][::order]
    for one in series:
        chart.add(one.name, list(one.values)[::order])
    chart.add_xml_filter(lambda root: _plain(root, title, [s.tone for s in series]))
    return Markup(chart.render(is_unicode=True, disable_xml_declaration=True))  # noqa: S704 (built by ElementTree)


def _short(label: str, length: int) -> str:
    return label if len(label) <= length else f"{label[: length - 1]}…"


def _plain(root: ET.Element, title: str, tones: Sequence[str]) -> ET.Element:
    for parent in list(root.iter()):
        parent.attrib.pop("style", None)
        for child in list(parent):
            name = child.tag.removeprefix(_SVG) if isinstance(child.tag, str) else "comment"
            css = child.get("class", "")
            if name in (*_DROPPED, "comment") or css in _HOVER:
                if name == "desc" and css == "value" and child.text:
                    parent.set("data-value", child.text)
                parent.remove(child)
        for number, tone in enumerate(tones):
            if f"serie-{number} " in f"{parent.get('class', '')} ":
                parent.set("class", f"{parent.get('class')} tone-{tone}")
    for group in root.iter(f"{_SVG}g"):
        if value := group.attrib.pop("data-value", None):
            ET.SubElement(group, f"{_SVG}title").text = value
    root.attrib.pop("id", None)
    root.set("role", "img")
    root.set("aria-label", title)
    root.set("class", "pygal")
    return root
