"""lodash's `camelCase` for ASCII, which Twenty applies to the names of objects before it names operations after them.

An object `formKVKKOnam2as` is asked for as `formKvkkOnam2As`; REST paths and join columns keep the name as it is.
"""

from __future__ import annotations

import re

_WORD = re.compile(
    r"[A-Z]?[a-z]+(?=[^A-Za-z0-9]|[A-Z]|$)|[A-Z]+(?=[^A-Za-z0-9]|[A-Z][a-z]|$)|[A-Z]?[a-z]+|[A-Z]+|[0-9]+"
)


def camel_case(text: str) -> str:
    """`form_KVKK2a` -> `formKvkk2A`."""
    words = [word.lower() for word in _WORD.findall(text)]
    return "".join(words[:1] + [word.capitalize() for word in words[1:]])


def capital(name: str) -> str:
    """The name with its first letter in upper case."""
    return name[:1].upper() + name[1:]
