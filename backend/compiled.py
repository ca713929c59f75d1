"""Querysets whose SQL is made once, for the few reads that the busiest requests make.

Django makes the SQL of a query anew whenever it runs, which takes longer than PostgreSQL takes to
answer. Here it is made the first time, and later calls only put in their values; the queryset
stays where it is written. On SQLite the queryset runs as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.query import ModelIterable, get_related_populators
from psycopg.sql import Literal

from backend.prepared import prepared_cursor

T = TypeVar("T")


class Compiled(Generic[T]):
    """A queryset of models, or of tuples (``values_list``), by the names of what it is given.

    >>> slots = Compiled(lambda drive: Slot.objects.filter(drive=drive), drive=1_000_001)
    >>> slots(drive=7)

    :param build: makes the queryset from values; it must make the same one whatever they are.
    :param examples: a value for each name, of its type, different from each other and from all
        constants: by them the values are found again in the SQL.
    """

    def __init__(self, build: Callable[..., Any], **examples: Any) -> None:
        self._build, self._examples = build, examples
        self._made: _Made | None = None

    def __call__(self, **values: Any) -> list[T]:
        """Return all rows."""
        if connection.vendor != "postgresql":
            return list(self._build(**values))
        made = self._made or self._make()
        with prepared_cursor() as cursor:
            cursor.execute(made.sql, [param.of(values) for param in made.params])
            rows = cursor.fetchall()
        return made.read(rows)

    def first(self, **values: Any) -> T | None:
        """Return the first row, or ``None``."""
        rows = self(**values)
        return rows[0] if rows else None

    def _param(self, given: Any) -> _Param | None:
        """Return which value this is; ``None`` for a constant of the query."""
        for name, example in self._examples.items():
            if isinstance(given, type(example)) and given == example:
                # Numbers come out wrapped, so that PostgreSQL sees how wide they are.
                return _Param(name=name, wrap=None if type(given) is type(example) else type(given))
        return None

    def _make(self) -> _Made:
        connection.ensure_connection()  # how a constant is written may depend on it
        queryset = self._build(**self._examples)
        compiler = queryset.query.get_compiler(using=DEFAULT_DB_ALIAS)
        sql, given = compiler.as_sql()
        params = [self._param(value) for value in given]
        if missing := set(self._examples) - {param.name for param in params if param}:
            raise ValueError(f"the query does not use {missing}")
        # Constants are written out: a partial index is of use only where its condition is read.
        marks = [
            "%s" if param else _literal(value) for param, value in zip(params, given, strict=True)
        ]
        columns = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        made = _Made(
            sql=sql.replace("%%", "%%%%") % tuple(marks),
            params=[param for param in params if param],
            converters=list(compiler.get_converters(columns).items()),
            annotations=list((compiler.annotation_col_map or {}).items()),
            klass_info=compiler.klass_info if queryset._iterable_class is ModelIterable else None,
            select=compiler.select,
        )
        self._made = made
        return made


def _literal(value: Any) -> str:
    return Literal(value).as_string(connection.connection).replace("%", "%%")


@dataclass(frozen=True, kw_only=True)
class _Param:
    """One place in the SQL, for the value of a name."""

    name: str
    wrap: Callable[[Any], Any] | None

    def of(self, values: dict[str, Any]) -> Any:
        value = values[self.name]
        return self.wrap(value) if self.wrap else value


@dataclass(kw_only=True)
class _Made:
    """What the compiler found out: the text, and how rows become what is wanted."""

    sql: str
    params: list[_Param]
    converters: list[tuple[int, tuple[list[Callable[..., Any]], Any]]]
    annotations: list[tuple[str, int]]
    klass_info: dict[str, Any] | None
    select: Sequence[Any]

    def __post_init__(self) -> None:
        if self.klass_info:
            fields = self.klass_info["select_fields"]
            self.start, self.end = fields[0], fields[-1] + 1
            self.names = [self.select[at][0].target.attname for at in range(self.start, self.end)]
            self.related = get_related_populators(  # type: ignore[call-arg]  # of a later Django
                self.klass_info, self.select, DEFAULT_DB_ALIAS
            )

    def read(self, rows: list[tuple[Any, ...]]) -> list[Any]:
        """Make of rows what ``ModelIterable`` and ``ValuesListIterable`` make of them."""
        if self.converters:
            rows = [self._converted(row) for row in rows]
        if self.klass_info is None:
            return rows
        found = []
        for row in rows:
            row_object = self.klass_info["model"].from_db(
                DEFAULT_DB_ALIAS, self.names, row[self.start : self.end]
            )
            for related in self.related:
                related.populate(row, row_object)
            for name, at in self.annotations:
                setattr(row_object, name, row[at])
            found.append(row_object)
        return found

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for at, (converters, expression) in self.converters:
            for convert in converters:
                values[at] = convert(values[at], expression, connection)
        return tuple(values)
