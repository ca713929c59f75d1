"""What somebody states about a person, before we know whom we have before us. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person as stated in a form, cleaned by ``donors.identity``.

    :param phone: E.164, or ``""`` where none was given (a walk-in may have none).
    """

    full_name: str
    birth_year: int
    phone: str = ""
    date_of_birth: date | None = None
    sex: str = ""
