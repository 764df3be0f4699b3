"""Phones and links beyond the recordings: facts tried out with libphonenumber-js and Twenty's own rules."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from dentes_twenty.sandbox import phones
from dentes_twenty.sandbox.links import is_valid_url, normalise_links, normalise_url
from dentes_twenty.sandbox.phones import Phone, normalise_phone
from dentes_twenty.sandbox.refused import ValueRefused


@pytest.mark.parametrize(
    ("number", "stored"),
    [
        ("0532 123 45 67", "5321234567"),
        ("532 123 45 67", "5321234567"),
        ("05321234567", "5321234567"),
        ("+905321234567", "5321234567"),
        ("(0212) 555 01 02", "2125550102"),
        ("905321234567", "5321234567"),
        ("00905321234567", "5321234567"),
        ("444 0 123", "4440123"),
        ("0532 123 45 67 (anne)", "5321234567"),
        ("+90 392 228 00 00", "3922280000"),
    ],
)
def test_turkish_spellings_give_one_national_number(number: str, stored: str) -> None:
    assert normalise_phone(number, "TR", None) == Phone(stored, "TR", "+90")


@pytest.mark.parametrize(
    ("number", "country", "stored"),
    [
        ("555-0100", "US", "5550100"),
        ("12", "US", "12"),
        ("+14155550100 x12", None, "4155550100"),
        ("1-800-FLOWERS", "US", "1800"),
    ],
)
def test_whatever_can_be_parsed_passes(number: str, country: str | None, stored: str) -> None:
    assert normalise_phone(number, country, None).number == stored


@pytest.mark.parametrize(
    ("number", "country", "calling_code", "code"),
    [
        ("n/a", "TR", None, "INVALID_PHONE_NUMBER"),
        ("0532 123 45 67 / 0533 123 45 67", "TR", None, "INVALID_PHONE_NUMBER"),
        ("0", "TR", None, "INVALID_PHONE_NUMBER"),
        ("0532 123 45 67", None, None, "INVALID_PHONE_NUMBER"),
        ("604 555 0199", "US", None, "CONFLICTING_PHONE_COUNTRY_CODE"),
        ("07911 123456", "GB", None, "CONFLICTING_PHONE_COUNTRY_CODE"),
        ("+39 06 698 12345", "IT", None, "CONFLICTING_PHONE_COUNTRY_CODE"),
        ("+1 415 555 0100", "CA", None, "CONFLICTING_PHONE_COUNTRY_CODE"),
        ("532 123 45 67", "us", None, "INVALID_PHONE_COUNTRY_CODE"),
        ("532 123 45 67", "TUR", None, "INVALID_PHONE_COUNTRY_CODE"),
        ("532 123 45 67", None, "+9999", "INVALID_PHONE_CALLING_CODE"),
        ("532 123 45 67", "TR", "+49", "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE"),
        ("+49 30 123456", None, "+90", "CONFLICTING_PHONE_CALLING_CODE"),
    ],
)
def test_numbers_that_libphonenumber_refuses(
    number: str, country: str | None, calling_code: str | None, code: str
) -> None:
    with pytest.raises(ValueRefused) as refused:
        normalise_phone(number, country, calling_code)
    assert refused.value.code == refused.value.sub_code == code


def test_a_calling_code_alone_gives_the_country_of_the_number() -> None:
    assert normalise_phone("07911 123456", None, "+44") == Phone("7911123456", "GG", "+44")
    assert normalise_phone("604 555 0199", None, "+1").country == "CA"


@given(
    digits=st.from_regex(r"(\+90|0|90|)[2-8][0-9]{6,10}", fullmatch=True),
    country=st.sampled_from([None, "TR", ""]),
    calling_code=st.sampled_from([None, "+90", "90", ""]),
)
def test_the_fast_path_agrees_with_the_parser(digits: str, country: str | None, calling_code: str | None) -> None:
    fast = phones._stored_form(digits, country, calling_code)
    if fast is not None:
        assert fast == phones._parsed_form(digits, country, calling_code)


@pytest.mark.parametrize("kind", [PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE])
def test_the_fast_path_agrees_with_the_parser_in_every_country(kind: int) -> None:
    taken = 0
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number_for_type(country, kind)
        if example is None:
            continue
        national = phonenumbers.national_significant_number(example)
        for number in (national, f"0{national}", f"+{example.country_code}{national}"):
            fast = phones._stored_form(number, country, None)
            if fast is not None:
                taken += 1
                assert fast == phones._parsed_form(number, country, None), (country, number)
    assert taken > 300


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        ("https://www.example.com", True),
        ("http://192.168.2.0:3000", True),
        ("http://localhost:3000", True),
        ("https://www.example.com/path/path2?query=123", True),
        ("example.com", True),
        ("3.com", True),
        ("https://örnek.com", True),
        (" example.com ", True),
        ("?o", False),
        ("\\", False),
        ("wwwexamplecom", False),
        ("lydia,com", False),
        ("2/toto", False),
        ("2", False),
        ("https://a.example:99999", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_url_needs_a_host_with_a_dot(url: str, valid: bool) -> None:
    assert is_valid_url(url) is valid


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("htTps://wwW.exAmple.coM/TEST", "https://www.example.com/TEST"),
        ("https://www.example.com/", "https://www.example.com"),
        ("https://Example.com?Param=Value", "https://example.com?Param=Value"),
        ("https://example.com#Frag", "https://example.com#Frag"),
        ("https://test.test/edouard-ménard", "https://test.test/edouard-ménard"),
        ("https://Örnek.com/a", "https://xn--rnek-4qa.com/a"),
        ("https://EXAMPLE.com:443/a", "https://example.com/a"),
        ("https://EXAMPLE.com:8443/a", "https://example.com:8443/a"),
        ("https://user@EXAMPLE.com/a", "https://example.com/a"),
        ("Example.com/", "Example.com/"),
        ("ftp://EXAMPLE.com/", "ftp://EXAMPLE.com/"),
    ],
)
def test_only_the_origin_of_a_url_with_a_scheme_is_changed(url: str, stored: str) -> None:
    assert normalise_url(url) == stored


@given(st.from_regex(r"https?://[A-Za-z0-9.-]{1,20}\.[a-z]{2,4}(/[A-Za-z0-9./]{0,10})?", fullmatch=True))
def test_the_short_cut_for_clean_urls_gives_what_the_long_way_gives(url: str) -> None:
    try:
        stored = normalise_links(url, None, [])
    except ValueRefused:
        with pytest.raises(ValueRefused):
            normalise_links(url, None, None)
    else:
        assert normalise_links(url, None, None) == stored
