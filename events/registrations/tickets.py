"""Sign, read and judge tickets and human codes, to the byte as `INTERFACES.md` §3 has them.

Pure: no Django, no clock, nothing kept but loaded keys. `frontend/shared/tickets.ts` is its twin on
the device; both run `tests/vectors/tickets.json`.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from random import Random
from typing import Final, Literal
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION: Final = 1
CLAIMS_BYTES: Final = 16
SIGNATURE_BYTES: Final = 64
DAY_MARGIN: Final = timedelta(hours=12)

_DOMAIN: Final = b"GH1 ticket\x00"  # so that a signature means nothing anywhere else
_WALK_IN: Final = 1
_GROUP: Final = 2
_REHEARSAL: Final = 128
_FLAGS: Final = _WALK_IN | _GROUP | _REHEARSAL


class Verdict(StrEnum):
    """What staff see after a scan. The codes never change; ``judge`` gives the first that fits."""

    MALFORMED = "malformed"
    WRONG_DRIVE = "wrong_drive"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN = "unknown"
    WRONG_DAY = "wrong_day"
    REVOKED = "revoked"
    WAITLISTED = "waitlisted"
    ALREADY_SCANNED = "already_scanned"
    VISIT_ENDED = "visit_ended"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    OUT_OF_ORDER = "out_of_order"  # not judged until stations have an order
    ACCEPTED = "accepted"


# --- Tickets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claims:
    """What a ticket says. Nothing in it is about the person.

    ``slot_minutes`` is the slot's start (a walk-in: when it was made) in minutes after 00:00 of the
    drive's first date in its zone; beyond 1440 after midnight.
    """

    key_id: int
    drive_number: int
    registration_id: str  # 16 lower-case hex digits
    slot_minutes: int
    walk_in: bool = False
    group: bool = False
    rehearsal: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A text that has the shape of a ticket. Whether it is genuine only ``judge`` says."""

    claims: Claims
    signature: bytes


def pack(claims: Claims) -> bytes:
    """Give the 16 bytes that are signed.

    :raises ValueError: a number does not fit its bytes, or the id is not 16 hex digits.
    """
    registration = bytes.fromhex(claims.registration_id)
    if len(registration) != 8 or registration.hex() != claims.registration_id:
        raise ValueError("A registration id has 16 lower-case hex digits.")
    flags = _WALK_IN * claims.walk_in | _GROUP * claims.group | _REHEARSAL * claims.rehearsal
    try:
        return b"".join(
            (
                bytes((VERSION, claims.key_id)),
                claims.drive_number.to_bytes(3, "big"),
                registration,
                claims.slot_minutes.to_bytes(2, "big"),
                bytes((flags,)),
            )
        )
    except OverflowError as error:
        raise ValueError(str(error)) from None


def unpack(packed: bytes) -> Claims | None:
    """Give what 16 bytes say; None for another length or version, or a reserved flag."""
    if len(packed) != CLAIMS_BYTES or packed[0] != VERSION or packed[15] & ~_FLAGS:
        return None
    return Claims(
        key_id=packed[1],
        drive_number=int.from_bytes(packed[2:5], "big"),
        registration_id=packed[5:13].hex(),
        slot_minutes=int.from_bytes(packed[13:15], "big"),
        walk_in=bool(packed[15] & _WALK_IN),
        group=bool(packed[15] & _GROUP),
        rehearsal=bool(packed[15] & _REHEARSAL),
    )


