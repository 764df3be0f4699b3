"""Values as Twenty keeps them: one normal form per field type, and what a comparison of sent and stored says.

Belongs here: the rules of Twenty's own normalisation, pure. Does not belong here: how a value is computed from a
source (`objects.fields`), which fields are compared (`migration.verify`).
Source of the rules: recorded scenarios type-*, values-*, filter-empty, update-one of Twenty 2.19.

The normal form of anything empty is None: Twenty reads back null, "" and [] as the same, and a composite without
content as an object of empties. Normal forms are plain JSON, so that equal values have equal fingerprints.
"""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import orjson
import phonenumbers

from dentes_twenty.twenty.model import COMPOSITE_PARTS


class Verdict(StrEnum):
    """What became of a value."""

    SAME = "same"  # stored as sent
    NORMALISED = "normalised"  # in another spelling that Twenty's own rules explain
    LOST = "lost"  # something else, or nothing, is stored


def canonical(type_: str, value: Any) -> Any:
    """The normal form of a value of a field type: JSON, None for empty, the same for all spellings of one value.

    A value that the type cannot hold is returned as it is, so that it differs from everything stored.
    """
    if value is None:
        return None
    form = NORMAL_FORMS.get(type_)
    try:
        return form(value) if form else value
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return value


Normaliser = Callable[[Mapping[str, Any]], dict[str, Any]]


