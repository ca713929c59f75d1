"""The verbs of the day. Each is one transaction, safe to be asked for again."""

from events.checkin.services.codes import create_enrolment_code, hand_over
from events.checkin.services.conflicts import leave_conflict, take_back_scan
from events.checkin.services.devices import (
    record_roster_look,
    revoke_device,
    sign_off_device,
)
from events.checkin.services.enrol import enrol_device
from events.checkin.services.late import (
    drop_late_walk_ins,
    leave_late_scans,
    take_late_scans,
)
from events.checkin.services.scans import accept_scans, accept_scans_once
from events.checkin.services.walk_ins import register_walk_in

__all__ = [
    "accept_scans",
    "accept_scans_once",
    "create_enrolment_code",
    "drop_late_walk_ins",
    "enrol_device",
    "hand_over",
    "leave_conflict",
    "leave_late_scans",
    "record_roster_look",
    "register_walk_in",
    "revoke_device",
    "sign_off_device",
    "take_back_scan",
    "take_late_scans",
]
