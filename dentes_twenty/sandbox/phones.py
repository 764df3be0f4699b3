"""PHONES: a number becomes calling code, country and national number, as libphonenumber-js reads it.

Twenty parses and does not validate: anything that libphonenumber can parse passes, even with two digits. What is
stored is the national number without its leading zero, the calling code (as sent, or `+NN`) and the country (as
sent, or the one the number belongs to; none where several countries share the range and none matches).

The work is done by `phonenumbers`, the same library in Python; two differences are levelled out here: letters
are cut off instead of being dialled (`1-800-FLOWERS`), and the calling code alone is enough to parse with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson
import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, NumberParseException, PhoneMetadata

from dentes_twenty.sandbox.refused import coded, type_error

_START = re.compile(r"[+＋\d]")
_TAIL = re.compile(r"[^\d#]+\Z")
_PUNCTUATION = (
    "-x\u2010-\u2015\u2212\u30fc\uff0d\uff0f/\uff0e. \u00a0\u00ad\u200b\u2060\u3000()（）［］"
    r"\[\]~" + "\u2053\u223c\uff5e"
)
_EXTENSION = (
    r"(?:;ext=\d{1,20}"
    r"|[ \u00a0\t,]*(?:e?xt(?:ensi(?:ó?|ó))?n?|ｅ?ｘｔｎ?|доб|anexo)[:.．]?[ \u00a0\t,-]*\d{1,20}#?"
    r"|[ \u00a0\t,]*(?:[xｘ#＃~～]|int|ｉｎｔ)[:.．]?[ \u00a0\t,-]*\d{1,9}#?"
    r"|[- ]+\d{1,6}#)"
)
_VIABLE = re.compile(
    rf"(?:\d{{2}}|[+＋]*(?:[{_PUNCTUATION}*]*\d){{3,}}[{_PUNCTUATION}*\d]*){_EXTENSION}?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone as stored: national digits, ISO 3166 country or None, calling code or None."""

    number: str
    country: str | None
    calling_code: str | None


def normalise_phone(number: str, country: str | None, calling_code: str | None) -> Phone:
    """The stored form of one phone number with what was sent along; `number` is not empty.

    Raises ValueRefused with one of the codes INVALID_PHONE_COUNTRY_CODE, INVALID_PHONE_CALLING_CODE,
    CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE, INVALID_PHONE_NUMBER, CONFLICTING_PHONE_COUNTRY_CODE,
    CONFLICTING_PHONE_CALLING_CODE.
    """
    check_codes(country, calling_code)
    fast = _stored_form(number, country, calling_code)
    if fast is not None:
        return fast
    return _parsed_form(number, country, calling_code)


@lru_cache(maxsize=1024)
def check_codes(country: str | None, calling_code: str | None) -> None:
    """Check country and calling code alone and against each other; empty ones count as not sent."""
    if country and country not in SUPPORTED_REGIONS:
        raise coded(f"Invalid country code {country}", "INVALID_PHONE_COUNTRY_CODE")
    if not calling_code:
        return
    countries = _countries_of(calling_code.removeprefix("+"))
    if not countries:
        raise coded(f"Invalid calling code {calling_code}", "INVALID_PHONE_CALLING_CODE")
    if country and country not in countries:
        raise coded(
            "Provided country code and calling code are conflicting",
            "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE",
        )


