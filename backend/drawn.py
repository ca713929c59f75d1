"""Pages that are kept as they were drawn, for as long as nothing changes that they show.

Kept under all that a page is made from, read anew each time: so a kept page is never a stale one,
and nothing is wrong when it is lost. In the process's own memory. A leaf: imports nothing of ours.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from django.db.models import Model


class Drawn:
    """The last few pages that were drawn, the longest unused forgotten first."""

    def __init__(self, *, most: int) -> None:
        self.most = most
        self._pages: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, facts: Hashable, draw: Callable[[], bytes]) -> bytes:
        """Return the page made from ``facts``; ``draw`` makes it if it is not there."""
        with self._lock:
            if page := self._pages.get(facts):
                self._pages.move_to_end(facts)
                return page
        page = draw()
        with self._lock:
            self._pages[facts] = page
            while len(self._pages) > self.most:
                self._pages.popitem(last=False)
        return page


def values_of(row: Model) -> tuple[Hashable, ...]:
    """Return what the database holds of a row, for the facts of a page."""
    return (type(row), *(getattr(row, field.attname) for field in row._meta.concrete_fields))
