"""Write visits.json: the cases that visit.py and visit.ts must both pass.

    python -m tests.vectors.make_visits

All is written here by hand; the script only spells out the ids and defaults.
"""

from pathlib import Path
from typing import Any

from tests.vectors.make_tickets import write


def uuid(letter: str) -> str:
    return f"{letter * 8}-0000-4000-8000-000000000000"


def scan(letter: str, at: str, verdict: str = "accepted", **given: Any) -> dict[str, Any]:
    """A scan by device 1 at welcome; ``letter`` a to f makes its id."""
    return {
        "id": uuid(letter),
        "at": at if "T" in at else f"2026-12-01T{at}+07:00",
        "station": "welcome",
        "device": 1,
        "verdict": verdict,
        "shown": None,
        "kind": "pass",
        "undoes": None,
        "by_organizer": False,
    } | given


def undo(letter: str, at: str, of: str, **given: Any) -> dict[str, Any]:
    given = {"verdict": "recorded", "kind": "undo", "undoes": uuid(of)} | given
    return scan(letter, at, **given)


CASES: list[dict[str, Any]] = []


def case(
    name: str,
    scans: list[dict[str, Any]],
    counted: str = "",
    check_ins: dict[str, str] | None = None,
    double: dict[str, str] | None = None,
    cancelled: dict[str, str] | None = None,
) -> None:
    """``counted`` and the conflicts name scans by their letters, in order.

    Without ``check_ins`` the first counted one is that of welcome.
    """
    if check_ins is None:
        check_ins = {"welcome": counted[0]} if counted else {}
    CASES.append(
        {
            "name": name,
            "scans": scans,
            "counted": [uuid(letter) for letter in counted],
            "check_ins": {station: uuid(letter) for station, letter in check_ins.items()},
            "conflicts": [
                {"kind": kind, "station": station, "scans": [uuid(letter) for letter in letters]}
                for kind, of_kind in (("double", double), ("cancelled", cancelled))
                for station, letters in (of_kind or {}).items()
            ],
        }
    )


OFFLINE = {"shown": "accepted", "device": 2}

case("nothing", [])
case("one check-in", [scan("a", "08:00:00")], "a")
case("shown too", [scan("a", "08:00:00", shown="accepted")], "a")
case("the same scan twice", [scan("a", "08:00:00"), scan("a", "08:00:00")], "a")

# What does not count
for verdict in (
    "malformed",
    "wrong_drive",
    "bad_signature",
    "unknown",
    "wrong_day",
    "revoked",
    "waitlisted",
    "already_scanned",
    "visit_ended",
    "too_early",
    "too_late",
    "out_of_order",
    "not_allowed",
):
    case(f"{verdict} is no check-in", [scan("a", "08:00:00", verdict)])
    case(
        f"{verdict} after a check-in is no conflict",
        [scan("a", "08:00:00"), scan("b", "08:01:00", verdict)],
        "a",
    )
for verdict in (
    "malformed",
    "wrong_drive",
    "bad_signature",
    "unknown",
    "wrong_day",
    "waitlisted",
    "visit_ended",
    "too_early",
    "too_late",
    "out_of_order",
    "not_allowed",
):
    case(f"{verdict}, shown accepted, does not count", [scan("a", "08:00:00", verdict, **OFFLINE)])
case(
    "already_scanned, shown already_scanned",
    [scan("a", "08:00:00"), scan("b", "08:01:00", "already_scanned", shown="already_scanned")],
    "a",
)
case("accepted, whatever was shown", [scan("a", "08:00:00", shown="too_early")], "a")

