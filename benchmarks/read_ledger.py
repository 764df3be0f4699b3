"""How fast, and in how much memory, a ledger of two million rows is read.

    python -m benchmarks.read_ledger [--rows 2000000] [--dialect excel-tr|utf8-en|vem]

Writes an invented ledger into a temporary folder, reads it in a process of its own (so that the memory of writing does
not count), and prints rows per second and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import ROOT, Column, Measured, Table, Value
from dentes_twenty.exports.drop import open_drop
from dentes_twenty.exports.records import RawRow
from dentes_twenty.exports.tables import tables

DIALECTS = {
    "excel-tr": ("cp1254", ";", "\r\n", ","),
    "utf8-en": ("utf-8-sig", ",", "\r\n", "."),
    "vem": ("utf-8", "|", "\n", ","),
}
HEADER = ["Hareket No", "Hasta No", "Tarih", "Tür", "Borç", "Alacak", "Ödeme Tipi", "Hekim", "Talep No", "Fatura No"]


def write(folder: Path, rows: int, dialect: str) -> int:
    """Write the ledger with a total line; the size in bytes."""
    encoding, separator, end, point = DIALECTS[dialect]
    path = folder / "Hasta Defteri.csv"
    total = 0
    with path.open("w", encoding=encoding, newline="") as file:
        file.write(separator.join([*HEADER, "Açıklama"]) + end)
        for number in range(rows):
            cents = 1000 + number * 37 % 900_000
            total += cents
            amount = f"{cents // 100}{point}{cents % 100:02d}"
            note = '"Kanal ve dolgu; ""iki seans"", öğleden sonra"' if number % 7 == 0 else "Şikâyet yok"
            day = f"{1 + number % 28:02d}.{1 + number % 12:02d}.20{10 + number % 16}"
            row = [str(500_001 + number), str(10_001 + number // 20), day, "Tedavi Bedeli", amount]
            file.write(separator.join([*row, "", "Nakit", str(1 + number % 4), "", f"A-{number}", note]) + end)
        stated = f"{total // 100}{point}{total % 100:02d}"
        file.write(separator.join(["TOPLAM", "", "", "", stated, *[""] * 6]) + end)
    return path.stat().st_size


def read(folder: str) -> None:
    """Read the ledger and print the figures."""
    started = time.perf_counter()
    table = tables(open_drop(folder))[0]
    opened = time.perf_counter()
    good = sum(isinstance(row, RawRow) for row in table.rows())
    seconds = time.perf_counter() - opened
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {
        "rows": good,
        "opened_s": round(opened - started, 2),
        "seconds": round(seconds, 2),
        "rows_per_s": round(good / seconds),
        "peak_mib": round(peak),
    }
    print(json.dumps(figures))


def write_and_read(folder: Path, rows: int, dialect: str) -> dict[str, Value]:
    """One dialect: the figures of the process that reads."""
    size = write(folder, rows, dialect)
    command = [sys.executable, "-m", "benchmarks.read_ledger", "--read", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return {"dialect": dialect, "megabytes": round(size / 1e6), **json.loads(done.stdout)}


def measure(full: bool, folder: Path) -> Measured:
    """Every dialect."""
    rows = 2_000_000 if full else 300_000
    found = []
    for dialect in DIALECTS:
        (folder / dialect).mkdir()
        found.append(write_and_read(folder / dialect, rows, dialect))
    columns = (
        Column("dialect", "dialect"),
        Column("megabytes", "file", "MB"),
        Column("rows", "rows"),
        Column("opened_s", "opened", "s"),
        Column("seconds", "read", "s"),
        Column("rows_per_s", "rows/s"),
        Column("peak_mib", "peak memory", "MiB"),
    )
    about = "A ledger of an export, read in a process of its own: encoding, separator and formats found out by itself."
    options: dict[str, Value] = {"full": full, "rows": rows}
    return Measured("reading", "Reading an export", about, options, (Table("Rates", columns, tuple(found)),))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--dialect", choices=DIALECTS, default="excel-tr")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read(arguments.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        print(write_and_read(Path(folder), arguments.rows, arguments.dialect))


if __name__ == "__main__":
    main()
