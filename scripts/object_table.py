"""Write what lands where, from the declarations: docs/objects.md (every field) and the short table in README.md.

python scripts/object_table.py --write     bring both up to date
python scripts/object_table.py --check     exit with 1 when one of them is not (CI, pre-commit)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from dentes_twenty.objects.fields import Field, SourceObject
from dentes_twenty.objects.form import Form, form_declaration
from dentes_twenty.objects.registry import FIXED, MEMBERS, REPORTS, report_named
from dentes_twenty.objects.source import Report

ROOT = Path(__file__).resolve().parent.parent
PAGE, README = ROOT / "docs" / "objects.md", ROOT / "README.md"
BEGIN, END = "<!-- objects:begin -->", "<!-- objects:end -->"
HEAD = """# What lands where

Made from the declarations in `dentes_twenty/objects/` by `make format`; a test keeps it current. *s* marks Twenty's own
field, *c* a custom field that the migration creates. Columns are canonical names: a confirmed mapping translates the
practice's own headers.
"""


def declarations() -> tuple[SourceObject, ...]:
    """Members first, then import order; one form without questions stands for all forms."""
    form = form_declaration(Form("name", ()))
    return (MEMBERS, *FIXED[:-1], form, FIXED[-1])


def page() -> str:
    """docs/objects.md."""
    return "\n".join([HEAD, *(part for d in declarations() for part in section(d)), *never_moved(), ""])


def section(declaration: SourceObject) -> Iterator[str]:
    """One source object with all its fields."""
    target = declaration.target
    kind = "Twenty's own object" if target.standard else "custom object"
    yield f"## {declaration.label} → `{target.singular}`\n"
    sources = ", ".join(f"`{name}`" for name in declaration.sources)
    yield f"Key `{declaration.name}:<id>`, {kind}, from the report{'s' * (len(declaration.sources) > 1)} {sources}.\n"
    yield "| Twenty field | | type | from | how |\n|---|---|---|---|---|"
    yield from (row(field) for field in declaration.fields)
    if declaration.name == "response":
        yield "| one field for each question | c | closest type | the question's column | as answered |"
    for link in declaration.links:
        yield f"| {link.join.singular} → {link.object} | s | link record | `{link.column}` | one for each record |"
    yield ""


def row(field: Field) -> str:
    """One field."""
    target, transform = field.target, field.transform
    kind = target.type.value + (f" → {target.relation.object}" if target.relation else "")
    if target.options:
        kind += ": " + ", ".join(option.value for option in target.options)
    unique = " (unique)" if target.unique else ""
    columns = ", ".join(f"`{column}`" for column in transform.columns) or "-"
    return f"| `{target.name}`{unique} | {'s' if target.standard else 'c'} | {kind} | {columns} | {transform.says} |"


def never_moved() -> Iterator[str]:
    """What the declarations leave behind on purpose."""
    yield "## What is never moved\n"
    yield from dict.fromkeys(f"- {thing}" for declaration in declarations() for thing in declaration.not_moved)


def short_table() -> str:
    """For the README: one line for each report."""
    lines = ["| report of the export | known as | lands in Twenty as |", "|---|---|---|"]
    lines += [f"| `{report.name}` | {', '.join(report.titles[:3])} | {destinations(report)} |" for report in REPORTS]
    return "\n".join(lines)


def destinations(report: Report) -> str:
    """The Twenty objects that a report's rows become, each once."""
    found = [d.target.label_plural for d in declarations() if report.name in d.sources and d.name != "response"]
    if report_named(report.name).name in ("response", "answer"):
        found = ["one custom object for each form"]
    if report == MEMBERS.report:
        found = ["Workspace members (matched, never created)"]
    return ", ".join(dict.fromkeys(found))


def readme(text: str) -> str:
    """The README with the table between its marks. Raises ValueError when the marks are not there."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"README.md lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{short_table()}\n\n{END}{after}"


def main() -> int:
    """Exit code 1 when --check finds a page that is not current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--write", action="store_true")
    what.add_argument("--check", action="store_true")
    write = parser.parse_args().write
    wanted = {PAGE: page(), README: readme(README.read_text(encoding="utf-8"))}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if write:
            path.write_text(wanted[path], encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}: {'written' if write else 'not current, run `make format`'}\n")
    return 0 if write or not stale else 1


if __name__ == "__main__":
    raise SystemExit(main())
