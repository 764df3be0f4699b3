"""Values as people read them, and reports put together from what the program has."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dentes_twenty.exports.issues import Issue
from dentes_twenty.exports.mapping import ColumnMapping, Mapping, OtherTable, TableMapping
from dentes_twenty.migration.owners import Member, Provider, match_owners
from dentes_twenty.migration.totals import Total
from dentes_twenty.objects.patient import DECLARATION as PATIENT
from dentes_twenty.objects.registry import FIXED, MEMBERS
from dentes_twenty.objects.target import FieldType
from dentes_twenty.reports import assemble
from dentes_twenty.reports.model import FieldDiff, FieldVerdict, State
from dentes_twenty.reports.values import cell, shown, understood
from dentes_twenty.reports.words import Words
from dentes_twenty_tests.reports import examples

WORDS = Words("en", ZoneInfo("Europe/Istanbul"))
DECLARATIONS = (MEMBERS, *FIXED)


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("CURRENCY", {"amountMicros": 1250500000, "currencyCode": "TRY"}, "1,250.50\u00a0TRY"),
        ("CURRENCY", {"amountMicros": "-100", "currencyCode": "TRY"}, "-0.0001\u00a0TRY"),
        ("CURRENCY", {"amountMicros": None, "currencyCode": "TRY"}, ""),
        ("FULL_NAME", {"firstName": "Işıl", "lastName": ""}, "First name: Işıl"),
        ("DATE", "2024-04-03", "2024-04-03 (3 Apr 2024)"),
        ("DATE_TIME", "2024-07-03T22:30:00.000Z", "4 Jul 2024, 01:30\n2024-07-03T22:30:00.000Z"),
        ("EMAILS", {"primaryEmail": "a@b.co", "additionalEmails": '["c@d.co"]'}, "a@b.co\nc@d.co"),
        ("LINKS", {"primaryLinkUrl": "https://a.co", "primaryLinkLabel": None, "secondaryLinks": None}, "https://a.co"),
        ("RICH_TEXT", {"markdown": "**a**"}, "**a**"),
        ("MULTI_SELECT", ["PATIENT", "GUARDIAN"], "PATIENT\nGUARDIAN"),
        ("BOOLEAN", False, "no"),
        ("TEXT", None, ""),
        ("DATE", "not a date", '"not a date"'),
        ("CURRENCY", "what", '"what"'),
    ],
)
def test_a_value_is_shown_as_people_read_it(type_: str, value: object, text: str) -> None:
    assert shown(value, type_, WORDS) == text


def test_phones_show_the_first_number_first() -> None:
    value = {
        "primaryPhoneNumber": "5321234567",
        "primaryPhoneCallingCode": "+90",
        "primaryPhoneCountryCode": "TR",
        "additionalPhones": [{"number": "2321112233", "callingCode": "+90", "countryCode": "TR"}],
    }
    assert shown(value, "PHONES", WORDS) == "+90 5321234567 (TR)\n+90 2321112233 (TR)"


def test_a_relation_shows_the_name_of_the_record() -> None:
    assert shown("abc", "RELATION", WORDS, {"abc": "Işıl Güneş"}) == "Işıl Güneş\nabc"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values, st.sampled_from([t.value for t in FieldType]))
def test_whatever_twenty_stores_can_be_shown(value: object, type_: str) -> None:
    assert isinstance(shown(value, type_, WORDS), str)


def test_staged_cells_are_shown_in_the_zone_of_the_practice() -> None:
    assert cell(dt.datetime(2024, 7, 3, 22, 30, tzinfo=dt.UTC), WORDS) == "4 Jul 2024, 01:30:00"
    assert cell([{"number": "5", "calling": "+90", "country": "TR"}], WORDS) == "+90 5 (TR)"
    assert cell(Decimal("10.500000"), WORDS) == "10.5"


def diff(number: int, **stored: object) -> dict[str, FieldDiff]:
    row = examples.patient_row(number)
    sent = {f.target.wire_name: f.transform.compute(row, examples.Practice()) for f in PATIENT.fields}
    record = assemble.record_diff(
        PATIENT,
        row,
        sent,
        {**sent, **stored},
        source_id="1",
        title="x",
        cells=examples.cells_of(row),
        issues={"birth_date": "bad_date"},
        withheld={"nationalId": "national_id_not_wanted"},
    )
    return {field.field: field for field in record.fields}


def test_each_field_of_the_declaration_is_in_the_diff_with_its_columns_and_sentence() -> None:
    fields = diff(1)
    assert list(fields) == [f.target.wire_name for f in PATIENT.fields]
    assert [(s.column, s.header) for s in fields["name"].sources] == [("first_name", "Adı"), ("last_name", "Soyadı")]
    assert fields["birthDate"].transformation == "calendar day, ISO"
    assert not [s for field in fields.values() for s in field.sources if s.column.startswith("@")]


def test_a_cell_stands_as_its_file_has_it_with_what_was_understood_where_that_differs() -> None:
    fields = diff(1)
    (birth,), (gender,) = fields["birthDate"].sources, fields["gender"].sources
    assert (birth.text, understood(birth, WORDS)) == ("03.04.1980", "1980-04-03 (3 Apr 1980)")
    assert (gender.text, understood(gender, WORDS)) == ("K", "FEMALE")
    assert [understood(cell_, WORDS) for cell_ in fields["homeAddress"].sources] == [None] * 4
    (absent,) = fields["medicalAlerts"].sources
    assert (absent.header, absent.text) == ("", None)


def test_verdicts_are_those_of_the_comparison() -> None:
    fields = diff(1, jobTitle="Mimar", sourceBalance={"amountMicros": "1250500000", "currencyCode": "TRY"})
    assert fields["jobTitle"].verdict is FieldVerdict.LOST
    assert fields["sourceBalance"].verdict is FieldVerdict.NORMALISED
    assert fields["gender"].verdict is FieldVerdict.SAME


def test_what_is_left_behind_says_why() -> None:
    fields = diff(6)
    assert (fields["birthDate"].verdict, fields["birthDate"].why) == (FieldVerdict.NOT_MIGRATED, "bad_date")
    (cell_,) = fields["birthDate"].sources
    assert (cell_.text, cell_.value) == ("31.02.1980", None)
    assert understood(cell_, WORDS) == ""
    assert fields["nationalId"].why == "national_id_not_wanted"


def test_a_record_that_did_not_land_says_why_in_every_field() -> None:
    record = assemble.record_diff(PATIENT, {}, {}, None, source_id="1", title="x", why="parent_not_landed")
    assert {(f.verdict, f.why) for f in record.fields} == {(FieldVerdict.NOT_MIGRATED, "parent_not_landed")}


def test_a_field_that_the_answer_does_not_show_counts_as_lost() -> None:
    record = assemble.record_diff(PATIENT, {}, {"jobTitle": "x"}, {}, source_id="1", title="x")
    assert {(f.verdict, f.why) for f in record.fields} == {(FieldVerdict.LOST, "not_shown_in_answer")}


def the_mapping() -> Mapping:
    patients = TableMapping(
        report="patient",
        file="Hastalar.csv",
        columns=[
            ColumnMapping(header="Dosya No", column="patient_id", confidence=1.0, evidence="same header"),
            ColumnMapping(header="Cinsiyet", column="gender"),
            ColumnMapping(header="Hekim", column="default_provider_id"),
            ColumnMapping(header="Kan Grubu", action="ignore"),
        ],
        values={"gender": {"K": "FEMALE", "?": None}},
    )
    staff = TableMapping(
        report="provider", file="Personel.csv", columns=[ColumnMapping(header="Durum", column="active")]
    )
    return Mapping(reports=[patients, staff], other_tables=[OtherTable(file="Kasa.csv", evidence="no report fits")])


def test_columns_that_do_not_move_are_listed_with_the_reason() -> None:
    found = assemble.unmoved_columns(the_mapping(), DECLARATIONS)
    assert [(c.file, c.header, c.why) for c in found] == [
        ("Hastalar.csv", "Kan Grubu", "ignored_column"),
        ("Personel.csv", "Durum", "column_without_field"),
    ]


def test_a_mapping_shows_what_each_header_becomes() -> None:
    report = assemble.mapping_report(examples.heading(), the_mapping(), DECLARATIONS)
    columns = {column.header: column for column in report.tables[0].columns}
    assert columns["Cinsiyet"].becomes == ("Gender",)
    assert columns["Kan Grubu"].kind == "ignored"
    assert ("?", None) in [(word.word, word.option) for word in report.tables[0].words]
    assert report.left_alone == (("Kasa.csv", "no report fits"),)


def test_owners_who_block_stand_first() -> None:
    providers = [
        Provider("1", "A", "a@x.co", 5),
        Provider("2", "B", None, 0),
        Provider("3", "C", None, 9),
    ]
    report = assemble.owner_report(
        examples.heading(), match_owners(providers, [Member("m", "a@x.co")], overrides={}, fallback=None)
    )
    assert [row.provider_id for row in report.rows] == ["3", "1", "2"]
    assert report.state is State.FAILED and len(report.blocking) == 1


def test_findings_are_ordered_by_file_and_line_and_count_a_row_once() -> None:
    issues = [
        Issue("entry", "b.csv", 9, 10, "9", "type", "unknown_type", "quarantine"),
        Issue("entry", "b.csv", 9, 10, "9", "amount", "bad_number", "quarantine"),
        Issue("entry", "a.csv", 2, 3, "2", None, "too_few_cells", "quarantine"),
        Issue("entry", "a.csv", 1, 2, "1", "email", "shared_email", "warning"),
    ]
    report = assemble.quarantine_report(examples.heading(), issues)
    assert [finding.line for finding in report.findings] == [2, 3, 10, 10]
    assert report.quarantined == 2


def test_money_comes_back_from_micros_to_the_last_coin() -> None:
    totals = [
        Total("billingLedger", "entry", "records", 5, 5),
        Total("billingLedger", "entry", "amount TRY", 1_284_500_350_000, 1_284_500_340_000),
    ]
    (money,) = assemble.money_totals(totals, DECLARATIONS)
    assert (money.field, money.currency, money.difference) == ("Amount", "TRY", Decimal("-0.01"))
