"""How many statements the application sent, as PostgreSQL counted them."""

from __future__ import annotations

import psycopg


class Statements:
    """Counts what one database was asked; foreign-key checks and BEGIN to COMMIT are not in it."""

    def __init__(self, url: str, database: str) -> None:
        self.url, self.database = url, database

    def count(self) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s"
                " JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = %s AND s.toplevel"
                # Deferred foreign keys are checked by statements of PostgreSQL's own at COMMIT.
                " AND s.query !~ 'FOR KEY SHARE OF x$'",
                [self.database],
            ).fetchone()
        assert row is not None
        return int(row[0])
