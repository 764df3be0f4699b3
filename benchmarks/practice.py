"""An invented practice of any size for the benchmarks: the same bytes for the same size, without the drop generator.

Belongs here: its export files, its practice file, its confirmed mapping. Does not belong here: loading it. The drops of
the scale benchmark come from the generator beside the project, because they have everything that a practice has.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from benchmarks.target import MARK, MEMBER
from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.mapping import confirm, save_mapping
from dentes_twenty.exports.propose import propose
from dentes_twenty.practice import Practice, load_practice

KEY_VARIABLE = "DENTES_TWENTY_BENCH_KEY"
FIRST = ("Ayşe", "Mehmet", "Fatma", "Mustafa", "Elif", "Ahmet", "Zeynep", "Çağlar", "Şule", "Ömer", "İpek", "Gül")
LAST = ("Yılmaz", "Kaya", "Demir", "Şahin", "Çelik", "Yıldız", "Öztürk", "Aydın", "Arslan", "Doğan", "Kılıç", "Aslan")
CITIES = ("İzmir", "İstanbul", "Ankara", "Bursa", "Muğla", "Eskişehir")
PATIENTS = "Patient ID,First,Last,Birth date,Gender,Mobile,Email,Address,District,City,Postcode,Country,Occupation,Provider,Status,Alerts,SMS consent,Created"  # noqa: E501 - a line of the file is a line here
ENTRIES = "Entry ID,Patient ID,Date,Type,Debit,Credit,Method,Provider,Invoice no,Note"
APPOINTMENTS = "Appointment ID,Patient ID,Provider,Start,Duration,Type,Status,Code,Chair,Note"
STAFF = "Provider ID,First,Last,Email,Role,Specialty,Licence no,Active"


@dataclasses.dataclass(frozen=True, slots=True)
class Size:
    """Rows by report. `refused_share`: of the patients, those that a dirty target refuses, spread by chance.

    `first`: numbers start here, so that two practices on one workspace have nobody in common.
    """

    patients: int
    entries: int = 0
    appointments: int = 0
    refused_share: float = 0.0
    first: int = 1

    @property
    def records(self) -> int:
        """Records that land when nothing is refused; an appointment brings its link record."""
        return self.patients + self.entries + 2 * self.appointments

    def is_refused(self, number: int) -> bool:
        """Whether the patient of that number is one that a dirty target refuses."""
        return random.Random(number).random() < self.refused_share


def write_export(folder: Path, size: Size) -> Path:
    """The reports as CSV files in a new folder; the folder."""
    folder.mkdir(parents=True)
    _write(
        folder / "staff.csv", STAFF, [("D1", "Ada", "Kaya", MEMBER.email, "Dentist", "Orthodontics", "L1", "Active")]
    )
    _write(folder / "patients.csv", PATIENTS, _patients(size))
    if size.entries:
        _write(folder / "ledger.csv", ENTRIES, _entries(size))
    if size.appointments:
        _write(folder / "appointments.csv", APPOINTMENTS, _appointments(size))
    return folder


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _patients(size: Size) -> Iterator[Sequence[object]]:
    chance = random.Random(size.first)
    for n in range(size.first, size.first + size.patients):
        work = f"{MARK} {n}" if size.is_refused(n) else ("Teacher", "Nurse", "Engineer", "Retired")[n % 4]
        yield (
            10_000 + n, chance.choice(FIRST), chance.choice(LAST), _day(n * 37, 1940), "FM"[n % 2],
            f"+90 532 00{n % 10} {n // 100 % 100:02d} {n % 100:02d}", f"patient{n}@mail.example",
            f"Atatürk Cad. {n % 300}", "Konak", chance.choice(CITIES), 35_000 + n % 900, "Türkiye", work, "D1",
            "Active", "Penicillin allergy" if n % 9 == 0 else "", "Yes" if n % 2 else "No", f"{_day(n, 2015)} 09:30:00",
        )  # fmt: skip


def _entries(size: Size) -> Iterator[Sequence[object]]:
    for n in range(size.first, size.first + size.entries):
        amount = f"{n * 37 % 900_000 / 100:.2f}"
        charge = n % 3 != 0
        yield (
            500_000 + n, 10_000 + size.first + n % size.patients, _day(n, 2016), "Charge" if charge else "Payment",
            amount if charge else "", "" if charge else amount, "" if charge else "Card", "D1", f"A-{n}",
            "Root canal, two sessions" if n % 5 == 0 else "",
        )  # fmt: skip


def _appointments(size: Size) -> Iterator[Sequence[object]]:
    for n in range(size.first, size.first + size.appointments):
        yield (
            900_000 + n, 10_000 + size.first + n % size.patients, "D1", f"{_day(n, 2019)} {8 + n % 9:02d}:15:00",
            30, "Check-up", "Completed", f"K{n % 40}", f"Chair {1 + n % 4}", "Cleaned" if n % 4 == 0 else "",
        )  # fmt: skip


def _day(number: int, year: int) -> str:
    return (dt.date(year, 1, 1) + dt.timedelta(days=number % 3000)).isoformat()


def write_practice(folder: Path, export: Path, url: str, *, key: str = "bench", ledger: str | None = None) -> Practice:
    """A practice file with the mapping that a person would confirm as proposed."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "practice": key,
        "export": str(export),
        "twenty": {"url": url, "api_key_env": KEY_VARIABLE},
        "owners": {"fallback": MEMBER.email},
        **({"ledger": ledger} if ledger else {}),
    }
    path = folder / "practice.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    practice = load_practice(path)
    practice.prepare()
    proposal = propose(open_drop(str(export)), region=practice.region)
    save_mapping(confirm(proposal, "the benchmark", dt.datetime.now(dt.UTC)), practice.mapping_path)
    return practice
