"""Every code that the program gives has words, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dentes_twenty
from dentes_twenty.objects.registry import REPORTS
from dentes_twenty.reports import reasons
from dentes_twenty.reports.model import Language
from dentes_twenty.reports.words import Words

PACKAGE = Path(dentes_twenty.__file__).parent
# single words stand everywhere, so the one code that is a single word is named
CODE = re.compile(r"[a-z]+(_[a-z]+)+|rounded")
GIVERS = {
    "BadCell",
    "Problem",
    "BadRow",
    "Issue",
    "warn",
    "refuse",
    "_tell",
    "_tell_row",
    "append",
    "Refusal",
    "_record",
}
# columns, names of things and of lists that stand in the same calls
OTHER = {c.name for report in REPORTS for c in report.columns} | {"alternate_form"}
REFUSALS = (
    "foreign_key",
    "invalid_value",
    "missing_value",
    "ambiguous_match",
    "soft_deleted",
    "too_large",
    "server_error",
)


def modules() -> list[Path]:
    found = [*(PACKAGE / "exports").glob("*.py"), *(PACKAGE / "migration" / "planning").glob("*.py")]
    found += [PACKAGE / "migration" / "parents.py", *(PACKAGE / "migration" / "steps").glob("*.py")]
    silent = {"errors.py", "mapping_checks.py", "propose.py", "profile.py", "ledger_sign.py", "assignment.py"}
    return [path for path in found if path.name not in silent]


def constants(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def given(tree: ast.Module) -> Iterator[str]:
    """Strings that stand where codes stand: arguments of what makes a finding, and tuples of warnings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in GIVERS:
                yield from (text for argument in node.args for text in constants(argument))
        elif isinstance(node, ast.Tuple) and len(node.elts) == 1:
            yield from (e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str))
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
            last = node.value.elts[1]
            yield from [last.value] if isinstance(last, ast.Constant) and isinstance(last.value, str) else []
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").endswith("CODE"):
            yield from constants(node.value)


def codes() -> dict[str, str]:
    """Code -> a module that gives it."""
    found = {}
    for path in modules():
        for text in given(ast.parse(path.read_text("utf-8"))):
            if CODE.fullmatch(text) and text not in OTHER:
                found[text] = path.name
    return found


def test_the_search_finds_codes_of_every_kind() -> None:
    found = codes()
    assert {"bad_date", "duplicate_id", "file_missing", "shared_email", "rounded", "parent_not_landed"} <= found.keys()


def test_every_code_that_the_program_gives_has_words() -> None:
    assert {code: module for code, module in codes().items() if not reasons.known(code)} == {}


@pytest.mark.parametrize(
    "code", [f"refused_{refusal}" for refusal in (*REFUSALS, "duplicate", "not_found", "file", "refused")]
)
def test_every_refusal_of_twenty_has_words_of_its_own(code: str) -> None:
    assert code in reasons.entries()


def test_codes_of_columns_and_references_have_words() -> None:
    columns = [c for report in REPORTS for c in report.columns]
    wanted = [f"missing_{c.name}" for c in columns if c.required]
    wanted += [f"unknown_{c.name}" for c in columns if c.values is not None]
    wanted += [f"{kind}_{c.reference.to}" for c in columns if c.reference for kind in ("unknown", "ambiguous")]
    wanted += [f"{c.reference.to}_quarantined" for c in columns if c.reference]
    assert [code for code in ["missing_patient", *wanted] if not reasons.known(code)] == []


@pytest.mark.parametrize("language", ["en", "tr"])
def test_words_are_whole_sentences_without_gaps(language: Language) -> None:
    words = Words(language)
    for code in reasons.all_codes():
        found = reasons.reason(code, words)
        for sentence in found:
            assert sentence.endswith(".") and "{" not in sentence and "_" not in sentence.replace("national_id", ""), (
                code
            )


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert reasons.reason("brand_new_defect", Words("en")) == ("brand new defect", "–")
    assert not reasons.known("brand_new_defect")


def test_a_sentence_instead_of_a_code_is_kept() -> None:
    assert reasons.why("The practice does not want it.", Words("tr")) == "The practice does not want it."
    assert reasons.why("ignored_column", Words("en")).startswith("The practice has chosen")
