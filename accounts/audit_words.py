"""What the log says for each action; an action without a line here is shown as it is written."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

WORDS: Final = {
    "account.changed": _("changed the own account"),
    "api_token.issued": _("made a token for a program"),
    "api_token.revoked": _("took back a token"),
    "device.code_created": _("made a code for a device"),
    "device.enrolled": _("added a device"),
    "device.late_scans_left": _("left out what a revoked device had scanned"),
    "device.late_scans_taken": _("took what a revoked device had scanned"),
    "device.revoked": _("revoked a device"),
    "device.signed_off": _("signed a device off"),
    "drive.cancelled": _("cancelled the drive"),
    "drive.changed": _("changed the drive"),
    "drive.created": _("made a drive"),
    "drive.late_walk_ins_erased": _("erased whom a revoked device had registered on site"),
    "drive.paused": _("paused registration"),
    "drive.published": _("published the drive"),
    "drive.resumed": _("resumed registration"),
    "invitation.made": _("invited somebody"),
    "invitation.withdrawn": _("withdrew an invitation"),
    "messages.retried": _("sent failed messages again"),
    "roster.loaded": _("loaded the list onto a device"),
    "registration.cancelled": _("cancelled a place"),
    "registration.changed": _("changed a registration"),
    "registration.confirmed": _("said to come"),
    "registration.conflict_left": _("left a conflict between devices as it is"),
    "registration.created": _("registered somebody"),
    "registration.moved": _("moved to another time"),
    "registration.promoted": _("got a place from the waiting list"),
    "registration.resent": _("sent a ticket again"),
    "registration.viewed": _("opened somebody’s page"),
    "registration.walked_in": _("came without registration"),
    "registrations.erased": _("erased the people of old drives"),
    "registrations.exported.registered": _("exported the list"),
    "registrations.exported.roster": _("exported the roster"),
    "registrations.seen": _("looked through the list"),
    "registrations.printed": _("printed the roster"),
    "role.removed": _("took a role away"),
    "role.taken": _("took a role"),
    "scan.taken_back": _("took a scan back"),
    "ticket.asked_again": _("asked for a lost ticket"),
    "unit.added": _("added a unit"),
    "unit.closed": _("closed a unit"),
    "unit.renamed": _("renamed a unit"),
    "unit.reopened": _("opened a unit again"),
    "walk_in.set_apart": _("sent somebody registered on site after it was revoked"),
}


# The same, where the person concerned did it.
OWN_WORDS: Final = {
    "registration.cancelled": _("gave the place up"),
    "registration.changed": _("changed the details"),
    "registration.confirmed": _("said to come"),
    "registration.created": _("registered"),
    "registration.moved": _("took another time"),
    "registration.promoted": _("got a place from the waiting list"),
}
TARGETS: Final = {
    "drives.drive": _("drive"),
    "registrations.registration": _("registration"),
    "checkin.device": _("device"),
    "checkin.enrolmentcode": _("code of a device"),
    "checkin.scan": _("scan"),
    "checkin.latewalkin": _("walk-in"),
    "accounts.unit": _("unit"),
    "accounts.membership": _("role"),
    "accounts.invitation": _("invitation"),
    "accounts.apitoken": _("token"),
    "accounts.user": _("account"),
}


def words(action: str, *, own: bool = False) -> str:
    """Return what the log says of an action; ``own`` where the person concerned did it."""
    said = OWN_WORDS.get(action) if own else None
    return str(said or WORDS.get(action) or action)


def target_words(target_type: str) -> str:
    return str(TARGETS.get(target_type) or target_type)
