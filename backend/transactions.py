"""How services write: one transaction, tried again where the database asks for it. A leaf."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

MOST_TRIES = 3
# serialization_failure and deadlock_detected: the database undid the work and asks to start anew.
_START_ANEW = ("40001", "40P01")


def in_transaction(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; after a deadlock run it anew, three times at most.

    Inside another service's transaction it joins that one, which alone can be run anew. When the
    tries are used up the database's own error passes on: a page of ours answers 503.
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return service(*args, **kwargs)
        for tries_left in reversed(range(MOST_TRIES)):
            try:
                with transaction.atomic():
                    return service(*args, **kwargs)
            except OperationalError as error:
                sqlstate = getattr(error.__cause__, "sqlstate", None)
                if sqlstate not in _START_ANEW or tries_left == 0:
                    raise
        raise AssertionError("unreachable")

    return run
