"""Print the URL of a PostgreSQL server on this machine that lets tests make databases; nothing where there is none.

`make test` runs it. Set DENTES_TWENTY_TEST_POSTGRES to use another server, or to nothing to leave these tests out.
"""

from __future__ import annotations

import getpass
import sys

import psycopg2

HOST, PORT, PATIENCE_S = "127.0.0.1", 5432, 2


def usable(user: str) -> bool:
    """Whether the user gets in without a password and may make databases."""
    try:
        connection = psycopg2.connect(host=HOST, port=PORT, user=user, dbname="postgres", connect_timeout=PATIENCE_S)
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            found = cursor.fetchone()
        return bool(found and found[0])
    finally:
        connection.close()


def main() -> int:
    """Tries the server's usual superuser first, then the person's own name."""
    for user in dict.fromkeys(("postgres", getpass.getuser())):
        if usable(user):
            sys.stdout.write(f"postgresql://{user}@{HOST}:{PORT}/postgres\n")
            break
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