def sign(claims: Claims, private_key: bytes) -> str:
    """Give the payload of a ticket; the same claims and key always give the same one.

    :param private_key: 32 bytes, from ``new_private_key``.
    """
    packed = pack(claims)
    der = _load_private(private_key).sign(
        _DOMAIN + packed, ec.ECDSA(SHA256(), deterministic_signing=True)
    )
    r, s = decode_dss_signature(der)
    return base64.b32encode(packed + r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()


def ticket_text(base_url: str, payload: str) -> str:
    """Give the text of the QR code: upper case throughout, so that the code stays small."""
    return f"{base_url.rstrip('/')}/T/{payload}".upper()


# 128 letters of base32 are 80 bytes exactly. Any host and scheme, or none; a query or fragment may
# have been hung on by whoever passed the link on. ASCII only: "ſ" is no S.
_TICKET = re.compile(
    r"(?:(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//)?[^\x00-\x20/?#]*/[Tt]/)?"
    r"([A-Za-z2-7]{128})(?:/?(?:[?#][\x21-\x7e]*)?)"
)
_TEXT_LENGTH: Final = 1000


def read_ticket(text: object) -> Ticket | None:
    """Read what a camera saw or a request carried; None is ``malformed``. Never raises."""
    if not isinstance(text, str) or len(text) > _TEXT_LENGTH:
        return None
    match = _TICKET.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        return None
    raw = base64.b32decode(match[1].upper())
    claims = unpack(raw[:CLAIMS_BYTES])
    return Ticket(claims, raw[CLAIMS_BYTES:]) if claims else None


# --- Keys ------------------------------------------------------------------------------------


def new_private_key() -> bytes:
    """Make a drive's private key: 32 bytes, to be kept encrypted."""
    return ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32)


def public_key_of(private_key: bytes) -> bytes:
    """Give the public key that devices hold: a 65-byte uncompressed point."""
    public = _load_private(private_key).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def is_genuine(ticket: Ticket, public_key: bytes) -> bool:
    """Whether the ticket was signed by this key, a 65-byte uncompressed point."""
    r = int.from_bytes(ticket.signature[:32], "big")
    s = int.from_bytes(ticket.signature[32:], "big")
    try:
        _load_public(public_key).verify(
            encode_dss_signature(r, s), _DOMAIN + pack(ticket.claims), _ECDSA
        )
    except InvalidSignature:
        return False
    return True


_ECDSA: Final = ec.ECDSA(SHA256())


# Loading costs as much as checking. A server scans for few drives at a time.
@lru_cache(maxsize=256)
def _load_public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


@lru_cache(maxsize=64)
def _load_private(private_key: bytes) -> ec.EllipticCurvePrivateKey:
    if len(private_key) != 32:
        raise ValueError("A private key has 32 bytes.")
    return ec.derive_private_key(int.from_bytes(private_key, "big"), ec.SECP256R1())


# --- Human codes -----------------------------------------------------------------------------

_CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_CODE_VALUES: Final = {c: n for n, c in enumerate(_CODE_ALPHABET)}
_CODE_WEIGHTS: Final = (1, 3, 5, 7, 9, 11, 13)
_CODE_TYPED: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzOIL",
    "ABCDEFGH1JK1MN0PQRSTUVWXYZ011",
    " \t\r\n\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212",  # spaces and dashes
)


def make_code(random: Random) -> str:
    """Make a human code, 8 characters without the dash; ``random`` must not be guessable.

    Unique only by chance, 1 in 34 thousand million: the caller's constraint decides.
    """
    value = random.getrandbits(35)
    body = "".join(_CODE_ALPHABET[value >> shift & 31] for shift in range(30, -1, -5))
    return body + _check_character(body)


def format_code(code: str) -> str:
    """Give a code as it is written and sent: ``ABCD-EFGN``."""
    return f"{code[:4]}-{code[4:]}"


def read_code(text: object) -> str | None:
    """Read a code as somebody typed it; None is ``malformed``. Never raises.

    :returns: 8 characters without the dash.
    """
    if not isinstance(text, str) or len(text) > 64:
        return None
    code = text.translate(_CODE_TYPED)
    if len(code) != 8 or any(c not in _CODE_VALUES for c in code):
        return None
    return code if _check_character(code[:7]) == code[7] else None


def _check_character(body: str) -> str:
    total = sum(_CODE_VALUES[c] * weight for c, weight in zip(body, _CODE_WEIGHTS, strict=True))
    return _CODE_ALPHABET[total % 32]


