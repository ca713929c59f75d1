import base64
import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.registrations.tickets import (
    Claims,
    DriveFacts,
    KnownRegistration,
    Ticket,
    Verdict,
    drive_midnight,
    format_code,
    is_genuine,
    judge,
    make_code,
    minutes_after,
    new_private_key,
    pack,
    public_key_of,
    read_code,
    read_ticket,
    sign,
    ticket_text,
    unpack,
)

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "tickets.json").read_text(encoding="utf-8")
)
PRIVATE_KEYS = {key["name"]: bytes.fromhex(key["private_key"]) for key in VECTORS["keys"]}
FIRST = PRIVATE_KEYS["first"]


def moment(text):
    return text and datetime.fromisoformat(text)


def drive_facts(row):
    return DriveFacts(
        number=row["number"],
        starts_at=moment(row["starts_at"]),
        ends_at=moment(row["ends_at"]),
        midnight=drive_midnight(date.fromisoformat(row["date"]), row["zone"]),
        keys={key["key_id"]: base64.b64decode(key["public_key"]) for key in row["keys"]},
        tolerance_minutes=row["tolerance_minutes"],
        rehearsal=row["rehearsal"],
        cancelled=row["cancelled"],
    )


DRIVES = {name: drive_facts(row) for name, row in VECTORS["drives"].items()}
MORNING = DRIVES["morning"]
IN_SLOT = moment("2026-12-01T08:05:00+07:00")

claims = st.builds(
    Claims,
    key_id=st.integers(0, 255),
    drive_number=st.integers(0, 2**24 - 1),
    registration_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    slot_minutes=st.integers(0, 2**16 - 1),
    walk_in=st.booleans(),
    group=st.booleans(),
    rehearsal=st.booleans(),
)


def judge_unlisted(text, *, now=IN_SLOT):
    """As a device without a roster, the most trusting of all who judge."""
    return judge(
        read_ticket(text),
        drive=MORNING,
        known=None,
        scanned_here=False,
        now=now,
        on_server=False,
    )


# --- Vectors ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS["signed"], ids=lambda case: case["name"])
def test_sign_gives_the_payload_of_the_vectors(case):
    assert sign(Claims(**case["claims"]), PRIVATE_KEYS[case["key"]]) == case["payload"]


@pytest.mark.parametrize("case", VECTORS["reads"], ids=lambda case: case["name"])
def test_read_ticket_reads_the_vectors(case):
    ticket = read_ticket(case["text"])

    assert (ticket and ticket.claims) == (case["claims"] and Claims(**case["claims"]))


@pytest.mark.parametrize("case", VECTORS["codes"], ids=lambda case: ascii(case["text"][:20]))
def test_read_code_reads_the_vectors(case):
    code = read_code(case["text"])

    assert (code, code and format_code(code)) == (case["code"], case["written"])


@pytest.mark.parametrize("name", VECTORS["drives"])
def test_drive_midnight_agrees_with_the_vectors(name):
    assert DRIVES[name].midnight == moment(VECTORS["drives"][name]["midnight"])


@pytest.mark.parametrize("case", VECTORS["judgements"], ids=lambda case: case["name"])
def test_judge_gives_the_verdict_of_the_vectors(case):
    read = case["read"]
    known = case["known"] and KnownRegistration(
        status=case["known"]["status"],
        slot_starts_at=moment(case["known"]["slot_starts_at"]),
        slot_ends_at=moment(case["known"]["slot_ends_at"]),
    )

    verdict = judge(
        read_ticket(read["ticket"])
        if "ticket" in read
        else read_code(read["code"])
        if "code" in read
        else read["registration"],
        drive=DRIVES[case["drive"]],
        known=known,
        scanned_here=case["scanned_here"],
        now=moment(case["now"]),
        admit=case["admit"],
        on_server=case["on_server"],
    )

    assert verdict == case["verdict"]


def test_vectors_hold_every_verdict_that_is_judged():
    judged = {case["verdict"] for case in VECTORS["judgements"]}

    assert judged == set(Verdict) - {Verdict.OUT_OF_ORDER}


# --- Tickets ---------------------------------------------------------------------------------


@given(claims)
def test_a_signed_ticket_is_read_as_it_was_made(made):
    text = ticket_text("https://gh.example", sign(made, FIRST))
    ticket = read_ticket(text)

    assert ticket is not None
    assert ticket.claims == made
    assert unpack(pack(made)) == made
    assert is_genuine(ticket, public_key_of(FIRST))
    assert re.fullmatch(r"[0-9A-Z $%*+\-./:]*", text)  # alphanumeric mode of QR codes


