"""Pages of the API's lists, forwards and backwards, by the position of their rows."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import ValidationError as InvalidValue
from django.db import DataError
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from backend.crypto import WrongFieldKey, seal, unseal

PURPOSE = "cursor"
# What comes of reading, comparing or asking for what somebody else made up.
_NONE_OF_OURS = (
    exceptions.NotFound,
    WrongFieldKey,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
    InvalidValue,
    DataError,
)


class Pages(CursorPagination):
    """{"results": […], "next": url|null, "previous": url|null}

    A position is every value that a row is ordered by, the last of which is unique. The framework's
    own is the first value and an offset; where many rows share that value it loses count on the way
    back. Nothing is skipped or shown twice while rows come and go.

    It is sealed: what rows are ordered by may be a name, and a link lies in histories and logs.
    """

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering: str | tuple[str, ...] = "pk"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """Give one page; a cursor that we did not make is told from one that is merely old."""
        try:
            return self._page(queryset, request, view)
        except _NONE_OF_OURS as error:
            message = _("This cursor is none of ours.")
            raise exceptions.ValidationError({"cursor": message}) from error

    def _page(self, queryset: Any, request: Request, view: Any) -> list[Any]:
        size = self.get_page_size(request) or self.page_size
        self.base_url = request.build_absolute_uri()
        self.fields = self.get_ordering(request, queryset, view)
        cursor = self.decode_cursor(request)
        backwards = cursor is not None and cursor.reverse
        position = None
        if cursor is not None:
            position = json.loads(unseal(str(cursor.position), purpose=PURPOSE))
            queryset = queryset.filter(self._beyond(position, backwards=backwards))
        order = [f"-{name}" for name in self.fields] if backwards else self.fields
        found = list(queryset.order_by(*order)[: size + 1])
        page, more = found[:size], len(found) > size
        if backwards:
            page.reverse()
        self.has_next = more if not backwards else True
        self.has_previous = more if backwards else cursor is not None
        # Rows that are gone meanwhile leave the place where they were.
        self.first = self._position(page[0]) if page else position
        self.last = self._position(page[-1]) if page else position
        return page

    def get_next_link(self) -> str | None:
        return self._link(self.last, backwards=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        return self._link(self.first, backwards=True) if self.has_previous else None

    def _link(self, position: Any, *, backwards: bool) -> str:
        # Text, whatever the framework's types say.
        place: Any = seal(json.dumps(position), purpose=PURPOSE)
        cursor = Cursor(offset=0, reverse=backwards, position=place)
        return str(self.encode_cursor(cursor))

    def _position(self, row: Any) -> list[str]:
        return [str(getattr(row, name)) for name in self.fields]

    def _beyond(self, position: Any, *, backwards: bool) -> Q:
        """Say which rows lie after a position, or before it: compared field by field.

        :raises ValueError: it is none.
        """
        is_ours = isinstance(position, list) and len(position) == len(self.fields)
        if not is_ours or not all(isinstance(value, str) for value in position):
            raise ValueError("no position of these rows")
        compare = "lt" if backwards else "gt"
        alike, beyond = Q(), []
        for name, value in zip(self.fields, position, strict=True):
            beyond.append(alike & Q(**{f"{name}__{compare}": value}))
            alike &= Q(**{name: value})
        return reduce(or_, beyond)
