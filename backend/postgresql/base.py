"""Django's own backend, apart from how a pooled connection is found to be alive, and one cursor.

Django's pool sends an empty query before each request (``CONN_HEALTH_CHECKS``), a round trip as
dear as any other. A server that ended a connection has closed its socket, which shows without
asking: there is something to read although nothing was asked.
"""

from __future__ import annotations

import re
import select
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg import Connection, RawCursor
from psycopg_pool import ConnectionPool


def check_connection(connection: Connection[Any]) -> None:
    """Raise where a connection that lay in the pool was ended meanwhile."""
    looked = select.poll()
    looked.register(connection.fileno(), select.POLLIN)
    if looked.poll(0):
        # A goodbye, or a mere notice: only now it is worth asking.
        ConnectionPool.check_connection(connection)


# Characters. Texts of batches, of each size another one, would fill both sides' memory.
LONGEST_KEPT = 10_000


class DatabaseOperations(base.DatabaseOperations):  # type: ignore[name-defined, misc]
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """Return the text as it was given where psycopg keeps none: of a prepared statement."""
        return super().last_executed_query(cursor, sql, params) or sql


class PreparedCursor(RawCursor[Any]):
    """Takes the places of values as Django writes them, and numbers them once for each text."""

    def execute(  # type: ignore[override]
        self, query: str, params: Sequence[Any] | None = None, **options: Any
    ) -> PreparedCursor:
        if len(query) > LONGEST_KEPT:
            return super().execute(_numbered.__wrapped__(query), params, prepare=False)
        return super().execute(_numbered(query), params, **options)


@lru_cache(maxsize=256)
def _numbered(query: str) -> str:
    """Return ``a = %s AND b = %s`` as ``a = $1 AND b = $2``."""
    numbers = count(1)
    return re.sub("%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", query)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def prepared_cursor(self) -> CursorWrapper:
        """Return a cursor whose statements PostgreSQL plans once for each connection.

        From the third time on, as ``prepare_threshold`` says; without it as any other cursor.
        """
        self.ensure_connection()
        cursor = PreparedCursor(self.connection)
        wrapped: CursorWrapper = self._prepare_cursor(cursor)  # type: ignore[attr-defined]
        return wrapped

    @property
    def pool(self) -> ConnectionPool[Any] | None:
        """Return the pool that all threads share, made as Django makes it."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, ConnectionPool[Any]] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias not in pools:
            pool = ConnectionPool(
                kwargs=self.get_connection_params() | {"autocommit": True},
                open=False,
                configure=self._configure_connection,  # type: ignore[attr-defined]
                check=check_connection,
                **options,
            )
            pools.setdefault(self.alias, pool)  # another thread may be first
        return pools[self.alias]