def normaliser(types: Mapping[str, str]) -> Normaliser:
    """`canonical` for whole records: field name -> type gives a function from values to normal forms.

    A third of the time of `canonical` field by field, and this runs for every value of every record.
    """
    forms = {name: NORMAL_FORMS.get(type_, _itself) for name, type_ in types.items()}

    def normal(values: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {name: None if value is None else forms[name](value) for name, value in values.items()}
        except (TypeError, ValueError, ArithmeticError, AttributeError):  # one of them cannot be held by its type
            return {name: canonical(types[name], value) for name, value in values.items()}

    return normal


def compare(type_: str, sent: Any, stored: Any) -> Verdict:
    """How a stored value relates to the one that was sent."""
    if is_lost(type_, sent, stored):
        return Verdict.LOST
    return Verdict.SAME if _filled(sent) == _filled(stored) else Verdict.NORMALISED


def is_lost(type_: str, sent: Any, stored: Any) -> bool:
    """Whether something else, or nothing, is stored: all that the check of every write needs, in half the time."""
    if sent == stored and type(sent) is type(stored):
        return False
    if canonical(type_, sent) != canonical(type_, stored):
        return True
    stricter = _STRICTER.get(type_)
    return stricter is not None and not stricter(sent, stored)


def _filled(value: Any) -> Any:
    """Without what Twenty cannot tell from nothing (null, "", []); numbers by their value."""
    if isinstance(value, Mapping):
        return {k: kept for k, v in value.items() if (kept := _filled(v)) is not None} or None
    if isinstance(value, list | tuple):
        return [_filled(v) for v in value] or None
    if isinstance(value, Decimal):
        return float(value)
    return None if value == "" else value


def cleared(type_: str) -> Any:
    """What to send so that a field becomes empty: a composite whole with empty parts, because null for the whole
    changes nothing [update-one], and null for a rich text is refused [type-rich-text]."""
    if type_ == "RICH_TEXT":
        return {"markdown": ""}
    if type_ in ("MULTI_SELECT", "ARRAY", "FILES"):
        return []
    parts = COMPOSITE_PARTS.get(type_)
    return dict.fromkeys(parts) if parts else None


def wire(type_: str, value: Any) -> Any:
    """A value ready for JSON: Decimal and dates in Twenty's notation, composites with all their parts.

    Partial composites wipe their siblings (a link sent with its URL alone loses its label), so missing parts are
    sent as null. Raises ValueError for a number that is not finite, and for a moment without a zone.
    """
    if isinstance(value, dict):
        parts = COMPOSITE_PARTS.get(type_)
        if parts and type_ not in ("RICH_TEXT", "ACTOR", "FILES"):
            return {**dict.fromkeys(parts), **{name: plain(part) for name, part in value.items()}}
    return plain(value)


def plain(value: Any) -> Any:
    """JSON for a Python value: Decimal, date, datetime (with a zone), and whatever JSON has itself."""
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a number that is not finite")
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise ValueError("a moment without a zone")
        return _instant(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


# ---
# Normal forms
# ---


def _text(value: Any) -> Any:
    return value or None


def _number(value: Any) -> Any:
    """Twenty holds binary floating point; whole numbers stay whole, so that 2^53 + 1 shows as lost."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        value = Decimal(value)
    if isinstance(value, float) and not value.is_integer():
        return value
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return value
    return int(value)


def _date(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    return str(value)[:10] or None


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        if _INSTANT.fullmatch(value):
            return value
        if not value:
            return None
        value = dt.datetime.fromisoformat(value)
    if isinstance(value, dt.datetime):
        return _instant(value if value.tzinfo else value.replace(tzinfo=dt.UTC))  # without a zone Twenty takes UTC
    return value


def _instant(value: dt.datetime) -> str:
    utc = value.astimezone(dt.UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{utc.microsecond // 1000:03d}Z"


def _list(value: Any) -> Any:
    return list(value) or None if isinstance(value, list | tuple) else [value] if value else None


def _identifier(value: Any) -> Any:
    return str(value).lower() or None


def _json(value: Any) -> Any:
    if isinstance(value, str):
        value = orjson.loads(value) if value else None
    return value or None


def _currency(value: Mapping[str, Any]) -> Any:
    """An amount; a currency code alone is empty. Fractions of a micro are cut [type-currency]."""
    amount = value.get("amountMicros")
    if amount is None or amount == "":
        return None
    whole = int(Decimal(amount)) if isinstance(amount, str) else int(amount)
    return {"amountMicros": whole, "currencyCode": value.get("currencyCode") or None}


def _parts(*names: str) -> Callable[[Mapping[str, Any]], Any]:
    def form(value: Mapping[str, Any]) -> Any:
        return {name: value[name] for name in names if value.get(name) not in (None, "")} or None

    return form


def _address(value: Mapping[str, Any]) -> Any:
    form = _parts(*COMPOSITE_PARTS["ADDRESS"])(value)
    for name in ("addressLat", "addressLng"):
        if form and name in form:
            form[name] = float(form[name])
    return form


def _sequence(value: Any) -> list[Any]:
    """A list part: null, a list, or its JSON text."""
    if isinstance(value, str):
        value = orjson.loads(value) if value else None
    return list(value or ())


def _emails(value: Mapping[str, Any]) -> Any:
    """Addresses are lower-cased, nothing else."""
    primary = (value.get("primaryEmail") or "").lower()
    others = [other.lower() for other in _sequence(value.get("additionalEmails"))]
    return {"primaryEmail": primary, "additionalEmails": others} if primary or others else None


def _phones(value: Mapping[str, Any]) -> Any:
    """National digits with the calling code; the country follows from them and is compared apart."""
    numbers = [_phone(n.get("number"), n.get("callingCode"), n.get("countryCode")) for n in _phone_list(value)]
    return [n for n in numbers if n] or None


def _phone_list(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    first = {
        "number": value.get("primaryPhoneNumber"),
        "callingCode": value.get("primaryPhoneCallingCode"),
        "countryCode": value.get("primaryPhoneCountryCode"),
    }
    return [first, *_sequence(value.get("additionalPhones"))]


@functools.lru_cache(maxsize=4096)
def _phone(number: str | None, calling: str | None, country: str | None) -> list[str] | None:
    if not number:
        return None
    calling = f"+{calling.lstrip('+')}" if calling else ""
    if calling and number.isascii() and number.isdigit() and number[0] != "0":
        return [calling, number]
    region = country or (phonenumbers.region_code_for_country_code(int(calling[1:])) if calling else None)
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return [calling, number]
    return [f"+{parsed.country_code}", phonenumbers.national_significant_number(parsed)]


def _phone_countries_kept(sent: Any, stored: Any) -> bool:
    """Countries that were sent are stored; ones that were not are inferred by Twenty."""
    if not isinstance(sent, Mapping) or not isinstance(stored, Mapping):
        return True
    pairs = zip(_phone_list(sent), _phone_list(stored), strict=False)
    return all(not a.get("countryCode") or a.get("countryCode") == b.get("countryCode") for a, b in pairs)


def _links(value: Mapping[str, Any]) -> Any:
    """An empty primary link is filled by the first secondary one; a label without URL is dropped [type-links]."""
    primary = (value.get("primaryLinkUrl"), value.get("primaryLinkLabel"))
    others = [(s.get("url"), s.get("label")) for s in _sequence(value.get("secondaryLinks"))]
    kept = [[_url(url), label or ""] for url, label in (primary, *others) if url]
    return kept or None


def _url(url: str) -> str:
    """Scheme and host lower case, trailing slash cut - but only where a scheme was given."""
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", url):
        return url
    parts = urlsplit(url)
    rest = url.split("://", 1)[1][len(parts.netloc) :]
    whole = f"{parts.scheme.lower()}://{parts.netloc.lower()}{rest}"
    return whole.removesuffix("/") if not parts.query and not parts.fragment else whole


def _rich_text(value: Any) -> Any:
    """The markdown; the blocks are made from it by Twenty."""
    text = value.get("markdown") if isinstance(value, Mapping) else value
    return {"markdown": text} if text else None


def _files(value: Any) -> Any:
    return [[f.get("fileId"), f.get("label")] for f in _sequence(value)] or None


def _itself(value: Any) -> Any:
    return value


def _ignored(value: Any) -> None:
    return None


NORMAL_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "TEXT": _text,
    "NUMBER": _number,
    "NUMERIC": _number,
    "POSITION": _number,
    "BOOLEAN": _itself,
    "DATE": _date,
    "DATE_TIME": _moment,
    "SELECT": _text,
    "RATING": _text,
    "MULTI_SELECT": _list,
    "ARRAY": _list,
    "UUID": _identifier,
    "RELATION": _identifier,
    "MORPH_RELATION": _identifier,
    "RAW_JSON": _json,
    "CURRENCY": _currency,
    "FULL_NAME": _parts("firstName", "lastName"),
    "ADDRESS": _address,
    "EMAILS": _emails,
    "PHONES": _phones,
    "LINKS": _links,
    "RICH_TEXT": _rich_text,
    "FILES": _files,
    "ACTOR": _ignored,
    "TS_VECTOR": _ignored,
}
"""Normal form by field type; a value of any other type is its own."""

_STRICTER: Mapping[str, Callable[[Any, Any], bool]] = {"PHONES": _phone_countries_kept}
