"""Drives with made-up people, many at once by SQL, in the product's tables and in the bare ones."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from accounts.models import Unit
from accounts.secrets import hash_secret
from events.checkin.models import Device, Station
from events.drives.keys import add_first_key
from events.drives.models import Drive, Slot
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from tests.factories import UnitFactory, VenueFactory

NAME, NAME_KEY, NAME_SORT = "Nguyễn Văn An", "nguyenvanan", "an van nguyen"


def _slug() -> str:
    return f"bench-{secrets.token_hex(4)}"


@dataclass(frozen=True, kw_only=True)
class Ours:
    """A drive of the product."""

    drive: Drive
    slots: Sequence[Slot]

    def tickets(self) -> list[str]:
        rows = Registration.objects.filter(drive=self.drive).select_related("drive", "slot")
        return [ticket_of(registration) for registration in rows]

    def devices(self, count: int) -> list[str]:
        """Let so many devices scan; return their tokens, of which the database has the hash."""
        now = datetime.now(UTC)
        tokens = [secrets.token_urlsafe(32) for _n in range(count)]
        Device.objects.bulk_create(
            Device(
                drive=self.drive,
                number=n,
                name=f"Phone {n}",
                stations=["welcome"],
                token_hash=hash_secret(token),
                enrolled_at=now,
                last_contact_at=now,
                roster_synced_at=now,
            )
            for n, token in enumerate(tokens, 1)
        )
        return tokens


def our_drive(*, slots: int, capacity: int, people: int = 0, today: bool = False) -> Ours:
    """Make a drive with its slots and key, and so many people spread over the slots.

    :param today: it is on now, in one slot for everybody; else it is next week.
    """
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    unit = Unit.objects.filter(slug="bench").first() or UnitFactory(slug="bench", name="Bench")
    starts_at = now - timedelta(hours=1) if today else now + timedelta(days=7)
    minutes = 240 if today else 30
    drive = Drive.objects.create(
        unit=unit,
        venue=VenueFactory(unit=unit),
        slug=_slug(),
        name="Ngày hội hiến máu Giọt hồng Công Thương",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=minutes * slots),
        date=starts_at.date(),
        zone="UTC",
        slot_minutes=minutes,
        places_per_slot=capacity,
        description="Mỗi giọt máu cho đi, một cuộc đời ở lại.",
        contact="Trần Khánh Linh, 0912 000 486",
        blood_centre="Viện Huyết học – Truyền máu Trung ương",
        published_at=now - timedelta(days=1),
        created_at=now - timedelta(days=1),
    )
    add_first_key(drive, now=now)
    Station.objects.create(drive=drive, kind="welcome")
    made = Slot.objects.bulk_create(
        Slot(
            drive=drive,
            starts_at=starts_at + timedelta(minutes=minutes * nth),
            ends_at=starts_at + timedelta(minutes=minutes * (nth + 1)),
            capacity=capacity,
        )
        for nth in range(slots)
    )
    if people:
        register_people([drive.pk], people)
    with connection.cursor() as cursor:
        _analyze(cursor)
    return Ours(drive=drive, slots=made)


def _analyze(cursor: Any) -> None:
    """Do what PostgreSQL does by itself within a minute: look anew at what has grown.

    Else plans that were made for empty tables stay for as long as a run lasts.
    """
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute(
        "SELECT relid::regclass::text FROM pg_stat_user_tables"
        " WHERE n_mod_since_analyze > 50 + 0.1 * n_live_tup"
    )
    for [table] in cursor.fetchall():
        cursor.execute(f"ANALYZE {table}")


_DONORS = """
INSERT INTO donors_donor (full_name, name_key, phone, birth_year, sex, variant, created_at)
SELECT %(name)s, %(key)s || n, '+849' || lpad((n + %(base)s)::text, 10, '0'),
       1970 + n %% 35, '', '', now()
FROM generate_series(1, %(donors)s) n"""

_REGISTRATIONS = """
WITH person AS (
  SELECT id, phone, birth_year, row_number() OVER (ORDER BY id) - 1 AS nth FROM donors_donor
  WHERE id > %(after)s
), place AS (
  SELECT id, drive_id, row_number() OVER (PARTITION BY drive_id ORDER BY id) - 1 AS nth,
         count(*) OVER (PARTITION BY drive_id) AS slots
  FROM drives_slot WHERE drive_id = ANY(%(drives)s)
)
INSERT INTO registrations_registration (
  public_id, drive_id, slot_id, donor_id, status, source, code, token_version, full_name,
  name_search, name_sort, birth_year, sex, phone, email, language, consent_reminders,
  consent_invitations, screening_rules, created_at, placed_at, revision, changed)