def test_ticket_text_is_short_enough_for_its_qr_version():
    payload = sign(Claims(1, 1, "0" * 16, 0), FIRST)

    # Alphanumeric characters at level M: 154 in version 6, 178 in version 7.
    assert len(ticket_text("https://" + "a" * 15, payload)) <= 154
    assert len(ticket_text("https://" + "a" * 39, payload)) <= 178


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": 256},
        {"key_id": -1},
        {"drive_number": 2**24},
        {"drive_number": -1},
        {"slot_minutes": 2**16},
        {"slot_minutes": -1},
        {"registration_id": "00"},
        {"registration_id": "AB" * 8},
        {"registration_id": "zz" * 8},
    ],
)
def test_pack_refuses_what_does_not_fit(wrong):
    with pytest.raises(ValueError):
        pack(
            Claims(
                **(
                    {"key_id": 1, "drive_number": 1, "registration_id": "0" * 16, "slot_minutes": 0}
                    | wrong
                )
            )
        )


@given(st.text(max_size=300) | st.binary(max_size=200) | st.none() | st.integers())
def test_reading_never_raises(anything):
    read_ticket(anything)
    read_code(anything)


@pytest.mark.parametrize("text", ["\ud800", "\ud800" + "A" * 127, "\ud800BCD-EFGN"])
def test_half_a_character_is_neither_ticket_nor_code(text):
    assert (read_ticket(text), read_code(text)) == (None, None)


@given(st.binary(min_size=80, max_size=80))
def test_any_80_bytes_are_judged_and_never_accepted(raw):
    verdict = judge_unlisted(base64.b32encode(raw).decode())

    assert verdict in (Verdict.MALFORMED, Verdict.WRONG_DRIVE, Verdict.BAD_SIGNATURE)


def a_ticket(random, *, key=FIRST, slot=480, **other):
    fields = {"key_id": 1, "drive_number": MORNING.number, "slot_minutes": slot}
    return sign(Claims(registration_id=random.randbytes(8).hex(), **(fields | other)), key)


def as_somebody_shows_it(payload, random):
    """As it comes from paper, from a phone's own camera, typed off, passed on in a chat."""
    text = ticket_text(
        random.choice(["https://giothong.example", "http://127.0.0.1:8000"]), payload
    )
    ways = [str, str.lower, str.title, lambda t: f" {t}\r\n", lambda t: f"{t}?fbclid=IwAR0x"]
    return random.choice([payload, random.choice(ways)(text)])


def known_to(random, *, status="registered", now=IN_SLOT):
    """What a roster says of somebody whose time this is."""
    start = now - timedelta(minutes=random.randrange(0, 55))
    return KnownRegistration(status, start, start + timedelta(minutes=30))


def test_10000_good_tickets_are_all_accepted():
    """By the server and by a device, with a roster and without one, early and late by a little."""
    random = Random(1)
    refused = []
    for n in range(10_000):
        slot = random.randrange(485 - 30, 485 + 30)
        flags = {"walk_in": random.random() < 0.1, "group": random.random() < 0.1}
        text = as_somebody_shows_it(a_ticket(random, slot=slot, **flags), random)
        verdict = judge(
            read_ticket(text),
            drive=MORNING,
            known=known_to(random) if n % 2 else None,
            scanned_here=False,
            now=random.choice([IN_SLOT, IN_SLOT, IN_SLOT, None]),
            on_server=n % 4 == 1,
        )
        if verdict != Verdict.ACCEPTED:
            refused.append((text, verdict))

    assert refused == []


def flip_a_bit(random):
    raw = bytearray(base64.b32decode(a_ticket(random)))
    raw[random.randrange(80)] ^= 1 << random.randrange(8)
    return base64.b32encode(raw).decode()


def take_another_name(random):
    """Somebody else's id under a signature that is good for one's own."""
    raw = bytearray(base64.b32decode(a_ticket(random)))
    raw[5:13] = random.randbytes(8)
    return base64.b32encode(raw).decode()


def sign_by_dice(random):
    raw = base64.b32decode(a_ticket(random))[:16] + random.choice(
        [random.randbytes(64), bytes(64), b"\xff" * 64, bytes(31) + b"\1" + bytes(31) + b"\1"]
    )
    return base64.b32encode(raw).decode()


