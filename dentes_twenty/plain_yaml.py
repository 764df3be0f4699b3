"""YAML as people's files need it: every scalar is text, every key has a line, and nothing clever is possible.

Belongs here: text -> nested dictionaries with line numbers. Does not belong here: which keys there are (`practice.py`,
`exports.mapping_model`). It imports nothing of the package, so that every floor may use it.

YAML's own guesses would spoil settings silently: `NO` is a country and not false, provider `0010` is not 8, a key that
stands there twice is a mistake and not the last one. Aliases can make a small file explode (billion laughs), tags can
name Python objects: both are refused. The events of the parser are folded without recursion, so that no depth of
brackets can end in a traceback.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import yaml

MOST_CHARACTERS = 1_000_000
MOST_LEVELS = 20
_HALF_LETTER = re.compile("[\ud800-\udfff]")

Lines = dict[tuple[str, ...], int]
Private = Callable[[tuple[str, ...]], bool]


class SettingsProblem(Exception):
    """The text is no settings file. `line` counts from 1, None for the file as a whole."""

    def __init__(self, line: int | None, message: str, fix: str) -> None:
        super().__init__(message)
        self.line, self.message, self.fix = line, message, fix


@dataclasses.dataclass
class _Level:
    """An open mapping or list. `path` is its own; `key` is the one whose value comes next."""

    value: dict[str, Any] | list[Any]
    path: tuple[str, ...]
    key: str | None = None


def read_settings(
    text: str,
    *,
    most_characters: int = MOST_CHARACTERS,
    keep_empty: bool = False,
    private: Private = lambda path: False,
) -> tuple[dict[str, Any], Lines]:
    """Nested dictionaries, lists and texts, and the line of every key by its path (entries of a list count from 0).

    A key without a value (nothing, `~`, `null`) is left out, as if it were not there, or has None with `keep_empty`.
    An empty text gives no keys. Raises SettingsProblem, which names no key that is `private`.
    """
    if len(text) > most_characters:
        raise SettingsProblem(None, "The file is larger than a settings file can be.", "Name the settings file.")
    try:
        return _fold(text, keep_empty, private)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise SettingsProblem(line, "That is no valid YAML.", "Check indentation, colons and quotes there.") from None
    except yaml.YAMLError:
        raise SettingsProblem(None, "A character in it is not allowed in YAML.", "Save it as plain text.") from None


def _fold(text: str, keep_empty: bool, private: Private) -> tuple[dict[str, Any], Lines]:
    root = _Level([], ())
    open_levels = [root]
    lines: Lines = {}
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        _refuse_clever(event, first=len(open_levels) > 1 or not root.value)
        level = open_levels[-1]
        if isinstance(event, yaml.ScalarEvent):
            if isinstance(level.value, dict) and level.key is None:
                _take_key(level, event, lines, private)
            else:
                _put(level, _scalar(event), keep_empty)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            open_levels.append(_opened(level, event, len(open_levels)))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = open_levels.pop()
            _put(open_levels[-1], closed.value, keep_empty)
    if not root.value:
        return {}, lines
    (data,) = root.value
    if not isinstance(data, dict):
        raise SettingsProblem(1, "The file holds no `key: value` lines.", "Write settings as `key: value`.")
    return data, lines


def _refuse_clever(event: yaml.Event, *, first: bool) -> None:
    line = event.start_mark.line + 1 if event.start_mark else None
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise SettingsProblem(line, "Anchors and aliases (& and *) are not used here.", "Write the value out.")
    if getattr(event, "tag", None) is not None:
        raise SettingsProblem(line, "Tags (!) are not used here.", "Quote the text if it begins with !.")
    if isinstance(event, yaml.ScalarEvent) and _HALF_LETTER.search(event.value):
        raise SettingsProblem(line, "Half a letter stands there.", "Write the letter itself instead of \\u and digits.")
    if isinstance(event, yaml.DocumentStartEvent) and not first:
        raise SettingsProblem(line, "A second document begins (---).", "Keep one document in the file.")


def _line_of(event: yaml.Event) -> int:
    """Events that come from a text carry their place."""
    return event.start_mark.line + 1 if event.start_mark else 0


def _opened(level: _Level, event: yaml.Event, depth: int) -> _Level:
    line = _line_of(event)
    if isinstance(level.value, dict) and level.key is None:
        raise SettingsProblem(line, "A key is not a text.", "Write keys as plain words.")
    if depth > MOST_LEVELS:
        raise SettingsProblem(line, "Settings are nested too deeply.", "Check brackets and indentation there.")
    place = str(len(level.value)) if isinstance(level.value, list) else str(level.key)
    path = (*level.path, place) if depth > 1 else level.path
    return _Level({} if isinstance(event, yaml.MappingStartEvent) else [], path)


def _take_key(level: _Level, event: yaml.ScalarEvent, lines: Lines, private: Private) -> None:
    path, line = (*level.path, event.value), _line_of(event)
    if path in lines:
        name = "A word" if private(path) else f"`{'.'.join(path)}`"
        twice = f"{name} stands there twice, first in line {lines[path]}."
        raise SettingsProblem(line, twice, "Keep one of the two.")
    lines[path] = line
    level.key = event.value


def _put(level: _Level, value: Any, keep_empty: bool) -> None:
    if isinstance(level.value, list):
        level.value.append(value)
        return
    assert level.key is not None
    if value is not None or keep_empty:
        level.value[level.key] = value
    level.key = None


def _scalar(event: yaml.ScalarEvent) -> str | None:
    plain = event.style is None
    return None if plain and event.value in ("", "~", "null", "Null", "NULL") else event.value
