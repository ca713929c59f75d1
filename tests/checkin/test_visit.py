import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.checkin.visit import VisitScan, corrected_time, fold

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "visits.json").read_text(encoding="utf-8")
)
EIGHT = datetime(2026, 12, 1, 1, tzinfo=UTC)


def visit_scan(row):
    return VisitScan(
        **row
        | {
            "id": UUID(row["id"]),
            "at": datetime.fromisoformat(row["at"]),
            "undoes": row["undoes"] and UUID(row["undoes"]),
        }
    )


def summary(state):
    """The state in the words of the vectors."""
    return {
        "check_ins": {station: str(scan.id) for station, scan in state.check_ins.items()},
        "counted": [str(scan.id) for scan in state.counted],
        "conflicts": [
            {"kind": c.kind, "station": c.station, "scans": [str(scan.id) for scan in c.scans]}
            for c in state.conflicts
        ],
    }


@pytest.mark.parametrize("case", VECTORS["visits"], ids=lambda case: case["name"])
def test_fold_gives_the_state_of_the_vectors_in_every_order(case):
    scans = [visit_scan(row) for row in case["scans"]]
    expected = {name: case[name] for name in ("check_ins", "counted", "conflicts")}

    for order in permutations(scans):
        assert summary(fold(order)) == expected
        assert summary(fold([*order, *order])) == expected


@pytest.mark.parametrize("case", VECTORS["corrected"], ids=lambda case: case["name"])
def test_corrected_time_agrees_with_the_vectors(case):
    corrected = corrected_time(
        scanned_at=datetime.fromisoformat(case["scanned_at"]),
        clock_offset_ms=case["clock_offset_ms"],
        sent_at=datetime.fromisoformat(case["sent_at"]),
        received_at=datetime.fromisoformat(case["received_at"]),
    )

    assert corrected == datetime.fromisoformat(case["corrected"])


IDS = [UUID(int=n) for n in range(8)]
scans = st.lists(
    st.builds(
        VisitScan,
        id=st.sampled_from(IDS),
        at=st.integers(0, 3).map(lambda minutes: EIGHT + timedelta(minutes=minutes)),
        station=st.sampled_from(["welcome", "identity"]),
        device=st.sampled_from([1, 2, None]),
        verdict=st.sampled_from(["accepted", "already_scanned", "revoked", "too_early"]),
        shown=st.sampled_from(["accepted", "already_scanned", None]),
        kind=st.sampled_from(["pass", "pass", "undo"]),
        undoes=st.sampled_from([*IDS, None]),
        by_organizer=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda scan: scan.id,
)


@given(scans, st.randoms(use_true_random=False))
def test_fold_is_the_same_for_every_order_and_repetition(history, random):
    expected = fold(history)
    again = [*history, *random.choices(history, k=5)] if history else []
    random.shuffle(again)

    assert fold(again) == expected
    assert summary(fold(again)) == summary(expected)


@given(scans)
def test_fold_has_one_check_in_a_station_and_every_other_counted_scan_in_a_conflict(history):
    state = fold(history)

    firsts = {scan.id for scan in state.check_ins.values()}
    doubles = [c for c in state.conflicts if c.kind == "double"]
    others = [scan.id for c in doubles for scan in c.scans[1:]]
    assert sorted([*firsts, *others]) == sorted(scan.id for scan in state.counted)
    assert set(state.check_ins) == {scan.station for scan in state.counted}
    for conflict in state.conflicts:
        assert conflict.scans[0] == state.check_ins[conflict.station]


def test_conflict_of_finds_both_scans_of_a_double_and_nothing_else():
    first = VisitScan(IDS[0], EIGHT, "welcome", 1, "accepted")
    second = VisitScan(IDS[1], EIGHT + timedelta(minutes=1), "welcome", 2, "accepted")
    elsewhere = VisitScan(IDS[2], EIGHT, "identity", 2, "accepted")

    state = fold([first, second, elsewhere])

    assert state.conflict_of(IDS[0]) == state.conflict_of(IDS[1]) == state.conflicts[0]
    assert state.conflict_of(IDS[2]) is None