SELECT substr(md5(place.drive_id || ':' || person.id || ':' || random()), 1, 16),
       place.drive_id, place.id, person.id, 'registered', 'online',
       upper(substr(md5('code' || person.id), 1, 8)), 1, %(name)s, %(key)s, %(sort)s,
       person.birth_year, '', person.phone, 'nguoi-' || person.id || '@example.com', 'vi', TRUE,
       FALSE, '', now(), now(), 0, pg_current_xact_id()::text::bigint
FROM place JOIN person ON person.nth %% place.slots = place.nth"""


def register_people(drives: Sequence[int], people: int, *, reuse: bool = False) -> None:
    """Register the same new people at each of these drives, spread over its slots.

    :param reuse: take those that the last call made.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM donors_donor")
        newest = cursor.fetchone()[0]
        after = newest - people if reuse else newest
        if not reuse:
            values = {"name": NAME, "key": NAME_KEY, "base": newest, "donors": people}
            cursor.execute(_DONORS, values)
        cursor.execute(
            _REGISTRATIONS,
            {
                "after": after,
                "drives": list(drives),
                "name": NAME,
                "key": NAME_KEY,
                "sort": NAME_SORT,
            },
        )


@contextmanager
def loading() -> Iterator[None]:
    """Let millions of rows in faster: no foreign keys checked, and indexes made at the end."""
    tables = ["registrations_registration", "donors_donor"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique",
            [tables],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
    yield
    with connection.cursor() as cursor:
        for _name, definition in indexes:
            cursor.execute(definition)
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET synchronous_commit")


# --- The bare tables -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bare:
    """The same in the bare tables."""

    slug: str
    slots: Sequence[str]
    registrations: Sequence[str]
    tokens: Sequence[str]


def bare_drive(url: str, *, slots: int, capacity: int, people: int = 0, devices: int = 0) -> Bare:
    slug = _slug()
    with psycopg.connect(url) as bare:
        [[drive]] = bare.execute(
            "INSERT INTO drive (slug, name, venue, starts_at, description)"
            " VALUES (%s, %s, 'Hội trường', now() + interval '7 days', %s) RETURNING id",
            [slug, "Ngày hội hiến máu Giọt hồng Công Thương", "Mỗi giọt máu cho đi."],
        ).fetchall()
        slot_ids = [secrets.token_hex(8) for _n in range(slots)]
        bare.cursor().executemany(
            "INSERT INTO slot (public_id, drive_id, starts_at, capacity)"
            " VALUES (%s, %s, now() + interval '7 days', %s)",
            [(slot, drive, capacity) for slot in slot_ids],
        )
        tokens = [secrets.token_hex(32) for _n in range(devices)]
        bare.cursor().executemany(
            "INSERT INTO device (drive_id, token) VALUES (%s, %s)",
            [(drive, token) for token in tokens],
        )
        rows = bare.execute(
            "WITH d AS (INSERT INTO donor (name, phone, birth_year)"
            "  SELECT 'Nguyễn Văn An', %(slug)s || '-' || n, 1990"
            "  FROM generate_series(1, %(people)s) n"
            "  RETURNING id),"
            " p AS (SELECT id, row_number() OVER () - 1 AS nth FROM d),"
            " s AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth FROM slot"
            "  WHERE drive_id = %(drive)s)"
            " INSERT INTO registration"
            " (public_id, drive_id, slot_id, donor_id, email, status, created_at)"
            " SELECT substr(md5(p.id || ':' || random()), 1, 16), %(drive)s, s.id, p.id,"
            "  'an@example.com', 'registered', now()"
            " FROM p JOIN s ON p.nth %% %(slots)s = s.nth RETURNING public_id",
            {"slug": slug, "people": people, "drive": drive, "slots": slots},
        ).fetchall()
        bare.commit()
        _analyze(bare.cursor())
    return Bare(slug=slug, slots=slot_ids, registrations=[row[0] for row in rows], tokens=tokens)
