"""`python -m benchmarks`: run every benchmark at a size that a laptop finishes in a few minutes, one after the other.

Each benchmark is a program of its own with options for larger sizes (see README.md); their figures go to the terminal.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SIZES = {
    "sandbox_throughput.py": ["--records", "50000"],
    "ledger_throughput.py": ["--records", "50000"],
    "read_ledger.py": ["--rows", "200000"],
}


def main() -> int:
    """Run all; the exit status is that of the first that failed, 0 when none did."""
    failed = 0
    for name, options in SIZES.items():
        print(f"== {name} {' '.join(options)}", flush=True)
        failed = failed or subprocess.run([sys.executable, str(FOLDER / name), *options], check=False).returncode
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
