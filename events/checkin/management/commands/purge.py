"""``manage.py purge``: end what has been kept long enough. Run it once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.models import Invitation
from events.checkin.models import EnrolmentCode
from events.checkin.services import drop_late_walk_ins
from events.registrations.services.erase import drop_old_keys, erase_old_registrations
from notifications.models import Message

# One-use links and codes are of no use to anybody once they are spent or over.
LINKS_KEPT_FOR: Final = timedelta(days=30)
# Long enough to answer "I never got a ticket"; a reason in words lies in the message too.
MESSAGES_KEPT_FOR: Final = timedelta(days=90)


class Command(BaseCommand):
    help = (
        "End what has been kept long enough: names after 24 months, late walk-ins, keys, links,"
        " messages."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        ended = {
            "registrations erased": erase_old_registrations(now=now),
            "late walk-ins": drop_late_walk_ins(now=now),
            "keys of repeated writes": drop_old_keys(now=now),
            "messages": Message.objects.exclude(status=Message.Status.QUEUED)
            .filter(finished_at__lt=now - MESSAGES_KEPT_FOR)
            .delete()[0],
            "invitations": Invitation.objects.filter(expires_at__lt=now - LINKS_KEPT_FOR).delete()[
                0
            ],
            "device codes": EnrolmentCode.objects.filter(
                expires_at__lt=now - LINKS_KEPT_FOR, device__isnull=True
            ).delete()[0],
            "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
        }
        for what, count in ended.items():
            self.stdout.write(f"{count:>8}  {what}")
