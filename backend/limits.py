"""How often something may be tried. Counted in the cache; a lost cache lets people through."""

import hashlib
import hmac
import math
import re
import time
from collections.abc import Mapping
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
    return _count(name, key, now, add=1)


def exhausted(name: str, key: str, *, now: float | None = None) -> int | None:
    """Say the same without counting; for limits on failures, asked before the try."""
    return _count(name, key, now, add=0)


def _count(name: str, key: str, now: float | None, *, add: int) -> int | None:
    limit: Limit | None = settings.LIMITS[name]
    if limit is None:
        return None
    moment = time.time() if now is None else now
    window = int(moment // limit.window_seconds)
    # A cache holds no personal data: a phone or address is only recognized again.
    secret = settings.SECRET_KEY.encode()
    digest = hmac.digest(secret, f"limit:{name}:{key}".encode(), hashlib.sha256).hex()[:32]
    place = f"limit:{window}:{digest}"
    if add:
        cache.add(place, 0, timeout=limit.window_seconds + 60)
        try:
            count = cache.incr(place)
        except ValueError:  # it was lost between the two
            return None
        used_up = count > limit.times
    else:
        used_up = cache.get(place, 0) >= limit.times
    return math.ceil((window + 1) * limit.window_seconds - moment) if used_up else None
