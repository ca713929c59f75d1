"""``manage.py demo``: make the demonstration union, print how to use it, or take it away."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.secrets import hash_secret, new_secret
from events.checkin.demonstration import (
    Demonstration,
    ensure_demonstration,
    remove_demonstration,
)
from events.checkin.services import create_enrolment_code
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url

TOKEN_HOLDERS = ("organizer", "secretary", "stranger")
MOST_LISTED = 60


class Command(BaseCommand):
    help = "Make the demonstration union, marked as such. It sends nothing to anybody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="other people for another number")
        parser.add_argument("--json", action="store_true", help="print one JSON object only")
        parser.add_argument("--remove", action="store_true", help="take the demonstration away")
        parser.add_argument("--yes", action="store_true", help="do it on a public server too")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_HTTPS and not (options["yes"] or options["remove"]):
            raise CommandError(
                "BASE_URL is a public address. The demonstration has users with passwords: "
                "say --yes if you want it there."
            )
        kept = KeptSecrets(settings.DATA_DIR / "demo.json")
        if options["remove"]:
            count = remove_demonstration()
            kept.forget()
            self.stdout.write(f"The demonstration is gone, with {count} drives.")
            return
        now = timezone.now()
        made = ensure_demonstration(seed=options["seed"], now=now)
        told = _tell(made, kept, now=now)
        if options["json"]:
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            self.stdout.write(_in_words(told))


class KeptSecrets:
    """Passwords and tokens of the demonstration, made once and kept for its owner alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.values: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.values = {}

    def password_of(self, who: str, user: User) -> str:
        password = self.values.get(f"password:{who}")
        if password is None or not user.check_password(password):
            password = self._keep(f"password:{who}", new_secret())
            user.set_password(password)
            user.save(update_fields=["password"])
        return password

    def token_of(self, who: str, user: User, *, now: datetime) -> str:
        token = self.values.get(f"token:{who}")
        living = ApiToken.objects.filter(user=user, revoked_at__isnull=True)
        if token is None or not living.filter(token_hash=hash_secret(token)).exists():
            token = self._keep(f"token:{who}", new_secret())
            ApiToken.objects.create(
                user=user, name="demo", token_hash=hash_secret(token), created_at=now
            )
        return token

    def _keep(self, name: str, value: str) -> str:
        self.values[name] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(self.values, file, indent=1)
        return value

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def _tell(made: Demonstration, kept: KeptSecrets, *, now: datetime) -> dict[str, Any]:
    units = {
        who: user.memberships.select_related("unit").latest("pk").unit.slug
        for who, user in made.users.items()
    }
    return {
        "base_url": settings.BASE_URL,
        "unit": made.root.slug,
        "users": {
            who: {"login": user.email, "password": kept.password_of(who, user), "unit": units[who]}
            for who, user in made.users.items()
        },
        "api_tokens": {who: kept.token_of(who, made.users[who], now=now) for who in TOKEN_HOLDERS},
        "drives": {
            "today": {
                "slug": made.today.slug,
                "enroll_code": create_enrolment_code(
                    drive=made.today, by=made.users["organizer"], now=now
                ).code,
            },
            "next_week": {"slug": made.next_week.slug},
            "past": {"slug": made.past.slug},
        },
        "registrations": {
            "today": _registrations(made.today, now=now),
            "next_week": _registrations(made.next_week, now=now),
        },
    }


def _registrations(drive: Drive, *, now: datetime) -> list[dict[str, str]]:
    """Return people who hold a place and are still expected, those of the running slot first."""
    expected = (
        drive.registrations.filter(status=Registration.Status.REGISTERED, slot__ends_at__gt=now)
        .select_related("slot", "drive")
        .order_by("slot__starts_at", "pk")
    )
    return [
        {
            "code": format_code(registration.code),
            "ticket": ticket_of(registration),
            "manage_url": manage_url(registration),
        }
        for registration in expected[:MOST_LISTED]
    ]


def _in_words(told: dict[str, Any]) -> str:
    logins = "\n".join(
        f"  {who:<10} {user['login']}  {user['password']}" for who, user in told["users"].items()
    )
    base, drives = told["base_url"], told["drives"]
    return (
        "The demonstration union is there; everybody in it is made up.\n"
        f"Sign in at {base}/login/\n{logins}\n"
        "Try:\n"
        f"  volunteer  {base}/d/{drives['next_week']['slug']}/\n"
        f"  staff      {base}/scan/enroll/#{drives['today']['enroll_code']}  (15 minutes)\n"
        f"  organizer  {base}/manage/\n"
        "Take it away again: python manage.py demo --remove"
    )