# Two devices let the same person in
BOTH = [scan("a", "08:00:00"), scan("b", "08:01:00", "already_scanned", **OFFLINE)]
case("double", BOTH, "ab", double={"welcome": "ab"})
case(
    "double, the later arrival was first",
    [scan("a", "08:01:00"), scan("b", "08:00:00", "already_scanned", **OFFLINE)],
    "ba",
    double={"welcome": "ba"},
)
case(
    "double within a millisecond",
    [scan("a", "08:00:00.001"), scan("b", "08:00:00.000", "already_scanned", **OFFLINE)],
    "ba",
    double={"welcome": "ba"},
)
case(
    "double at the same moment: the id decides",
    [scan("b", "08:00:00"), scan("a", "08:00:00", "already_scanned", **OFFLINE)],
    "ab",
    double={"welcome": "ab"},
)
case(
    "double at the same moment in two zones",
    [
        scan("b", "08:00:00"),
        scan("a", "2026-12-01T01:00:00Z", "already_scanned", **OFFLINE),
    ],
    "ab",
    double={"welcome": "ab"},
)
case(
    "double on the same device",
    [scan("a", "08:00:00"), scan("b", "08:05:00", "already_scanned", shown="accepted")],
    "ab",
    double={"welcome": "ab"},
)
case(
    "three times",
    [
        scan("c", "08:02:00", "already_scanned", **OFFLINE),
        scan("a", "08:01:00", "already_scanned", **OFFLINE),
        scan("b", "08:00:00"),
    ],
    "bac",
    double={"welcome": "bac"},
)
case(
    "hours apart",
    [scan("a", "11:00:00"), scan("b", "07:30:00", "already_scanned", **OFFLINE)],
    "ba",
    double={"welcome": "ba"},
)

# Stations
case(
    "each station by itself",
    [
        scan("a", "08:00:00"),
        scan("b", "08:20:00", station="medical_check"),
        scan("c", "08:10:00", station="identity"),
    ],
    "acb",
    check_ins={"welcome": "a", "identity": "c", "medical_check": "b"},
)
case(
    "double at one of two stations",
    [
        scan("a", "08:00:00"),
        scan("b", "08:20:00", station="identity"),
        scan("c", "08:10:00", "already_scanned", station="identity", **OFFLINE),
    ],
    "acb",
    check_ins={"welcome": "a", "identity": "c"},
    double={"identity": "cb"},
)

# After a cancellation
case("cancelled", [scan("a", "08:00:00", "revoked", **OFFLINE)], "a", cancelled={"welcome": "a"})
case("cancelled, and refused", [scan("a", "08:00:00", "revoked", shown="revoked")])
case(
    "cancelled and double",
    [
        scan("a", "08:00:00", "revoked", **OFFLINE),
        scan("b", "08:01:00", "already_scanned", **(OFFLINE | {"device": 3})),
    ],
    "ab",
    double={"welcome": "ab"},
    cancelled={"welcome": "ab"},
)
case(
    "cancelled and double, the later one arrived first",
    [
        scan("b", "08:01:00", "revoked", **(OFFLINE | {"device": 3})),
        scan("a", "08:00:00", "already_scanned", **OFFLINE),
    ],
    "ab",
    double={"welcome": "ab"},
    cancelled={"welcome": "ab"},
)
case(
    "cancelled, undone",
    [scan("a", "08:00:00", "revoked", **OFFLINE), undo("f", "08:00:05", "a", device=2)],
)
case(
    "cancelled, undone, and let in by another device",
    [
        scan("a", "08:00:00", "revoked", **OFFLINE),
        undo("f", "08:00:05", "a", device=2),
        scan("b", "08:01:00", "already_scanned", **(OFFLINE | {"device": 3})),
    ],
    "b",
    cancelled={"welcome": "b"},
)
case(
    "cancelled after the check-in, at the next station",
    [
        scan("a", "08:00:00"),
        scan("b", "08:20:00", "revoked", station="identity", **OFFLINE),
    ],
    "ab",
    check_ins={"welcome": "a", "identity": "b"},
    cancelled={"identity": "b"},
)

