"""The plain SQL of the bare views, which is also what is measured as "SQL alone".

Tables of its own with the keys that the work needs, and none of what the product keeps besides.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

TABLES = """
CREATE TABLE drive (
  id bigserial PRIMARY KEY, slug text UNIQUE NOT NULL, name text NOT NULL, venue text NOT NULL,
  starts_at timestamptz NOT NULL, description text NOT NULL);
CREATE TABLE slot (
  id bigserial PRIMARY KEY, public_id text UNIQUE NOT NULL,
  drive_id bigint NOT NULL REFERENCES drive, starts_at timestamptz NOT NULL,
  capacity int NOT NULL);
CREATE INDEX ON slot (drive_id);
CREATE TABLE device (
  id bigserial PRIMARY KEY, drive_id bigint NOT NULL REFERENCES drive, token text UNIQUE NOT NULL);
CREATE TABLE donor (
  id bigserial PRIMARY KEY, name text NOT NULL, phone text NOT NULL, birth_year int NOT NULL,
  UNIQUE (phone, name, birth_year));
CREATE TABLE registration (
  id bigserial PRIMARY KEY, public_id text UNIQUE NOT NULL,
  drive_id bigint NOT NULL REFERENCES drive, slot_id bigint NOT NULL REFERENCES slot,
  donor_id bigint NOT NULL REFERENCES donor, email text NOT NULL, status text NOT NULL,
  created_at timestamptz NOT NULL, checked_in_at timestamptz, UNIQUE (drive_id, donor_id));
CREATE INDEX ON registration (slot_id, status);
CREATE TABLE scan (
  id uuid PRIMARY KEY, device_id bigint NOT NULL REFERENCES device,
  registration_id bigint NOT NULL REFERENCES registration, scanned_at timestamptz NOT NULL,
  verdict text NOT NULL);
CREATE INDEX ON scan (registration_id);
CREATE TABLE message (
  id bigserial PRIMARY KEY, kind text NOT NULL,
  registration_id bigint NOT NULL REFERENCES registration, due_at timestamptz NOT NULL);
"""


def scan(cursor: Any, *, token: str, scans: list[dict[str, str]]) -> list[str]:
    """Look the token up, then for each scan lock the row, insert the scan and update the row."""
    cursor.execute("SELECT id, drive_id FROM device WHERE token = %s", [token])
    device, drive = cursor.fetchone()
    verdicts = []
    for one in scans:
        cursor.execute(
            "SELECT id, checked_in_at FROM registration"
            " WHERE public_id = %s AND drive_id = %s FOR UPDATE",
            [one["registration"], drive],
        )
        registration, checked_in_at = cursor.fetchone()
        verdict = "already_scanned" if checked_in_at else "accepted"
        at = datetime.fromisoformat(one["scanned_at"])
        cursor.execute(
            "INSERT INTO scan (id, device_id, registration_id, scanned_at, verdict)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING",
            [UUID(one["id"]), device, registration, at, verdict],
        )
        cursor.execute(
            "UPDATE registration SET status = 'checked_in', checked_in_at = %s WHERE id = %s",
            [at, registration],
        )
        verdicts.append(verdict)
    return verdicts


def register(
    cursor: Any, *, slug: str, slot: str, name: str, phone: str, birth_year: int, email: str
) -> str | None:
    """Lock the slot, count, insert donor, registration and message; ``None`` where it is full."""
    now = datetime.now(UTC)
    cursor.execute("SELECT id FROM drive WHERE slug = %s", [slug])
    [drive] = cursor.fetchone()
    cursor.execute(
        "SELECT id, capacity FROM slot WHERE public_id = %s AND drive_id = %s FOR UPDATE",
        [slot, drive],
    )
    slot_pk, capacity = cursor.fetchone()
    cursor.execute(
        "SELECT count(*) FROM registration WHERE slot_id = %s AND status = 'registered'", [slot_pk]
    )
    if cursor.fetchone()[0] >= capacity:
        return None
    cursor.execute(
        "INSERT INTO donor (name, phone, birth_year) VALUES (%s, %s, %s)"
        " ON CONFLICT (phone, name, birth_year) DO UPDATE SET name = EXCLUDED.name RETURNING id",
        [name, phone, birth_year],
    )
    [donor] = cursor.fetchone()
    public_id = secrets.token_hex(8)
    cursor.execute(
        "INSERT INTO registration"
        " (public_id, drive_id, slot_id, donor_id, email, status, created_at)"
        " VALUES (%s, %s, %s, %s, %s, 'registered', %s) RETURNING id",
        [public_id, drive, slot_pk, donor, email, now],
    )
    [registration] = cursor.fetchone()
    cursor.execute(
        "INSERT INTO message (kind, registration_id, due_at) VALUES ('registered', %s, %s)",
        [registration, now],
    )
    return public_id


def page(cursor: Any, *, slug: str) -> tuple[Any, list[Any]]:
    """Read a drive and its slots with the places that are left."""
    cursor.execute(
        "SELECT id, name, venue, starts_at, description FROM drive WHERE slug = %s", [slug]
    )
    drive = cursor.fetchone()
    cursor.execute(
        "SELECT s.starts_at, s.capacity, (SELECT count(*) FROM registration r"
        " WHERE r.slot_id = s.id AND r.status = 'registered')"
        " FROM slot s WHERE s.drive_id = %s ORDER BY s.starts_at",
        [drive[0]],
    )
    return drive, cursor.fetchall()