# --- The one rule ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DriveFacts:
    """What judging needs to know of the drive that is being scanned for."""

    number: int
    starts_at: datetime
    ends_at: datetime
    midnight: datetime  # see ``drive_midnight``
    keys: Mapping[int, bytes]  # public keys by their id, as 65-byte points
    tolerance_minutes: int = 30
    rehearsal: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class KnownRegistration:
    """What the roster or the server knows. A walk-in has no slot.

    ``cancelled`` stands for erased too; ``ended`` is donated, deferred or left.
    """

    status: Literal["waitlisted", "registered", "checked_in", "ended", "cancelled"]
    slot_starts_at: datetime | None = None
    slot_ends_at: datetime | None = None


def drive_midnight(first_date: date, zone: str) -> datetime:
    """Give 00:00 of the drive's first date in its zone: what a ticket's minutes count from."""
    return datetime.combine(first_date, time.min, ZoneInfo(zone)).astimezone(UTC)


def minutes_after(midnight: datetime, at: datetime) -> int:
    """Give a moment as a ticket holds it, for ``Claims.slot_minutes``."""
    return int((at - midnight) // timedelta(minutes=1))


def judge(
    read: Ticket | str | None,
    *,
    drive: DriveFacts,
    known: KnownRegistration | None,
    scanned_here: bool,
    now: datetime | None,
    admit: bool = False,
    on_server: bool = True,
) -> Verdict:
    """Give the verdict on what was read; the first rule that matches wins.

    :param read: a ticket from ``read_ticket``; a code or registration id as text; None where what
        was read is neither.
    :param known: this drive's registration of that ticket, code or id. A device without one judges
        a signed ticket by itself ("chưa có tên trên máy này").
    :param scanned_here: a scan that counts, at this station, is already known.
    :param now: corrected time, or None where no clock can be trusted: no time line is judged.
    :param admit: staff let the person in over ``too_early`` or ``too_late``.
    """
    if read is None:
        return Verdict.MALFORMED
    if isinstance(read, Ticket):
        claims = read.claims
        if claims.drive_number != drive.number or claims.rehearsal != drive.rehearsal:
            return Verdict.WRONG_DRIVE
        key = drive.keys.get(claims.key_id)
        if key is None or not is_genuine(read, key):
            return Verdict.BAD_SIGNATURE
    elif known is None:
        return Verdict.UNKNOWN
    if now is not None and not (drive.starts_at - DAY_MARGIN <= now <= drive.ends_at + DAY_MARGIN):
        return Verdict.WRONG_DAY
    if drive.cancelled or (known.status == "cancelled" if known else on_server):
        return Verdict.REVOKED
    if known and known.status == "waitlisted":
        return Verdict.WAITLISTED
    if scanned_here:
        return Verdict.ALREADY_SCANNED
    if known and known.status == "ended":
        return Verdict.VISIT_ENDED
    if now is None or admit:
        return Verdict.ACCEPTED
    return _judge_slot(read, drive=drive, known=known, now=now)


def _judge_slot(
    read: Ticket | str, *, drive: DriveFacts, known: KnownRegistration | None, now: datetime
) -> Verdict:
    if known:
        starts_at, ends_at = known.slot_starts_at, known.slot_ends_at
    elif isinstance(read, Ticket) and not read.claims.walk_in:
        # The ticket does not say when its slot ends; at the latest with the drive.
        starts_at, ends_at = drive.midnight + timedelta(minutes=read.claims.slot_minutes), None
    else:
        return Verdict.ACCEPTED
    tolerance = timedelta(minutes=drive.tolerance_minutes)
    if starts_at is None:
        return Verdict.ACCEPTED
    if now < starts_at - tolerance:
        return Verdict.TOO_EARLY
    if now > (ends_at or drive.ends_at) + tolerance:
        return Verdict.TOO_LATE
    return Verdict.ACCEPTED
