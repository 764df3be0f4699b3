"""Values as people read them: staged values of the export, and wire values of Twenty.

Belongs here: one text for one value. Does not belong here: comparing values (`twenty.values`).
Dates stand in ISO notation with a second one for people, because a day and a month that changed places are what a
reader has to notice.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dentes_twenty.reports.model import SourceCell
from dentes_twenty.reports.words import Words

_PARTS = {
    "FULL_NAME": ("firstName", "lastName"),
    "ADDRESS": (
        "addressStreet1",
        "addressStreet2",
        "addressCity",
        "addressState",
        "addressPostcode",
        "addressCountry",
        "addressLat",
        "addressLng",
    ),
}


def shown(value: Any, type_: str, words: Words, titles: Mapping[str, str] | None = None) -> str:
    """A wire value of a field type, over several lines where it has parts; "" for empty.

    `titles` names the records that relations point at. A value that does not fit its type is shown as JSON.
    """
    try:
        text = str(_SHOWN.get(type_, _plain)(value, words))
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError):
        text = _json(value)
    if type_ == "RELATION" and titles and isinstance(value, str) and value in titles:
        return f"{titles[value]}\n{text}"
    return text


def cell(value: Any, words: Words) -> str:
    """A staged value of the export (`objects.source.Kind` documents the types)."""
    if isinstance(value, list | tuple):
        return "\n".join(_phone(v) if isinstance(v, Mapping) else cell(v, words) for v in value)
    if isinstance(value, dt.datetime):
        local = value.astimezone(words.zone) if words.zone and value.tzinfo else value
        return f"{words.day(local)}, {local:%H:%M:%S}"
    return _plain(value, words)


def understood(source: SourceCell, words: Words) -> str | None:
    """What was understood of a cell; None where it says the same as the file's own text, blanks aside."""
    said = cell(source.value, words)
    return None if said.split() == (source.text or "").split() else said


def _plain(value: Any, words: Words) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return words("common.yes" if value else "common.no")
    if isinstance(value, dt.date):
        return _date(value.isoformat(), words)
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)


def _date(value: Any, words: Words) -> str:
    return f"{value} ({words.day(dt.date.fromisoformat(value))})" if value else ""


def _moment(value: Any, words: Words) -> str:
    if not value:
        return ""
    moment = dt.datetime.fromisoformat(value)
    return f"{words.moment(moment)}\n{value}"


def _money(value: Any, words: Words) -> str:
    if not value or value.get("amountMicros") is None:
        return ""
    amount = Decimal(value["amountMicros"]).scaleb(-6)
    return words.money(amount, value.get("currencyCode") or "")


def _composite(type_: str) -> Any:
    def text(value: Any, words: Words) -> str:
        if not value:
            return ""
        parts = ((name, value.get(name)) for name in _PARTS[type_])
        return "\n".join(f"{words(f'parts.{name}')}: {part}" for name, part in parts if part not in (None, ""))

    return text


def _phone(number: Mapping[str, Any]) -> str:
    calling = number.get("callingCode") or number.get("calling") or ""
    country = number.get("countryCode") or number.get("country")
    return f"{calling} {number.get('number') or ''}".strip() + (f" ({country})" if country else "")


def _phones(value: Any, words: Words) -> str:
    if not value:
        return ""
    first = {
        "number": value.get("primaryPhoneNumber"),
        "callingCode": value.get("primaryPhoneCallingCode"),
        "countryCode": value.get("primaryPhoneCountryCode"),
    }
    numbers = [first, *_several(value.get("additionalPhones"))]
    return "\n".join(_phone(number) for number in numbers if number.get("number"))


def _emails(value: Any, words: Words) -> str:
    if not value:
        return ""
    return "\n".join(filter(None, [value.get("primaryEmail"), *_several(value.get("additionalEmails"))]))


def _links(value: Any, words: Words) -> str:
    if not value:
        return ""
    first = {"url": value.get("primaryLinkUrl"), "label": value.get("primaryLinkLabel")}
    links = [first, *_several(value.get("secondaryLinks"))]
    return "\n".join(f"{link['url']} {link.get('label') or ''}".strip() for link in links if link.get("url"))


def _rich_text(value: Any, words: Words) -> str:
    return (value.get("markdown") if isinstance(value, Mapping) else value) or ""


def _list(value: Any, words: Words) -> str:
    return "\n".join(str(part) for part in value or ())


def _several(value: Any) -> Sequence[Any]:
    return json.loads(value) if isinstance(value, str) and value else value or ()


_SHOWN: Mapping[str, Any] = {
    "CURRENCY": _money,
    "FULL_NAME": _composite("FULL_NAME"),
    "ADDRESS": _composite("ADDRESS"),
    "PHONES": _phones,
    "EMAILS": _emails,
    "LINKS": _links,
    "RICH_TEXT": _rich_text,
    "MULTI_SELECT": _list,
    "DATE": _date,
    "DATE_TIME": _moment,
}