# Undo
A = scan("a", "08:00:00")
case("undone", [A, undo("f", "08:00:05", "a")])
case("undone twice", [A, undo("e", "08:00:05", "a"), undo("f", "08:00:06", "a")])
case("undone before it, by a wrong clock", [A, undo("f", "07:00:00", "a")])
case("undone by another device", [A, undo("f", "08:00:05", "a", device=2)], "a")
case("undone by an organizer", [A, undo("f", "08:00:05", "a", device=None, by_organizer=True)])
case(
    "undone by an organizer's own device",
    [A, undo("f", "08:00:05", "a", device=2, by_organizer=True)],
)
DESK = scan("a", "08:00:00", device=None)
case(
    "made without a device, undone without one",
    [DESK, undo("f", "08:00:05", "a", device=None)],
    "a",
)
case("an undo is no check-in", [undo("f", "08:00:05", "a", verdict="accepted", shown="accepted")])
case("an undo of nothing", [A, undo("f", "08:00:05", "b")], "a")
case("an undo that names nothing", [A, undo("f", "08:00:05", "a", undoes=None)], "a")
case("an undo of an undo", [A, undo("e", "08:00:05", "a"), undo("f", "08:00:06", "e")])
case("an undo of itself", [A, undo("f", "08:00:05", "f")], "a")
case("a pass that names another", [A, scan("b", "08:00:05", "too_early", undoes=uuid("a"))], "a")
case(
    "undone, then let in again",
    [A, undo("f", "08:00:05", "a"), scan("b", "08:01:00")],
    "b",
)
case(
    "the check-in undone: the next one becomes the first",
    [*BOTH, undo("f", "08:02:00", "a")],
    "b",
)
case(
    "the double undone: no conflict is left",
    [*BOTH, undo("f", "08:02:00", "b", device=2)],
    "a",
)
case(
    "the double undone by the first device: nothing changes",
    [*BOTH, undo("f", "08:02:00", "b", device=1)],
    "ab",
    double={"welcome": "ab"},
)
case(
    "one of three undone",
    [
        *BOTH,
        scan("c", "08:02:00", "already_scanned", **OFFLINE),
        undo("f", "08:02:05", "a"),
    ],
    "bc",
    double={"welcome": "bc"},
)
case(
    "an undo that was not allowed",
    [A, undo("f", "08:00:05", "a", device=2, verdict="not_allowed")],
    "a",
)

CORRECTED: list[dict[str, Any]] = [
    {
        "name": name,
        "scanned_at": scanned_at,
        "clock_offset_ms": offset,
        "sent_at": sent_at,
        "received_at": received_at,
        "corrected": corrected,
    }
    for name, scanned_at, offset, sent_at, received_at, corrected in [
        (
            "offset",
            "2026-12-01T08:00:00+07:00",
            1500,
            "2026-12-01T09:00:00+07:00",
            "2026-12-01T10:00:00+07:00",
            "2026-12-01T01:00:01.500Z",
        ),
        (
            "offset backwards",
            "2026-12-01T11:00:00+07:00",
            -10800000,
            "2026-12-01T11:00:01+07:00",
            "2026-12-01T08:00:01+07:00",
            "2026-12-01T01:00:00Z",
        ),
        (
            "offset zero",
            "2026-12-01T08:00:00+07:00",
            0,
            "2026-12-01T09:00:00+07:00",
            "2026-12-01T10:00:00+07:00",
            "2026-12-01T01:00:00Z",
        ),
        (
            "no offset, clock three hours fast",
            "2026-12-01T11:00:00+07:00",
            None,
            "2026-12-01T12:00:00+07:00",
            "2026-12-01T09:00:00+07:00",
            "2026-12-01T01:00:00Z",
        ),
        (
            "no offset, right clock, sent hours later",
            "2026-12-01T08:00:00+07:00",
            None,
            "2026-12-01T14:00:00+07:00",
            "2026-12-01T14:00:00.250+07:00",
            "2026-12-01T01:00:00.250Z",
        ),
        (
            "no offset, clock at the epoch",
            "1970-01-01T00:05:00Z",
            None,
            "1970-01-01T00:06:00Z",
            "2026-12-01T01:00:00Z",
            "2026-12-01T00:59:00Z",
        ),
        (
            "an offset out of the calendar",
            "2026-12-01T08:00:00+07:00",
            9007199254740991,
            "2026-12-01T08:00:00+07:00",
            "2026-12-01T08:00:01+07:00",
            "2026-12-01T01:00:01Z",
        ),
    ]
]


def main() -> None:
    write(Path(__file__).with_name("visits.json"), {"corrected": CORRECTED, "visits": CASES})


if __name__ == "__main__":
    main()
