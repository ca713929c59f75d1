"""What organizers read about messages: kinds, states, and reasons with their cure."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from notifications.models import Message

KINDS: Final = {
    "registered": _("Place held, with the ticket"),
    "waitlisted": _("On the waiting list"),
    "promoted": _("Place from the waiting list"),
    "cancelled": _("Place cancelled"),
    "reminder": _("Reminder"),
    "reminder_3": _("Reminder, 3 days before"),
    "reminder_1": _("Reminder, 1 day before"),
    "drive_changed": _("Date, time or place changed"),
    "drive_cancelled": _("Drive cancelled"),
    "lost": _("Ticket sent again"),
    "thanks": _("Thanks"),
}
STATUSES: Final = {
    Message.Status.QUEUED: _("waits to be sent"),
    Message.Status.ACCEPTED: _("accepted by the mail server"),
    Message.Status.DELIVERED: _("arrived"),
    Message.Status.DROPPED: _("not needed any more"),
    Message.Status.FAILED: _("failed"),
}
REASONS: Final = {
    "address_refused": _("the mailbox does not exist: correct the address"),
    "address_deferred": _("the mailbox is full or busy; we try again"),
    "no_address": _("no e-mail address: please call"),
    "content_refused": _("the mail server refused the letter: ask who looks after the server"),
    "sender_refused": _("the mail server refuses us as sender: ask who looks after the server"),
    "login_refused": _("the mail server refuses our password: ask who looks after the server"),
    "server_away": _("the mail server cannot be reached; we try again"),
    "server_busy": _("the mail server is busy; we try again"),
    "connection_lost": _("the connection broke; we try again"),
    "no_answer": _("the mail server did not answer; it may arrive twice"),
    "deferred": _("the mail server asked us to wait; we try again"),
    "disk": _("the server’s disk is full: ask who looks after the server"),
    "expired": _("it came too late to be of use"),
    "many_letters": _("this address had many letters that day"),
}


def kind_words(kind: str) -> str:
    return str(KINDS.get(kind, kind))


def status_words(status: str) -> str:
    return str(STATUSES.get(Message.Status(status), status))


def reason_words(reason: str) -> str:
    return str(REASONS.get(reason, reason))
