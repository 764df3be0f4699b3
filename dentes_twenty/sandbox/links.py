"""LINKS: which URLs pass, and what is stored of them.

A URL is checked with `https://` in front where it has no scheme, but stored as typed; only a URL with a scheme
gets its origin in lower case, and loses one trailing slash. A label without URL is dropped, and the first
secondary link moves up where there is no primary one, so that label and secondary links are always written too.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

from dentes_twenty.sandbox.refused import coded, type_error

_HTTP = ("http://", "https://", "HTTP://", "HTTPS://")
_BARE_NUMBER = re.compile(r"\d+(?:/[a-zA-Z]*)?")
_HOSTNAME = re.compile(
    r"((?!-)(xn--|_)?[a-z0-9-]{0,61}[a-z0-9]\.){1,10}(xn--)?([a-z0-9][a-z0-9-]{0,60}|[a-z0-9-]{1,30}\.[a-z]{2,})"
)
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_SIMPLE = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.){1,9}[a-z]{2,20}(?:/[\w./=-]*[\w=-])?", re.A)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def normalise_links(url: str | None, label: str | None, secondary: Any) -> tuple[str | None, str | None, str | None]:
    """Stored URL, label and JSON of secondary links. Raises ValueRefused (INVALID_URL)."""
    if secondary is None and url and _SIMPLE.fullmatch(url):
        return url, label or None, None
    items = orjson.loads(secondary) if isinstance(secondary, str) and secondary else secondary
    links = [(url, label)] if url else []
    for item in _iterated(items):
        other = item.get("url") if isinstance(item, dict) else None
        if isinstance(other, str) and other:
            links.append((other, item.get("label")))
    for link_url, _ in links:
        if not is_valid_url(link_url):
            raise coded("The URL of the link is not valid", "INVALID_URL")
    if not links:
        return None, None, None
    (first, first_label), others = links[0], links[1:]
    stored = [_secondary(other, other_label) for other, other_label in others]
    kept_label = first_label if isinstance(first_label, str) and first_label else None
    return normalise_url(first), kept_label, orjson.dumps(stored).decode() if stored else None


def _iterated(items: Any) -> list[Any]:
    """The items of what was sent as secondary links; JavaScript spreads texts too, but not objects."""
    if not items:
        return []
    if isinstance(items, list):
        return items
    if isinstance(items, str):
        return list(items)
    raise type_error("Spread syntax requires ...iterable[Symbol.iterator] to be a function")


def _secondary(url: str, label: Any) -> dict[str, Any]:
    return {"url": normalise_url(url)} if label is None else {"url": normalise_url(url), "label": label}


@lru_cache(maxsize=16_384)
def is_valid_url(text: str) -> bool:
    """Whether a URL passes: a host name with a dot, an IPv4 address or localhost."""
    trimmed = text.strip()
    absolute = trimmed if trimmed.startswith(_HTTP) else f"https://{trimmed}"
    rest = re.sub(r"HTTPS?://|https?://", "", absolute, count=1)
    if _BARE_NUMBER.fullmatch(rest):
        return False
    host = _host_of(absolute)
    if host is None:
        return False
    return host == "localhost" or bool(_IPV4.fullmatch(host) or _HOSTNAME.fullmatch(host))


@lru_cache(maxsize=16_384)
def normalise_url(text: str) -> str:
    """The URL as stored: origin in lower case and one trailing slash cut, if it has an http scheme at all."""
    scheme, separator, rest = text.partition("://")
    scheme = scheme.strip().lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        return text
    host = _host_of(text.strip())
    if host is None:
        return text
    end = re.search(r"[/\\?#]", rest)
    authority, suffix = (rest, "") if end is None else (rest[: end.start()], rest[end.start() :])
    port = _port_of(authority)
    origin = f"{scheme}://{host}" + (f":{int(port)}" if port and port != _DEFAULT_PORTS[scheme] else "")
    return (origin + suffix).removesuffix("/")


def _port_of(authority: str) -> str:
    match = re.search(r":(\d*)\s*\Z", authority)
    return match[1] if match else ""


def _host_of(url: str) -> str | None:
    """Host of an http URL as browsers see it (lower case, punycode); None if the URL cannot be parsed."""
    rest = re.sub(r"[\t\n\r]", "", url).partition(":")[2].lstrip("/\\")
    authority = re.split(r"[/\\?#]", rest, maxsplit=1)[0]
    host, _, port = authority.rpartition("@")[2].partition(":")
    if not host or (port and not (port.isascii() and port.isdigit() and int(port) <= 65_535)):
        return None
    try:
        ascii_host = host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError:
        return None
    return None if _FORBIDDEN_IN_HOST.search(ascii_host) else ascii_host