def _countries_of(digits: str) -> tuple[str, ...]:
    if not digits.isascii() or not digits.isdigit() or digits.startswith("0"):
        return ()
    regions: tuple[str, ...] = COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ())
    return tuple(region for region in regions if region != "001")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the fast path needs to know of a country that does not share its calling code."""

    calling_digits: str
    pattern: re.Pattern[str]
    prefix: re.Pattern[str] | None
    plain_prefix: str


@cache
def _plan_of(country: str) -> _Plan | None:
    """The numbering plan of a country whose numbers need no inference, None for all others."""
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or _countries_of(str(metadata.country_code)) != (country,):
        return None
    general = metadata.general_desc
    if general is None or general.national_number_pattern is None:
        return None
    parsing = metadata.national_prefix_for_parsing or ""
    is_plain = parsing.isdigit() and metadata.national_prefix_transform_rule is None
    return _Plan(
        calling_digits=str(metadata.country_code),
        pattern=re.compile(general.national_number_pattern),
        prefix=re.compile(parsing) if parsing else None,
        plain_prefix=parsing if is_plain else "",
    )


@cache
def _plan_of_calling_code(digits: str) -> tuple[str, _Plan] | None:
    countries = _countries_of(digits)
    plan = _plan_of(countries[0]) if len(countries) == 1 else None
    return None if plan is None else (countries[0], plan)


def _stored_form(number: str, country: str | None, calling_code: str | None) -> Phone | None:
    """A number of nothing but digits that needs no parsing, about 40 times as fast as parsing it.

    Digits that match the whole national pattern of a country alone on its calling code are never cut by the
    parser, neither by a calling code nor, unless they start with one, by a national prefix.
    """
    if calling_code:
        known = _plan_of_calling_code(calling_code.removeprefix("+"))
        if known is None:
            return None
        only, plan = known
    elif country:
        found = _plan_of(country)
        if found is None:
            return None
        only, plan = country, found
    else:
        return None
    digits = number.removeprefix("+" + plan.calling_digits) if number.startswith("+") else number
    if plan.plain_prefix and number[:1] != "+":
        digits = digits.removeprefix(plan.plain_prefix)
    if not digits.isascii() or not digits.isdigit() or not plan.pattern.fullmatch(digits):
        return None
    if plan.prefix is not None and plan.prefix.match(digits):
        return None
    return Phone(
        number=digits,
        country=only if country is None else country,
        calling_code=f"+{plan.calling_digits}" if calling_code is None else calling_code,
    )


@lru_cache(maxsize=65_536)
def _parsed_form(number: str, country: str | None, calling_code: str | None) -> Phone:
    parsed = _parse(number, country, calling_code)
    inferred = phonenumbers.region_code_for_number(parsed)
    if inferred == "001":
        inferred = None
    if inferred and country and inferred != country:
        message = "Provided and inferred country code are conflicting"
        raise coded(message, "CONFLICTING_PHONE_COUNTRY_CODE")
    if calling_code and str(parsed.country_code) != calling_code.replace("+", ""):
        message = "Provided and inferred calling code are conflicting"
        raise coded(message, "CONFLICTING_PHONE_CALLING_CODE")
    return Phone(
        number=phonenumbers.national_significant_number(parsed),
        country=inferred if country is None else country,
        calling_code=f"+{parsed.country_code}" if calling_code is None else calling_code,
    )


def _parse(number: str, country: str | None, calling_code: str | None) -> phonenumbers.PhoneNumber:
    refused = coded(f"Provided phone number is invalid {number}", "INVALID_PHONE_NUMBER")
    digits = (calling_code or "").replace("+", "")
    region = country or (phonenumbers.region_code_for_country_code(int(digits)) if digits else None)
    start = _START.search(number)
    if start is None or len(number) > 250:
        raise refused
    candidate = _TAIL.sub("", number[start.start() :])
    if not _VIABLE.fullmatch(candidate):
        raise refused
    try:
        return phonenumbers.parse(candidate, region)
    except NumberParseException as error:
        raise refused from error


def normalise_additional(value: Any) -> str | None:
    """The stored JSON of additionalPhones, a list of {number, countryCode, callingCode} or JSON text of one."""
    items = value
    if isinstance(value, str) and value:
        items = orjson.loads(value)
        if items is not None and not isinstance(items, list):
            raise type_error("parsedAdditionalPhones.map is not a function")
    if not isinstance(items, list) or not items:
        return None
    return orjson.dumps([_additional(item) for item in items]).decode()


def _additional(item: Any) -> dict[str, Any]:
    if item is None:
        raise type_error("Cannot destructure property 'callingCode' of 'object null' as it is null.")
    if not isinstance(item, dict):
        return {}
    sent = {key: item[key] for key in ("callingCode", "countryCode", "number") if key in item}
    country, calling_code, number = (sent.get(key) for key in ("countryCode", "callingCode", "number"))
    if not isinstance(number, str) or not number:
        check_codes(_text(country), _text(calling_code))
        return sent
    if not all(isinstance(text, str | None) for text in (country, calling_code)):
        raise coded(f"Provided phone number is invalid {number}", "INVALID_PHONE_NUMBER")
    phone = normalise_phone(number, country, calling_code)
    stored = {"number": phone.number, "callingCode": phone.calling_code, "countryCode": phone.country}
    return {key: text for key, text in stored.items() if text is not None}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
