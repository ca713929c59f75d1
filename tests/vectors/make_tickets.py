"""Write tickets.json: the cases that tickets.py and tickets.ts must both pass.

    python -m tests.vectors.make_tickets

Only the signatures are computed. What is expected of each case is written here by hand, so that
the cases say what `INTERFACES.md` says, not what the program does. The keys are for tests alone.
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from events.registrations.tickets import (
    Claims,
    drive_midnight,
    format_code,
    public_key_of,
    sign,
    ticket_text,
)

PRIVATE = {
    name: hashlib.sha256(f"giot hong test key {name}".encode()).digest()
    for name in ("first", "second", "foreign")
}


def public(name: str) -> str:
    return base64.b64encode(public_key_of(PRIVATE[name])).decode()


KEYS = [{"key_id": 1, "public_key": public("first")}, {"key_id": 2, "public_key": public("second")}]


def drive(date: str, zone: str, starts_at: str, ends_at: str, **other: Any) -> dict[str, Any]:
    return {
        "number": 4711,
        "date": date,
        "zone": zone,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "tolerance_minutes": 30,
        "rehearsal": False,
        "cancelled": False,
        "keys": KEYS,
    } | other


SAIGON = "Asia/Ho_Chi_Minh"
MORNING = ("2026-12-01", SAIGON, "2026-12-01T07:30:00+07:00", "2026-12-01T11:00:00+07:00")
DRIVES = {
    "morning": drive(*MORNING),
    "rehearsal": drive(*MORNING, rehearsal=True),
    "cancelled": drive(*MORNING, cancelled=True),
    "strict": drive(*MORNING, tolerance_minutes=0),
    "night": drive("2026-12-31", SAIGON, "2026-12-31T22:00:00+07:00", "2027-01-01T02:00:00+07:00"),
    "midnight": drive(
        "2026-12-01", SAIGON, "2026-12-01T00:10:00+07:00", "2026-12-01T03:10:00+07:00"
    ),
    # The same morning as a server that answers in UTC writes it, and another zone without summer.
    "utc": drive("2026-12-01", SAIGON, "2026-12-01T00:30:00Z", "2026-12-01T04:00:00Z"),
    "tokyo": drive(
        "2026-12-01", "Asia/Tokyo", "2026-12-01T07:30:00+09:00", "2026-12-01T11:00:00+09:00"
    ),
}

AN = Claims(key_id=1, drive_number=4711, registration_id="00f1e2d3c4b5a697", slot_minutes=480)


def claims(**changes: Any) -> Claims:
    return Claims(**({f: getattr(AN, f) for f in AN.__dataclass_fields__} | changes))


def shown(c: Claims) -> dict[str, Any]:
    return {f: getattr(c, f) for f in c.__dataclass_fields__}


def payload(key: str = "first", **changes: Any) -> str:
    return sign(claims(**changes), PRIVATE[key])


def resigned(position: int, value: int) -> str:
    """A genuine signature over bytes that no program of ours writes."""
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    raw = bytearray(base64.b32decode(payload())[:16])
    raw[position] = value
    key = ec.derive_private_key(int.from_bytes(PRIVATE["first"], "big"), ec.SECP256R1())
    der = key.sign(b"GH1 ticket\x00" + bytes(raw), ec.ECDSA(SHA256(), deterministic_signing=True))
    r, s = utils.decode_dss_signature(der)
    return base64.b32encode(bytes(raw) + r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def altered(position: int, text: str | None = None) -> str:
    raw = bytearray(base64.b32decode(text or payload()))
    raw[position] ^= 1
    return base64.b32encode(bytes(raw)).decode()


def with_signature(signature: bytes) -> str:
    return base64.b32encode(base64.b32decode(payload())[:16] + signature).decode()


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

SIGNED = [
    {"name": name, "key": key, "claims": shown(c), "payload": sign(c, PRIVATE[key])}
    for name, key, c in [
        ("plain", "first", AN),
        ("walk-in", "first", claims(walk_in=True, slot_minutes=541)),
        ("group", "first", claims(group=True)),
        ("rehearsal", "first", claims(rehearsal=True)),
        ("every flag", "second", claims(key_id=2, walk_in=True, group=True, rehearsal=True)),
        ("after midnight", "first", claims(slot_minutes=1470)),
        ("smallest", "first", Claims(0, 0, "0" * 16, 0)),
        ("largest", "first", Claims(255, 2**24 - 1, "f" * 16, 2**16 - 1, True, True, True)),
    ]
]

P = payload()
READS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("bare payload", P, shown(AN)),
    ("bare payload in lower case", P.lower(), shown(AN)),
    ("url", ticket_text("https://gh.example", P), shown(AN)),
    ("url with a port", ticket_text("http://127.0.0.1:8000", P), shown(AN)),
    ("base url with a slash", ticket_text("https://gh.example/", P), shown(AN)),
    ("lower-case url", f"https://gh.example/t/{P.lower()}", shown(AN)),
    ("another host", f"https://another.example/T/{P}", shown(AN)),
    ("no scheme", f"gh.example/T/{P}", shown(AN)),
    ("trailing slash", f"https://gh.example/T/{P}/", shown(AN)),
    ("a chat app's query", f"https://gh.example/T/{P}?fbclid=x", shown(AN)),
    ("spaces and line end around", f"  {P}\r\n", shown(AN)),
    ("empty", "", None),
    ("spaces", "   ", None),
    ("one letter less", P[:-1], None),
    ("one letter more", P + "A", None),
    ("one byte more", base64.b32encode(base64.b32decode(P) + b"\0").decode(), None),
    ("padding", P + "=", None),
    ("a letter that base32 has not", "1" + P[1:], None),
    ("a letter that folds to S", "\u017f" + P[1:], None),
    ("full-width letter", "\uff21" + P[1:], None),
    ("space within", P[:64] + " " + P[64:], None),
    ("line end within", P[:64] + "\n" + P[64:], None),
    ("another path", f"https://gh.example/d/{P}", None),
    ("deeper path", f"https://gh.example/x/T/{P}", None),
    ("path after it", f"https://gh.example/T/{P}/x", None),
    ("payload as a query", f"https://gh.example/?T={P}", None),
    ("twice", P + P, None),
    ("version 0", resigned(0, 0), None),
    ("version 2", resigned(0, 2), None),
    ("reserved flag 2", resigned(15, 4), None),
    ("reserved flag 6", resigned(15, 64), None),
    ("reserved flag among good ones", resigned(15, 0x93), None),
    ("another system's ticket", "PRETIX:Y2hlY2tpbjox:0123456789", None),
    ("vcard", "BEGIN:VCARD\nVERSION:3.0\nFN:Nguyễn Văn An\nEND:VCARD", None),
    ("wi-fi", "WIFI:T:WPA;S=doan;P=matkhau;;", None),
    ("citizen card", "001090000001||Nguyễn Văn An|01011990|Nam|Hà Nội|01012022", None),
    ("binary", "\u0000\u0001\u00ff\ufffd", None),
    ("4,000 characters", "A" * 4000, None),
    ("4,000 characters with a ticket", "https://" + "a" * 3860 + "/T/" + P, None),
]

CODES: list[tuple[str, str | None]] = [
    ("ABCD-EFGN", "ABCDEFGN"),
    ("ABCDEFGN", "ABCDEFGN"),
    ("abcd efgn", "ABCDEFGN"),
    (" a-b-c-d-e-f-g-n ", "ABCDEFGN"),
    ("ABCD\u2013EFGN", "ABCDEFGN"),
    ("ABCD\u00a0EFGN\n", "ABCDEFGN"),
    ("0000-0000", "00000000"),
    ("oOoO-OoOo", "00000000"),
    ("1000-0001", "10000001"),
    ("Iooo-oooL", "10000001"),
    ("looo-oooi", "10000001"),
    ("0000-001D", "0000001D"),
    ("ZZZZ-ZZZF", "ZZZZZZZF"),
    ("ABCD-EFGM", None),
    ("ABDC-EFGN", None),
    ("BACD-EFGN", None),
    ("ABCD-EFG", None),
    ("ABCD-EFGNN", None),
    ("UBCD-EFGN", None),
    ("ABCD-EFGU", None),
    ("ABCD_EFGN", None),
    ("ABCD.EFGN", None),
    ("\uff21BCD-EFGN", None),
    ("", None),
    ("-", None),
    ("A" * 4000, None),
    ("\u0000BCD-EFGN", None),
]

SLOT = {"slot_starts_at": "2026-12-01T08:00:00+07:00", "slot_ends_at": "2026-12-01T08:30:00+07:00"}
REGISTERED = {"status": "registered"} | SLOT
CHECKED_IN = {"status": "checked_in"} | SLOT
WAITLISTED = {"status": "waitlisted"} | SLOT
ENDED = {"status": "ended"} | SLOT
CANCELLED = {"status": "cancelled"} | SLOT
WALKED_IN = {"status": "checked_in", "slot_starts_at": None, "slot_ends_at": None}

JUDGEMENTS: list[dict[str, Any]] = []


def case(verdict: str, name: str, read: dict[str, str] | None = None, **given: Any) -> None:
    """One judgement; by default a good ticket of somebody registered, in the slot, on a server."""
    JUDGEMENTS.append(
        {
            "name": name,
            "verdict": verdict,
            "read": {"ticket": P} if read is None else read,
            "drive": "morning",
            "known": REGISTERED,
            "scanned_here": False,
            "now": "2026-12-01T08:05:00+07:00",
            "admit": False,
            "on_server": True,
        }
        | given
    )


def ticket(key: str = "first", **changes: Any) -> dict[str, str]:
    return {"ticket": payload(key, **changes)}


CODE = {"code": "ABCD-EFGN"}
ID = {"registration": AN.registration_id}
DEVICE: dict[str, Any] = {"on_server": False}
UNLISTED: dict[str, Any] = {"on_server": False, "known": None}

# accepted
case("accepted", "a ticket in its slot")
case("accepted", "a ticket in its slot, on a device", **DEVICE)
case("accepted", "the text of the QR code", {"ticket": ticket_text("https://gh.example", P)})
case("accepted", "the second key of the drive", ticket("second", key_id=2))
case("accepted", "a typed code", CODE)
case("accepted", "a typed code in any spelling", {"code": "abcd efgn"})
case("accepted", "a person picked from the list", ID)
case("accepted", "checked in, not at this station", known=CHECKED_IN)
case("accepted", "a group ticket", ticket(group=True))
case("accepted", "a device whose roster does not hold the ticket", **UNLISTED)
case("accepted", "a rehearsal ticket in a rehearsal", ticket(rehearsal=True), drive="rehearsal")

# malformed
case("malformed", "no ticket", {"ticket": "WIFI:T:WPA;;"}, known=None)
case("malformed", "nothing", {"ticket": ""}, known=None)
case("malformed", "a code with a wrong check character", {"code": "ABCD-EFGM"}, known=None)
case("malformed", "a reserved flag, genuinely signed", {"ticket": resigned(15, 4)})
case("malformed", "a later version, genuinely signed", {"ticket": resigned(0, 2)})
case("malformed", "a ticket typed as a code", {"code": P}, known=None)

# wrong_drive
case("wrong_drive", "another drive's ticket", ticket(drive_number=4712), known=None)
case("wrong_drive", "another drive's, forged", ticket("foreign", drive_number=4712), known=None)
case("wrong_drive", "another drive's, on a device", ticket(drive_number=4712), **UNLISTED)
case("wrong_drive", "the drive number altered", {"ticket": altered(4)})
case("wrong_drive", "a rehearsal ticket on the day", ticket(rehearsal=True))
case("wrong_drive", "a real ticket in a rehearsal", drive="rehearsal")
case("wrong_drive", "the rehearsal flag altered", {"ticket": altered(15, resigned(15, 0x81))})

# bad_signature
case("bad_signature", "signed by a key of nobody's", ticket("foreign"))
case("bad_signature", "signed by the other key of the drive", ticket("second"))
case("bad_signature", "a key id that the drive has not", ticket(key_id=3))
case("bad_signature", "key id altered to another key of the drive", ticket("first", key_id=2))
for at in (5, 12, 13, 14, 16, 47, 48, 79):
    case("bad_signature", f"byte {at} altered", {"ticket": altered(at)})
case("bad_signature", "the walk-in flag altered", {"ticket": altered(15)})
case("bad_signature", "r and s zero", {"ticket": with_signature(bytes(64))})
case("bad_signature", "r and s all ones", {"ticket": with_signature(b"\xff" * 64)})
case("bad_signature", "s zero", {"ticket": with_signature(base64.b32decode(P)[16:48] + bytes(32))})
case(
    "bad_signature",
    "r and s are the order",
    {"ticket": with_signature(N.to_bytes(32, "big") * 2)},
)
case(
    "bad_signature",
    "r and s exchanged",
    {"ticket": with_signature(base64.b32decode(P)[48:] + base64.b32decode(P)[16:48])},
)
case("bad_signature", "forged, on a device without it in the roster", ticket("foreign"), **UNLISTED)

# unknown
case("unknown", "a code that nobody knows", CODE, known=None)
case("unknown", "a code that nobody knows, on a device", CODE, **UNLISTED)
case("unknown", "an id that nobody knows", ID, known=None)

# wrong_day: more than 12 hours before the start or after the end
case("wrong_day", "12 h and a second before", now="2026-11-30T19:29:59+07:00")
case("too_early", "12 h before", now="2026-11-30T19:30:00+07:00")
case("too_late", "12 h after", now="2026-12-01T23:00:00+07:00")
case("wrong_day", "12 h and a second after", now="2026-12-01T23:00:01+07:00")
case("wrong_day", "a week before, in UTC", now="2026-11-24T01:05:00Z")
case("wrong_day", "a typed code", CODE, now="2026-12-02T08:05:00+07:00")
case("wrong_day", "admit does not help", now="2026-12-02T08:05:00+07:00", admit=True)
case(
    "wrong_day", "a walk-in", ticket(walk_in=True), known=WALKED_IN, now="2026-12-02T08:05:00+07:00"
)
case("accepted", "a clock nobody trusts judges no day", now=None, **DEVICE)

# revoked
case("revoked", "cancelled", known=CANCELLED)
case("revoked", "cancelled, on a device", known=CANCELLED, **DEVICE)
case("revoked", "cancelled, by code", CODE, known=CANCELLED)
case("revoked", "a signed id that does not exist, on the server", known=None)
case("revoked", "the drive is cancelled", drive="cancelled")
case("revoked", "the drive is cancelled, unlisted", drive="cancelled", **UNLISTED)
case("revoked", "admit does not help", known=CANCELLED, admit=True)
case("revoked", "a clock nobody trusts does not help", known=CANCELLED, now=None, **DEVICE)

# waitlisted
case("waitlisted", "no place yet", known=WAITLISTED)
case("waitlisted", "no place yet, by code", CODE, known=WAITLISTED)
case("waitlisted", "admit does not help", known=WAITLISTED, admit=True)

# already_scanned
case("already_scanned", "at this station", known=CHECKED_IN, scanned_here=True)
case("already_scanned", "on a device", known=REGISTERED, scanned_here=True, **DEVICE)
case("already_scanned", "unlisted, on a device", scanned_here=True, **UNLISTED)
case("already_scanned", "by code", CODE, known=CHECKED_IN, scanned_here=True)
case("already_scanned", "admit does not help", known=CHECKED_IN, scanned_here=True, admit=True)

# visit_ended
case("visit_ended", "gone", known=ENDED)
case("visit_ended", "admit does not help", known=ENDED, admit=True)

# too_early, too_late: by more than the tolerance of 30 minutes
case("too_early", "31 minutes before", now="2026-12-01T07:29:00+07:00")
case("too_early", "a second before the tolerance", now="2026-12-01T07:29:59+07:00")
case("accepted", "30 minutes before", now="2026-12-01T07:30:00+07:00")
case("accepted", "30 minutes before, in UTC", now="2026-12-01T00:30:00Z")
case("accepted", "30 minutes after", now="2026-12-01T09:00:00+07:00")
case("too_late", "a second after the tolerance", now="2026-12-01T09:00:01+07:00")
case("too_early", "by code", CODE, now="2026-12-01T07:29:00+07:00")
case("too_late", "by id", ID, now="2026-12-01T09:01:00+07:00")
case("accepted", "let in too early", now="2026-12-01T07:00:00+07:00", admit=True)
case("accepted", "let in too late", now="2026-12-01T10:59:00+07:00", admit=True)
case("accepted", "a clock nobody trusts judges no slot", now=None, **DEVICE)
case("too_early", "no tolerance", drive="strict", now="2026-12-01T07:59:59+07:00")
case("accepted", "no tolerance, on time", drive="strict", now="2026-12-01T08:00:00+07:00")
case("accepted", "no tolerance, at the end", drive="strict", now="2026-12-01T08:30:00+07:00")
case("too_late", "no tolerance, after the end", drive="strict", now="2026-12-01T08:30:01+07:00")

# an older ticket of somebody who moved: the roster decides, not the ticket
MOVED = {
    "status": "registered",
    "slot_starts_at": "2026-12-01T10:00:00+07:00",
    "slot_ends_at": "2026-12-01T10:30:00+07:00",
}
case("too_early", "an older ticket, at its own time", known=MOVED)
case("accepted", "an older ticket, at the new time", known=MOVED, now="2026-12-01T10:10:00+07:00")

# by the ticket alone: it does not say when its slot ends, so the drive's end decides
case("too_early", "unlisted, a second too early", now="2026-12-01T07:29:59+07:00", **UNLISTED)
case("accepted", "unlisted, 30 minutes early", now="2026-12-01T07:30:00+07:00", **UNLISTED)
case("accepted", "unlisted, long after its start", now="2026-12-01T11:30:00+07:00", **UNLISTED)
case("too_late", "unlisted, after the drive", now="2026-12-01T11:30:01+07:00", **UNLISTED)
case("accepted", "unlisted, let in", now="2026-12-01T07:00:00+07:00", admit=True, **UNLISTED)

# walk-ins have no slot and no time line, but a day
WALK_IN = ticket(walk_in=True, slot_minutes=541)
case("accepted", "a walk-in before it was made", WALK_IN, known=WALKED_IN)
case("accepted", "a walk-in late", WALK_IN, known=WALKED_IN, now="2026-12-01T14:00:00+07:00")
case("accepted", "a walk-in by code", CODE, known=WALKED_IN, now="2026-12-01T14:00:00+07:00")
case("accepted", "an unlisted walk-in", WALK_IN, now="2026-12-01T06:00:00+07:00", **UNLISTED)
case("already_scanned", "a walk-in again", WALK_IN, known=WALKED_IN, scanned_here=True)

# over midnight, near midnight, another zone
NEW_YEAR = {
    "status": "registered",
    "slot_starts_at": "2027-01-01T00:30:00+07:00",
    "slot_ends_at": "2027-01-01T01:00:00+07:00",
}
LATE = ticket(slot_minutes=1470)
case("accepted", "after midnight", LATE, drive="night", known=NEW_YEAR, now="2026-12-31T17:30:00Z")
case(
    "too_early",
    "23:59 for 00:30",
    LATE,
    drive="night",
    known=NEW_YEAR,
    now="2026-12-31T23:59:59+07:00",
)
case(
    "accepted",
    "unlisted, 00:00 for 00:30",
    LATE,
    drive="night",
    now="2027-01-01T00:00:00+07:00",
    **UNLISTED,
)
case(
    "too_early",
    "unlisted, 23:59 for 00:30",
    LATE,
    drive="night",
    now="2026-12-31T23:59:59+07:00",
    **UNLISTED,
)
case(
    "wrong_day",
    "the morning before the night",
    LATE,
    drive="night",
    known=NEW_YEAR,
    now="2026-12-31T09:59:59+07:00",
)
case(
    "too_late",
    "the afternoon after the night",
    LATE,
    drive="night",
    known=NEW_YEAR,
    now="2027-01-01T14:00:00+07:00",
)
case(
    "wrong_day",
    "past the afternoon after the night",
    LATE,
    drive="night",
    known=NEW_YEAR,
    now="2027-01-01T14:00:01+07:00",
)
FIRST = ticket(slot_minutes=10)
case(
    "accepted",
    "unlisted, 23:40 the day before for 00:10",
    FIRST,
    drive="midnight",
    now="2026-11-30T23:40:00+07:00",
    **UNLISTED,
)
case(
    "too_early",
    "unlisted, 23:39 the day before for 00:10",
    FIRST,
    drive="midnight",
    now="2026-11-30T23:39:59+07:00",
    **UNLISTED,
)
case(
    "accepted",
    "unlisted, drive written in UTC",
    drive="utc",
    now="2026-12-01T00:30:00Z",
    **UNLISTED,
)
case(
    "too_early",
    "unlisted, drive written in UTC, a second early",
    drive="utc",
    now="2026-12-01T00:29:59Z",
    **UNLISTED,
)
case(
    "accepted", "unlisted, another zone", drive="tokyo", now="2026-12-01T07:30:00+09:00", **UNLISTED
)
case(
    "too_early",
    "unlisted, another zone, a second early",
    drive="tokyo",
    now="2026-12-01T07:29:59+09:00",
    **UNLISTED,
)

# the order: each case fits two or more rules, the first one wins
OTHER_DAY = "2026-12-02T08:05:00+07:00"
EARLY = "2026-12-01T07:00:00+07:00"
case("malformed", "order: malformed before wrong_drive", {"ticket": resigned(15, 0x84)})
case("wrong_drive", "order: wrong_drive before bad_signature", ticket("foreign", drive_number=1))
case("wrong_drive", "order: wrong_drive before wrong_day", ticket(drive_number=1), now=OTHER_DAY)
case("bad_signature", "order: bad_signature before wrong_day", ticket("foreign"), now=OTHER_DAY)
case("bad_signature", "order: bad_signature before revoked", ticket("foreign"), known=CANCELLED)
case(
    "bad_signature",
    "order: bad_signature before already_scanned",
    ticket("foreign"),
    scanned_here=True,
)
case("unknown", "order: unknown before wrong_day", CODE, known=None, now=OTHER_DAY)
case("unknown", "order: unknown before revoked", CODE, known=None, drive="cancelled")
case("wrong_day", "order: wrong_day before revoked", known=CANCELLED, now=OTHER_DAY)
case("wrong_day", "order: wrong_day before a missing id", known=None, now=OTHER_DAY)
case("wrong_day", "order: wrong_day before waitlisted", known=WAITLISTED, now=OTHER_DAY)
case(
    "wrong_day",
    "order: wrong_day before already_scanned",
    known=CHECKED_IN,
    scanned_here=True,
    now=OTHER_DAY,
)
case("revoked", "order: revoked before waitlisted", known=WAITLISTED, drive="cancelled")
case("revoked", "order: revoked before already_scanned", known=CANCELLED, scanned_here=True)
case("revoked", "order: revoked before visit_ended", known=ENDED, drive="cancelled")
case("revoked", "order: revoked before too_early", known=CANCELLED, now=EARLY)
case("waitlisted", "order: waitlisted before already_scanned", known=WAITLISTED, scanned_here=True)
case("waitlisted", "order: waitlisted before too_early", known=WAITLISTED, now=EARLY)
case("already_scanned", "order: already_scanned before visit_ended", known=ENDED, scanned_here=True)
case(
    "already_scanned",
    "order: already_scanned before too_early",
    known=CHECKED_IN,
    scanned_here=True,
    now=EARLY,
)
case("visit_ended", "order: visit_ended before too_early", known=ENDED, now=EARLY)


def main() -> None:
    vectors: dict[str, Any] = {
        "keys": [
            {"name": name, "private_key": key.hex(), "public_key": public(name)}
            for name, key in PRIVATE.items()
        ],
        "signed": SIGNED,
        "reads": [{"name": n, "text": text, "claims": c} for n, text, c in READS],
        "codes": [
            {"text": text, "code": code, "written": code and format_code(code)}
            for text, code in CODES
        ],
        "drives": {
            name: d | {"midnight": _midnight(d["date"], d["zone"])} for name, d in DRIVES.items()
        },
        "judgements": JUDGEMENTS,
    }
    write(Path(__file__).with_name("tickets.json"), vectors)


def _midnight(on: str, zone: str) -> str:
    from datetime import date

    return drive_midnight(date.fromisoformat(on), zone).isoformat()


def _readable(item: Any) -> str:
    """JSON with letters as letters, and all that nobody can see escaped."""
    text = json.dumps(item, ensure_ascii=False)
    return "".join(
        c if (c.isprintable() and c.isascii()) or c.isalpha() else _escaped(c) for c in text
    )


def _escaped(c: str) -> str:
    return json.dumps(c)[1:-1]


def write(path: Path, vectors: dict[str, Any]) -> None:
    """One case a line, so that a change shows as what it is."""
    parts = []
    for name, value in vectors.items():
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        lines = [
            ("" if key is None else json.dumps(key) + ": ") + _readable(item) for key, item in items
        ]
        brackets = "{}" if isinstance(value, dict) else "[]"
        parts.append(
            f'  "{name}": {brackets[0]}\n    ' + ",\n    ".join(lines) + f"\n  {brackets[1]}"
        )
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
