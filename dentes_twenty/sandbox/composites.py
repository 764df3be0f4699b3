"""The rules of composite types: objects whose parts have columns of their own.

Each part is checked in the order sent. What a part means for the others differs by type, as recorded: addresses,
names and amounts keep the parts that are not sent, links and e-mails do not, a phone resets the additional ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from dentes_twenty.sandbox.fieldspec import COMPOSITES, FieldSpec, column_name
from dentes_twenty.sandbox.jsvalues import inspect, to_json_number
from dentes_twenty.sandbox.links import normalise_links
from dentes_twenty.sandbox.phones import check_codes as check_phone_codes
from dentes_twenty.sandbox.phones import normalise_additional, normalise_phone
from dentes_twenty.sandbox.refused import ValueRefused, type_error
from dentes_twenty.sandbox.richtext import blocknote_to_markdown, has_unsafe_url, markdown_to_blocknote
from dentes_twenty.sandbox.scalars import (
    ACTOR_SOURCES,
    Normaliser,
    check_json,
    check_numeric,
    check_option,
    check_text,
    check_uuid,
    storable,
)

PartCheck = Callable[[Any, str], Any]
"""Takes a part and its full name (`emails.primaryEmail`), gives the stored value, raises ValueRefused."""

_EMAIL = re.compile(r"[^\s@\"]{1,64}@[^\s@]{1,255}")
_INT64 = 2**63
_KIND_NAMES = {"FULL_NAME": "full name", "RICH_TEXT": "rich text"}


def compile_normaliser(field: FieldSpec) -> Normaliser:
    """The function that checks and stores values of a composite field."""
    return _COMPILERS[field.type](field)


def _unknown_part(field: FieldSpec, part: str) -> ValueRefused:
    kind = _KIND_NAMES.get(field.type, field.type.lower())
    shown = inspect(part) if field.type == "RICH_TEXT" else part
    return ValueRefused(f'Invalid subfield {shown} for {kind} field "{field.name}"')


def _as_object(value: Any, field: FieldSpec) -> dict[str, Any]:
    """The object that was sent; a list or JSON text is one with the keys 0, 1, ... and so is refused by its first."""
    if isinstance(value, dict):
        return value
    check_json(value, field.name)
    if value:
        raise _unknown_part(field, "0")
    return {}


def _by_parts(checks: Mapping[str, PartCheck]) -> Callable[[FieldSpec], Normaliser]:
    """A type whose parts are independent of each other: what is not sent stays."""

    def compiled(field: FieldSpec) -> Normaliser:
        known = {part: (column_name(field.name, part), f"{field.name}.{part}", check) for part, check in checks.items()}

        def normaliser(value: Any) -> dict[str, Any]:
            if value is None:
                return {}
            row = {}
            for part, item in _as_object(value, field).items():
                found = known.get(part)
                if found is None:
                    raise _unknown_part(field, part)
                column, full_name, check = found
                row[column] = check(item, full_name)
            return row

        return normaliser

    return compiled


def _micros(value: Any, name: str) -> int | float | None:
    """An amount in micros: fractions are cut, digits beyond 2^53 are lost."""
    number = check_numeric(value, name)
    if number is None:
        return None
    return int(number) if abs(number) < _INT64 else number


def _source(value: Any, name: str) -> str | None:
    return check_option(value, name, ACTOR_SOURCES)


def _checked_parts(value: Any, field: FieldSpec, checks: Mapping[str, PartCheck]) -> dict[str, Any]:
    """The parts as sent, after the check of each; for types that are transformed as a whole."""
    sent = _as_object(value, field)
    for part, item in sent.items():
        check = checks.get(part)
        if check is None:
            raise _unknown_part(field, part)
        if item is not None:
            check(item, f"{field.name}.{part}")
    return sent


def _check_email(value: Any, name: str) -> str | None:
    if isinstance(value, str) and (not value or _EMAIL.fullmatch(value)):
        return storable(value)
    raise ValueRefused(f'Invalid string value {inspect(value)} for email field "{name}"')


def _check_emails(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return _check_email(value, name)
    if isinstance(value, list) and None not in value:
        return [_check_email(item, name) for item in value]
    raise ValueRefused(f'Invalid value {inspect(value)} for field "{name} - Array values need to be string"')


_EMAIL_PARTS: Mapping[str, PartCheck] = {"primaryEmail": _check_email, "additionalEmails": _check_emails}


def _emails(field: FieldSpec) -> Normaliser:
    primary, additional = (column_name(field.name, part) for part in _EMAIL_PARTS)

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        sent = _checked_parts(value, field, _EMAIL_PARTS)
        row = {primary: (sent.get("primaryEmail") or "").lower() or None}
        if "additionalEmails" in sent:
            row[additional] = _additional_emails(sent["additionalEmails"])
        return row

    return normaliser


def _additional_emails(value: Any) -> str | None:
    if not value:
        return None
    if isinstance(value, str):
        # The server tries to parse the address as JSON and answers with its parser's error.
        message = f"Unexpected token {inspect(value[0])}, {inspect(value)} is not valid JSON"
        raise ValueRefused(message, error="SyntaxError")
    return orjson.dumps([item.lower() for item in value]).decode()


_PHONE_PARTS: Mapping[str, PartCheck] = {
    "primaryPhoneNumber": check_text,
    "primaryPhoneCountryCode": check_text,
    "primaryPhoneCallingCode": check_text,
    "additionalPhones": check_json,
}


def _phones(field: FieldSpec) -> Normaliser:
    number_column, country_column, code_column, additional = (column_name(field.name, part) for part in _PHONE_PARTS)

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        sent = _checked_parts(value, field, _PHONE_PARTS)
        number = sent.get("primaryPhoneNumber")
        country, code = sent.get("primaryPhoneCountryCode"), sent.get("primaryPhoneCallingCode")
        row: dict[str, Any] = {}
        if number:
            phone = normalise_phone(number, country, code)
            row[number_column] = phone.number
            row[code_column] = phone.calling_code or None
            if phone.country is not None:
                row[country_column] = phone.country or None
        else:
            check_phone_codes(country, code)
            columns = (number_column, country_column, code_column)
            for part, column in zip(_PHONE_PARTS, columns, strict=False):
                if part in sent:
                    row[column] = sent[part] or None
        row[additional] = normalise_additional(sent.get("additionalPhones"))
        return row

    return normaliser


_LINK_PARTS: Mapping[str, PartCheck] = {
    "primaryLinkUrl": check_text,
    "primaryLinkLabel": check_text,
    "secondaryLinks": check_json,
}


def _links(field: FieldSpec) -> Normaliser:
    url_column, label_column, secondary_column = (column_name(field.name, part) for part in _LINK_PARTS)

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        sent = _checked_parts(value, field, _LINK_PARTS)
        url, label, secondary = normalise_links(
            sent.get("primaryLinkUrl"), sent.get("primaryLinkLabel"), sent.get("secondaryLinks")
        )
        return {url_column: url, label_column: label, secondary_column: secondary}

    return normaliser


def _check_blocknote(value: Any, name: str) -> str | None:
    text = check_text(value, name)
    if text is None:
        return None
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        message = f'Invalid blocknote value for field "{name}" - must contain valid JSON'
        raise ValueRefused(message) from None
    if not isinstance(parsed, list):
        raise ValueRefused(f'Invalid blocknote value for field "{name}" - must be a JSON array of blocks')
    if has_unsafe_url(parsed):
        raise ValueRefused(f'Unsafe URL protocol in inline link for field "{name}"')
    return text


_RICH_TEXT_PARTS: Mapping[str, PartCheck] = {"blocknote": _check_blocknote, "markdown": check_text}


def _rich_text(field: FieldSpec) -> Normaliser:
    blocknote_column, markdown_column = (column_name(field.name, part) for part in _RICH_TEXT_PARTS)

    def normaliser(value: Any) -> dict[str, Any]:
        if value is None:
            raise type_error("Cannot read properties of null (reading 'blocknote')")
        sent = _checked_parts(value, field, _RICH_TEXT_PARTS)
        markdown, blocknote = sent.get("markdown") or None, sent.get("blocknote") or None
        return {
            markdown_column: markdown or (_markdown_of(blocknote) if blocknote else None),
            blocknote_column: blocknote or (markdown_to_blocknote(markdown) if markdown else None),
        }

    return normaliser


def _markdown_of(blocknote: str) -> str | None:
    """Markdown of JSON text of blocks; the text itself where it holds no blocks that the editor knows."""
    try:
        return blocknote_to_markdown(orjson.loads(blocknote)) or None
    except (AttributeError, KeyError, TypeError, ValueError):
        return blocknote


_COMPILERS: Mapping[str, Callable[[FieldSpec], Normaliser]] = {
    "ACTOR": _by_parts({"source": _source, "workspaceMemberId": check_uuid, "name": check_text, "context": check_json}),
    "ADDRESS": _by_parts(
        {part.name: check_numeric if part.type == "NUMERIC" else check_text for part in COMPOSITES["ADDRESS"]}
    ),
    "CURRENCY": _by_parts({"amountMicros": _micros, "currencyCode": check_text}),
    "EMAILS": _emails,
    "FULL_NAME": _by_parts({"firstName": check_text, "lastName": check_text}),
    "LINKS": _links,
    "PHONES": _phones,
    "RICH_TEXT": _rich_text,
}

_NULL_TEXTS = frozenset({("CURRENCY", "currencyCode"), ("RICH_TEXT", "blocknote"), ("ACTOR", "source")})
"""Texts that are answered as null; all others are answered as an empty text."""


def compile_presenter(field: FieldSpec) -> Callable[[Mapping[str, Any]], Any]:
    """The function that reads a composite from a row, always as a whole object."""
    parts = []
    for part in COMPOSITES[field.type]:
        convert: Callable[[Any], Any] | None = None
        empty: Any = None
        if part.type == "TEXT" and (field.type, part.name) not in _NULL_TEXTS:
            empty = ""
        elif part.storage == "JSON":
            convert = orjson.loads
            empty = () if field.type != "ACTOR" else None
        elif part.type == "NUMERIC":
            convert = to_json_number
        parts.append((part.name, column_name(field.name, part.name), convert, empty))

    def presenter(row: Mapping[str, Any]) -> dict[str, Any]:
        answer = {}
        for name, column, convert, empty in parts:
            stored = row[column]
            if stored is None:
                answer[name] = [] if empty == () else empty
            else:
                answer[name] = stored if convert is None else convert(stored)
        return answer

    return presenter
