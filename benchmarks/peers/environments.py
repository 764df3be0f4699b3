"""A virtual environment for each peer, under `.bench/`, exactly as its requirements file says; made once.

They are apart from the project's own, because their libraries would not agree with ours, and because nobody who
installs this project should get them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.results import ROOT
from benchmarks.skipped import Skipped

FOLDER = ROOT / ".bench"
HERE = Path(__file__).resolve().parent
STAMP = ".installed"


def python_of(package: str) -> str:
    """The interpreter of a peer's environment; made when it is not there. Raises Skipped without its packages."""
    requirements = HERE / f"requirements-{package}.txt"
    place = FOLDER / package
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = place / STAMP
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(place, ignore_errors=True)
        _make(place, requirements)
        stamp.write_text(wanted, encoding="utf-8")
    return str(place / "bin" / "python")


def _make(place: Path, requirements: Path) -> None:
    uv = shutil.which("uv") or str(ROOT / ".tools" / "bin" / "uv")
    place.parent.mkdir(exist_ok=True)
    try:
        if Path(uv).exists():
            subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(place / "bin" / "python")]
        else:
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            install = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*install, "-r", str(requirements)], check=True)
    except subprocess.CalledProcessError as error:
        raise Skipped(
            f"the packages of {requirements.name} cannot be installed here (exit {error.returncode})"
        ) from None


def version_of(package: str) -> str:
    """The peer's version, as its requirements file pins it."""
    lines = (HERE / f"requirements-{package}.txt").read_text(encoding="utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{package}=="))
