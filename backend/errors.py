"""What a service says when it refuses. A leaf: imports nothing of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction


class DomainError(Exception):
    """A refusal with a stable ``code`` for machines and a sentence for people.

    ``extra`` goes into the answer of the API beside the code, so it holds what JSON can say.
    ``status`` is the answer's; a subclass names another where 409 does not fit.
    """

    status = 409

    def __init__(self, code: str, message: Any, **extra: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.extra = extra

    def __str__(self) -> str:
        return str(self.message)


# What the two databases say when a unique constraint or index decides.
_UNIQUE_VIOLATION = "23505"
_SQLITE_UNIQUE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")


def _is_duplicate(error: IntegrityError) -> bool:
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) == _UNIQUE_VIOLATION:
        return True
    return getattr(cause, "sqlite_errorname", None) in _SQLITE_UNIQUE


@contextmanager
def refuse_duplicate(error: Exception) -> Iterator[None]:
    """Raise ``error`` where a unique constraint refuses a row; the transaction stays usable.

    The block runs in a savepoint, which alone is rolled back. Any other broken constraint
    is a fault of ours and passes unchanged.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as violation:
        if _is_duplicate(violation):
            raise error from violation
        raise
