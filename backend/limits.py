"""How often something may be tried. Counted in the cache; a lost cache lets people through."""

import hashlib
import hmac
import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

WINDOWS = {"m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Limit:
    times: int
    window_seconds: int

    @classmethod
    def parse(cls, name: str, text: str) -> "Limit | None":
        """Read ``N/m``, ``N/h``, ``N/d``; ``off`` is None."""
        if text.strip().lower() == "off":
            return None
        found = re.fullmatch(r"\s*([1-9][0-9]{0,8})/([mhd])\s*", text)
        if not found:
            raise ImproperlyConfigured(
                f"{name} is {text!r}; it must be like 600/m, 10/h, 5/d, or off."
            )
        return cls(int(found[1]), WINDOWS[found[2]])


def read_limits(texts: Mapping[str, str]) -> dict[str, Limit | None]:
    """Read the LIMIT_* variables, keyed by what follows ``LIMIT_``."""
    return {name: Limit.parse(f"LIMIT_{name}", text) for name, text in texts.items()}


def hit(name: str, key: str, *, now: float | None = None) -> int | None:
    """Count one try of ``key``; give the seconds to wait if it was one too many, else None.

    :param name: what follows ``LIMIT_``, for example ``REGISTRATIONS_ADDRESS``.
    """
    [wait] = hit_and_ask(name, key, now=now)
    return wait


def hit_and_ask(
    name: str, key: str, *others: tuple[str, str], now: float | None = None
) -> list[int | None]:
    """Do what ``hit`` does and, in the same round trip, what ``waits`` does for the others."""
    limit: Limit | None = settings.LIMITS[name]
    if limit is None:
        return [None, *waits(*others, now=now)]
    moment = time.time() if now is None else now
    places = _places(others, moment)
    count, counts = cache.count(  # type: ignore[attr-defined]
        _place(name, key, limit, moment), limit.window_seconds + 60, filter(None, places)
    )
    first = _rest(limit, moment) if count > limit.times else None
    return [first, *_rests(others, places, counts, moment)]


def exhausted(name: str, key: str, *, now: float | None = None) -> int | None:
    """Say the same without counting; for limits on failures, asked before the try."""
    [wait] = waits((name, key), now=now)
    return wait


def waits(*tries: tuple[str, str], now: float | None = None) -> list[int | None]:
    """Say the same of several ``(name, key)`` at once; an empty key has nothing to wait for."""
    moment = time.time() if now is None else now
    places = _places(tries, moment)
    asked = [place for place in places if place]
    return _rests(tries, places, cache.get_many(asked) if asked else {}, moment)


def _places(tries: Iterable[tuple[str, str]], moment: float) -> list[str]:
    return [
        _place(name, key, limit, moment) if key and (limit := settings.LIMITS[name]) else ""
        for name, key in tries
    ]


def _rests(
    tries: Iterable[tuple[str, str]],
    places: Iterable[str],
    counts: Mapping[str, int],
    moment: float,
) -> list[int | None]:
    return [
        _rest(limit, moment)
        if (limit := settings.LIMITS[name]) and counts.get(place, 0) >= limit.times
        else None
        for (name, _key), place in zip(tries, places, strict=True)
    ]


def _place(name: str, key: str, limit: Limit, moment: float) -> str:
    # A cache holds no personal data: a phone or address is only recognized again.
    secret = settings.SECRET_KEY.encode()
    digest = hmac.digest(secret, f"limit:{name}:{key}".encode(), hashlib.sha256).hex()[:32]
    return f"limit:{int(moment // limit.window_seconds)}:{digest}"


def _rest(limit: Limit, moment: float) -> int:
    """Return the seconds until the present window ends."""
    window = int(moment // limit.window_seconds)
    return math.ceil((window + 1) * limit.window_seconds - moment)
