"""A process of its own that migrates or rolls back, to be killed: `python -m ... migrate|rollback PRACTICE_FILE`.

Prints "begun" once the workspace is reached; the API key comes from the environment.
"""

from __future__ import annotations

import os
import sys

from dentes_twenty.migration.session import Migration
from dentes_twenty.practice import load_practice
from dentes_twenty_tests.end_to_end.harness import migrate


def _say_begun() -> None:
    sys.stdout.write("begun\n")
    sys.stdout.flush()


def main(what: str, practice_file: str) -> None:
    """Run the step to its end."""
    practice = load_practice(practice_file)
    if what == "migrate":
        _say_begun()
        migrate(practice, os.environ[practice.twenty.api_key_env])
        return
    with Migration(practice) as migration, migration.run("rollback"):
        assert migration.store
        _say_begun()
        migration.rollback()


if __name__ == "__main__":
    main(*sys.argv[1:])