FORGERIES = {
    "one bit": flip_a_bit,
    "another name": take_another_name,
    "signed by dice": sign_by_dice,
    "signed by a stranger": lambda r: a_ticket(r, key=new_private_key()),
    "signed by another drive's key": lambda r: a_ticket(r, key=PRIVATE_KEYS["foreign"]),
    "a key that the drive does not have": lambda r: a_ticket(r, key_id=r.randrange(2, 256)),
    "of another drive": lambda r: a_ticket(
        r, key=PRIVATE_KEYS["foreign"], drive_number=MORNING.number ^ r.randrange(1, 2**24)
    ),
    "of a rehearsal": lambda r: a_ticket(r, rehearsal=True),
    "cut short": lambda r: a_ticket(r)[: r.randrange(128)],
    "made longer": lambda r: a_ticket(r) + r.choice("A2Z7"),
}


def test_10000_forged_altered_and_foreign_tickets_are_never_accepted():
    """By nobody: not by a device without a list or clock, nor where staff let people in."""
    random = Random(2)
    accepted = []
    for n in range(10_000):
        way = list(FORGERIES)[n % len(FORGERIES)]
        text = as_somebody_shows_it(FORGERIES[way](random), random)
        verdict = judge(
            read_ticket(text),
            drive=MORNING,
            known=random.choice([None, known_to(random)]),
            scanned_here=False,
            now=random.choice([IN_SLOT, None]),
            admit=random.random() < 0.5,
            on_server=random.random() < 0.5,
        )
        if verdict not in (Verdict.MALFORMED, Verdict.WRONG_DRIVE, Verdict.BAD_SIGNATURE):
            accepted.append((way, text, verdict))

    assert accepted == []


DEAD = {
    "gave up or erased": ({"known": KnownRegistration("cancelled")}, Verdict.REVOKED),
    "signed, and nobody's": ({"known": None, "on_server": True}, Verdict.REVOKED),
    "the drive was cancelled": ({"drive": replace(MORNING, cancelled=True)}, Verdict.REVOKED),
    "no place yet": ({"known": KnownRegistration("waitlisted")}, Verdict.WAITLISTED),
    "the day before": ({"now": IN_SLOT - timedelta(days=1)}, Verdict.WRONG_DAY),
    "the day after": ({"now": IN_SLOT + timedelta(days=1)}, Verdict.WRONG_DAY),
}


def test_10000_genuine_tickets_that_are_dead_are_never_accepted():
    random = Random(3)
    wrong = []
    for n in range(10_000):
        why = list(DEAD)[n % len(DEAD)]
        fields, expected = DEAD[why]
        given = {
            "drive": MORNING,
            "known": random.choice([None, known_to(random)]),
            "now": random.choice([IN_SLOT, None]),
            "on_server": False,
        } | fields
        read = read_ticket(as_somebody_shows_it(a_ticket(random), random))
        verdict = judge(read, scanned_here=False, admit=random.random() < 0.5, **given)
        if verdict != expected:
            wrong.append((why, verdict))

    assert wrong == []


def test_new_private_keys_differ_and_sign():
    one, other = new_private_key(), new_private_key()
    ticket = read_ticket(sign(Claims(1, 1, "0" * 16, 0), one))

    assert (len(one), len(public_key_of(one)), public_key_of(one)[0]) == (32, 65, 4)
    assert isinstance(ticket, Ticket)
    assert is_genuine(ticket, public_key_of(one))
    assert not is_genuine(ticket, public_key_of(other))


def test_minutes_after_midnight_go_on_after_the_next_one():
    midnight = drive_midnight(date(2026, 12, 31), "Asia/Ho_Chi_Minh")

    assert minutes_after(midnight, moment("2026-12-31T23:30:00+07:00")) == 1410
    assert minutes_after(midnight, moment("2026-12-31T17:30:00+00:00")) == 1470
    assert minutes_after(midnight, midnight + timedelta(seconds=59)) == 0


# --- Codes -----------------------------------------------------------------------------------


@given(st.integers(0, 2**32))
def test_a_made_code_is_read_as_people_type_it(seed):
    code = make_code(Random(seed))

    assert read_code(format_code(code)) == code
    assert read_code(code.lower().replace("0", "o").replace("1", "l")) == code
    assert len(code) == 8


def test_a_code_with_one_wrong_character_is_never_read():
    # The weights are odd, so every single change is found.
    code = make_code(Random(1))
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    wrong = [code[:i] + c + code[i + 1 :] for i in range(8) for c in alphabet if c != code[i]]

    assert [read_code(text) for text in wrong] == [None] * len(wrong)
