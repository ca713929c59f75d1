"""Queue what falls due by the calendar, as beat does each minute."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from events.registrations.services.reminders import queue_due


class Command(BaseCommand):
    help = "Queues the messages that fall due up to a moment, and says what and to how many."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--at", metavar="TIME", help="up to when (ISO 8601); then they are due at once"
        )
        parser.add_argument("--json", action="store_true", help="answer in JSON")
        parser.add_argument("--dry-run", action="store_true", help="only say, queue nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        at = _moment(options["at"]) if options["at"] else now
        queued = queue_due(at=at, now=now, dry_run=options["dry_run"])
        at = timezone.localtime(at)
        if options["json"]:
            self.stdout.write(json.dumps({"at": at.isoformat(), "queued": queued}))
            return
        would = "would be queued" if options["dry_run"] else "queued"
        for kind, count in queued.items():
            self.stdout.write(f"{kind}: {count} {would}")


def _moment(text: str) -> datetime:
    """Read a moment; without an offset it is the installation's own time."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--at: {text!r} is no moment such as 2026-12-04T18:00:00+07:00")
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
