"""The practice file: one practice's configuration, a YAML file that a person writes and reads.

Belongs here: its model, its paths, its errors with line numbers, and the commented template that `init` writes. Does
not belong here: secrets (they come from the environment), the mapping (a file of its own).
Relative paths are relative to the practice file. Everything private stands in one folder (0700).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
import phonenumbers
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from rapidfuzz import process
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from dentes_twenty.loopback import is_loopback
from dentes_twenty.plain_yaml import MOST_CHARACTERS, Lines, SettingsProblem, read_settings

KEY_VARIABLE = "DENTES_TWENTY_KEY"
"""The environment variable that holds the key for before-images; `init` makes one."""


class PracticeError(Exception):
    """The practice file cannot be used. `code`, `message` with the line, `fix`."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(code, message, fix)
        self.code, self.message, self.fix = code, message, fix

    def __str__(self) -> str:
        return f"{self.code}: {self.message} {self.fix}"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _usable_path(value: str | None) -> str | None:
    if value is None:
        return None
    if "\0" in value:
        raise ValueError("holds a character that no path can have")
    try:
        Path(value).expanduser()
    except RuntimeError:
        raise ValueError("names the home folder of somebody whom this machine does not know") from None
    return value


class TwentySettings(_Part):
    """The workspace: its address, and the name of the environment variable that holds its API key."""

    url: str
    api_key_env: str = Field(default="TWENTY_API_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")

    @field_validator("url")
    @classmethod
    def _http_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("is no http(s) address, such as https://your-workspace.twenty.com")
        try:
            httpx.URL(value)
        except (httpx.InvalidURL, ValueError):
            raise ValueError("is no address that can be called") from None
        if parts.username is not None or parts.password is not None:
            raise ValueError("holds a login; the API key comes from the environment")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError("is plain http, over which patients' data would travel readable; use https")
        return value


class OwnerSettings(_Part):
    """Provider id -> member's e-mail where e-mails do not match; and who owns what nobody matches."""

    overrides: dict[str, str] = {}
    fallback: str | None = None

    @field_validator("overrides", "fallback")
    @classmethod
    def _emails(cls, value: dict[str, str] | str | None) -> dict[str, str] | str | None:
        for email in value.values() if isinstance(value, dict) else [value]:
            if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
                raise ValueError("names somebody without an e-mail address")
        return value


class Policies(_Part):
    """Decisions of the practice. The defaults lose nothing and overwrite nothing."""

    existing_records: Literal["adopt", "separate"] = "adopt"
    national_id: Literal["skip", "move"] = "skip"
    vanished: Literal["report", "mark", "delete"] = "report"
    most_rows_lost_percent: float = Field(default=10, ge=0, le=100)
    attachments_max_mb: int = Field(default=1000, ge=1, le=1000)


class Cutover(_Part):
    """The window in which new exports are picked up. A moment without a zone is the practice's wall time.

    `drops`: the watched folder, where it is not `export`.
    """

    start: dt.datetime = Field(alias="from")
    drops: str | None = None
    hours: int = Field(default=48, ge=1, le=336)

    @field_validator("start")
    @classmethod
    def _in_our_time(cls, value: dt.datetime) -> dt.datetime:
        if not 2000 <= value.year < 2200:
            raise ValueError("is no moment of this time, such as 2026-12-01 18:00")
        return value

    _path = field_validator("drops")(_usable_path)


