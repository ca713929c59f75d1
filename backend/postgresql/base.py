"""Django's own backend, apart from how a pooled connection is found to be alive.

Django's pool sends an empty query before each request (``CONN_HEALTH_CHECKS``), a round trip as
dear as any other. A server that ended a connection has closed its socket, which shows without
asking: there is something to read although nothing was asked.
"""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


def check_connection(connection: Connection[Any]) -> None:
    """Raise where a connection that lay in the pool was ended meanwhile."""
    looked = select.poll()
    looked.register(connection.fileno(), select.POLLIN)
    if looked.poll(0):
        # A goodbye, or a mere notice: only now it is worth asking.
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
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
