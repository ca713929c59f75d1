"""What the log says for each action; an action without a line here is shown as it is written."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

WORDS: Final = {
    "api_token.issued": _("made a token for a program"),
    "api_token.revoked": _("took back a token"),
    "device.code_created": _("made a code for a device"),
    "device.enrolled": _("added a device"),
    "device.revoked": _("revoked a device"),
    "device.signed_off": _("signed a device off"),
    "drive.cancelled": _("cancelled the drive"),
    "drive.changed": _("changed the drive"),
    "drive.created": _("made a drive"),
    "drive.paused": _("paused registration"),
    "drive.published": _("published the drive"),
    "drive.resumed": _("resumed registration"),
    "invitation.made": _("invited somebody"),
    "invitation.withdrawn": _("withdrew an invitation"),
    "registration.cancelled": _("cancelled a place"),
    "registration.changed": _("changed a registration"),
    "registration.confirmed": _("said to come"),
    "registration.created": _("registered somebody"),
    "registration.moved": _("moved to another time"),
    "registration.promoted": _("got a place from the waiting list"),
    "registration.resent": _("sent a ticket again"),
    "registration.viewed": _("opened somebody’s page"),
    "registrations.exported": _("exported the list"),
    "registrations.seen": _("looked through the list"),
    "registrations.printed": _("printed the roster"),
    "role.removed": _("took a role away"),
    "role.taken": _("took a role"),
    "unit.added": _("added a unit"),
    "unit.closed": _("closed a unit"),
    "unit.renamed": _("renamed a unit"),
    "unit.reopened": _("opened a unit again"),
}


def words(action: str) -> str:
    return str(WORDS.get(action, action))