class PracticeFile(_Part):
    """The keys of the file."""

    practice: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    name: str | None = None
    export: str
    mapping: str = "mapping.yaml"
    timezone: str = "Europe/Istanbul"
    region: str = "TR"
    currency: str = Field(default="TRY", pattern=r"^[A-Z]{3}$")
    labels: Literal["en", "tr"] = "en"
    twenty: TwentySettings
    ledger: str | None = None
    private: str | None = None
    owners: OwnerSettings = OwnerSettings()
    policies: Policies = Policies()
    cutover: Cutover | None = None

    _paths = field_validator("export", "mapping", "private")(_usable_path)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: "Europe" is a folder of the database
            raise ValueError("is no time zone of the tz database, such as Europe/Istanbul") from None
        return value

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        if value not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("is no country code of two capital letters, such as TR")
        return value

    @field_validator("ledger")
    @classmethod
    def _database_url(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                _usable_path(make_url(value).database)
            except ArgumentError:
                raise ValueError(
                    "is no database URL, such as sqlite:///ledger.db or postgresql+psycopg2://host/name"
                ) from None
        return value


class Practice:
    """A loaded practice file: its settings, and the paths that follow from where it stands."""

    def __init__(self, path: Path, file: PracticeFile) -> None:
        self.path = path.resolve()
        self.file = file
        self.key = file.practice
        self.name = file.name or file.practice
        self.timezone, self.region, self.currency = file.timezone, file.region, file.currency
        self.labels: Literal["en", "tr"] = file.labels
        self.twenty, self.owners, self.policies, self.cutover = file.twenty, file.owners, file.policies, file.cutover

    def __repr__(self) -> str:
        return f"Practice({self.key!r})"

    @property
    def zone(self) -> ZoneInfo:
        """Zone of the practice's wall times."""
        return ZoneInfo(self.timezone)

    @property
    def export_location(self) -> str:
        """The drop: an absolute path, or an fsspec URL as written."""
        return self.file.export if "://" in self.file.export else str(self._at(self.file.export))

    @property
    def drops_location(self) -> str:
        """The folder that is watched during the cutover: one export that is overwritten, or a sub-folder for each."""
        drops = self.cutover.drops if self.cutover else None
        if drops is None:
            return self.export_location
        return drops if "://" in drops else str(self._at(drops))

    @property
    def mapping_path(self) -> Path:
        """The mapping file."""
        return self._at(self.file.mapping)

    @property
    def private_dir(self) -> Path:
        """Everything that holds patients' data; made 0700 by `prepare`."""
        return self._at(self.file.private or f".dentes-twenty/{self.key}")

    @property
    def staging_dir(self) -> Path:
        """Typed tables of the export."""
        return self.private_dir / "staging"

    @property
    def reports_dir(self) -> Path:
        """Pages that people read."""
        return self.private_dir / "reports"

    @property
    def ledger_url(self) -> str:
        """The ledger's database; a relative SQLite path is relative to the practice file."""
        if self.file.ledger is None:
            return f"sqlite:///{self.private_dir / 'ledger.db'}"
        url = make_url(self.file.ledger)
        if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
            url = url.set(database=str(self._at(url.database)))
        return url.render_as_string(hide_password=False)

    @property
    def cutover_window(self) -> tuple[dt.datetime, dt.datetime] | None:
        """Begin and end of the cutover, with their zone; None when none is planned."""
        if self.cutover is None:
            return None
        start = self.cutover.start
        start = start if start.tzinfo is not None else start.replace(tzinfo=self.zone)
        # Hours on the clock of the world: a change to summer time does not shorten the window.
        return start, (start.astimezone(dt.UTC) + dt.timedelta(hours=self.cutover.hours)).astimezone(self.zone)

    def prepare(self) -> None:
        """Make the private folders, readable by the user only. Raises PracticeError."""
        try:
            for folder in (self.private_dir, self.staging_dir, self.reports_dir):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                folder.chmod(0o700)
        except OSError as error:
            raise PracticeError(
                "PRACTICE_FOLDER_UNUSABLE",
                f"The private folder of the practice cannot be made ({os.strerror(error.errno or 0)}).",
                "Check `private` in the practice file, and your right to write there.",
            ) from None

    def fingerprint(self) -> str:
        """SHA-256 of what the settings mean, for approvals to be bound to. Where and when does not count."""
        places = {"export": True, "ledger": True, "private": True, "mapping": True, "name": True, "cutover": True}
        meaning = self.file.model_dump_json(exclude={**places, "twenty": {"api_key_env"}})
        return hashlib.sha256(meaning.encode()).hexdigest()

    def _at(self, path: str) -> Path:
        return self.path.parent / Path(path).expanduser()


def load_practice(path: Path | str) -> Practice:
    """Read and validate a practice file. Raises PracticeError, which names the line."""
    file = Path(path)
    try:
        with file.open(encoding="utf-8-sig") as opened:
            text = opened.read(MOST_CHARACTERS + 1)
    except FileNotFoundError:
        raise PracticeError(
            "PRACTICE_FILE_MISSING",
            f"There is no practice file at {file}.",
            "Write one with `dentes-twenty init --practice FILE`, or name another with --practice.",
        ) from None
    except (OSError, ValueError):
        raise PracticeError(
            "PRACTICE_FILE_UNREADABLE",
            f"The practice file {file} cannot be read as UTF-8 text.",
            "Check its permissions and save it as UTF-8.",
        ) from None
    try:
        data, lines = read_settings(text)
    except SettingsProblem as problem:
        where = f" (line {problem.line})" if problem.line else ""
        message = f"The practice file cannot be used{where}: {problem.message}"
        raise PracticeError("PRACTICE_FILE_NOT_YAML", message, problem.fix) from None
    if not data:
        raise PracticeError(
            "PRACTICE_FILE_EMPTY",
            "The practice file holds no settings.",
            "Write one with `dentes-twenty init --practice FILE`.",
        )
    try:
        return Practice(file, PracticeFile.model_validate(data))
    except ValidationError as error:
        raise _explain(error, lines) from None


def _known_keys(path: tuple[str, ...]) -> list[str]:
    """The keys that may stand under a path."""
    model: type[BaseModel] = PracticeFile
    parts: Mapping[str, type[BaseModel]] = {
        "twenty": TwentySettings,
        "owners": OwnerSettings,
        "policies": Policies,
        "cutover": Cutover,
    }
    if path:
        model = parts.get(path[0], PracticeFile)
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(error: ValidationError, lines: Lines) -> PracticeError:
    """All problems, in words, each with its line and what to write instead. The code is that of the first."""
    problems = [
        _problem(tuple(str(part) for part in one["loc"]), one["type"], one["msg"], lines)
        for one in error.errors(include_input=False, include_url=False)
    ]
    if len(problems) == 1:
        return problems[0]
    listed = "".join(f"\n- {one.message} {one.fix}" for one in problems)
    return PracticeError(
        problems[0].code,
        f"The practice file has {len(problems)} mistakes:{listed}\n",
        "Correct them, then run the command again.",
    )


def _problem(path: tuple[str, ...], kind: str, said: str, lines: Lines) -> PracticeError:
    name = ".".join(path)
    line = next((lines[path[:length]] for length in range(len(path), 0, -1) if path[:length] in lines), None)
    where = f" (line {line})" if line else ""
    if kind == "extra_forbidden":
        close = process.extractOne(path[-1], _known_keys(path[:-1]), score_cutoff=60)
        hint = f"Did you mean `{close[0]}`?" if close else f"Known keys: {', '.join(_known_keys(path[:-1]))}."
        return PracticeError("PRACTICE_KEY_UNKNOWN", f"The practice file has an unknown key `{name}`{where}.", hint)
    if kind == "missing":
        return PracticeError(
            "PRACTICE_KEY_MISSING",
            f"The practice file lacks `{name}`{where}.",
            "`dentes-twenty init` writes a commented example of every key.",
        )
    said = re.sub(r"^Value error, ", "", said)
    return PracticeError("PRACTICE_VALUE_INVALID", f"`{name}`{where} cannot be used: {said}.", "Correct it there.")


def practice_template(key: str, export: str = "export", url: str = "https://your-workspace.twenty.com") -> str:
    """The commented practice file that `init` writes; valid as it stands."""
    return _TEMPLATE.format(key=key, export=_yaml_scalar(export), url=_yaml_scalar(url))


def _yaml_scalar(text: str) -> str:
    """The text on one line of YAML, quoted only where it has to be; YAML would fold a long path at its blanks."""
    plain = yaml.safe_dump(text, width=math.inf, allow_unicode=True).removesuffix("...\n").rstrip("\n")
    quoted: str = yaml.safe_dump(text, width=math.inf, allow_unicode=True, default_style='"').rstrip("\n")
    return quoted if "\n" in plain else plain


_TEMPLATE = """\
# One practice's migration from Dr.DENTES to Twenty CRM.
# Relative paths are relative to this file. Secrets never stand here: they come from the environment.

practice: {key}            # key of the practice: goes into every record's id, so never change it after the first run
# name: Ege Dental         # as people know it
export: {export}           # folder (or one .xlsx) with the report exports; any fsspec URL works
mapping: mapping.yaml      # what each header means; made by propose-mapping, confirmed by a person
timezone: Europe/Istanbul  # wall times in the export are of this zone
region: TR                 # country of phone numbers that name none
currency: TRY              # currency of amounts that name none
labels: en                 # en or tr: labels of options and of names that the migration makes

twenty:
  url: {url}
  api_key_env: TWENTY_API_KEY  # the environment variable that holds the API key

# ledger: postgresql://user@host/dentes            # default: an SQLite file in the private folder; the password
                                                   # comes from PGPASSWORD or ~/.pgpass
# private: .dentes-twenty/{key}                    # staged tables, ledger, reports: readable by you only

owners:
  overrides: {{}}            # provider id: e-mail of a workspace member, where e-mails do not match
  # fallback: reception@example.com   # who owns what nobody matches

policies:
  existing_records: adopt  # adopt: a person or company that is in Twenty already is used, its empty fields filled
                           # separate: ours is created without the e-mail or web site that is taken
  national_id: skip        # move: national id numbers go to Twenty too (special-category data)
  vanished: report         # rows that a later export lacks: report, mark (a field), or delete (soft)
  most_rows_lost_percent: 10  # a later export that shows fewer rows than that of any report is refused
  attachments_max_mb: 1000 # larger files are reported and stay behind

# cutover:                 # the window in which new exports are picked up
#   from: 2026-12-01 18:00
#   hours: 48
#   drops: drops           # the watched folder, where it is not `export`: either the reports of one export, which the
                           # next one overwrites, or a sub-folder for each export. An export is taken when two looks
                           # found the same content, or at once when it holds a file named _SUCCESS, written last
"""
