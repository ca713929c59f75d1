"""The cache, which may be lost at any moment: then everything goes on without it."""

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis
import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

log = structlog.get_logger(__name__)

# While it is away, nobody waits for it more than once in this time.
REST_SECONDS = 3.0
_away_until = 0.0


def forgiving(name: str, otherwise: Any) -> Callable[..., Any]:
    """Give the client's method ``name``, answering ``otherwise`` while Redis is away."""
    method = getattr(CountingClient, name)

    @functools.wraps(method)
    def ask(client: RedisCacheClient, *args: Any, **options: Any) -> Any:
        global _away_until
        if time.monotonic() < _away_until:
            return otherwise
        try:
            return method(client, *args, **options)
        except redis.RedisError as error:  # away, or without memory to write
            _away_until = time.monotonic() + REST_SECONDS
            log.warning("cache_away", error=type(error).__name__)
            return otherwise

    return ask


class CountingClient(RedisCacheClient):
    """Django's client, which keeps what it asks through, and counts in one round trip."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, redis.Redis] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> redis.Redis:
        # To make one takes as long as to ask Redis; it may be shared.
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]
        client = self._clients.get(id(pool))
        if client is None:
            client = self._clients[id(pool)] = super().get_client(key, write=write)
        return client

    def count(self, key: Any, timeout: int, others: Sequence[Any]) -> tuple[int, list[int]]:
        """Add one to a number that lives so many seconds from its last; read other numbers too."""
        asked: Any = self.get_client(key, write=True).pipeline(transaction=False)
        asked.incr(key).expire(key, timeout)
        if others:
            asked.mget(others)
        number, _set, *found = asked.execute()
        return int(number), [int(other or 0) for other in (found[0] if found else ())]


class ForgivingClient(CountingClient):
    """Answers as an empty cache does, while Redis is away."""

    _get = forgiving("get", None)
    get_many = forgiving("get_many", {})
    has_key = forgiving("has_key", False)
    add = forgiving("add", True)
    set = forgiving("set", None)
    set_many = forgiving("set_many", None)
    touch = forgiving("touch", False)
    delete = forgiving("delete", False)
    delete_many = forgiving("delete_many", None)
    incr = forgiving("incr", 1)
    count = forgiving("count", (0, []))
    clear = forgiving("clear", False)

    def get(self, key: Any, default: Any) -> Any:
        value = self._get(key, None)
        return default if value is None else value


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ForgivingClient

    def count(
        self, key: str, timeout: int, others: Iterable[str] = ()
    ) -> tuple[int, dict[str, int]]:
        """Add one to a number that lives so many seconds from its last, and read others.

        :returns: the number, and the others that are there; nothing of either while Redis is away.
        """
        client: Any = self._cache
        asked = list(others)
        number, found = client.count(
            self.make_and_validate_key(key),
            timeout,
            [self.make_and_validate_key(other) for other in asked],
        )
        return number, dict(zip(asked, found, strict=False))
