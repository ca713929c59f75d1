"""Run a service again where somebody else's writing got in its way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError

from backend.transactions import MOST_TRIES, in_transaction

P = ParamSpec("P")
R = TypeVar("R")


class StartAnew(Exception):
    """Somebody wrote the same scan, or a second registration of the same donor, just now."""


def in_fresh_transactions(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in a transaction, and anew where another one got in its way."""
    once = in_transaction(service)

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                return once(*args, **kwargs)
            except (StartAnew, IntegrityError):
                if tries_left == 0:
                    raise
        raise AssertionError("unreachable")

    return run
