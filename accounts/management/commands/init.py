"""``manage.py init``: a first real union, and the link with which its owner sets a password."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.utils import timezone

from accounts.invitations import invitation_url
from accounts.models import Role
from accounts.services import FIRST_INVITATION_LIVES, AccountsRefused, add_unit, invite
from backend.transactions import in_transaction


class Command(BaseCommand):
    help = "Make a union and print a one-use link with which its owner sets a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--unit", required=True, metavar="NAME")
        parser.add_argument("--owner", required=True, metavar="EMAIL")

    def handle(self, *, unit: str, owner: str, **_options: Any) -> None:
        name = " ".join(unit.split())
        if not name:
            raise CommandError("--unit needs the name of the union.")
        try:
            validate_email(owner)
        except ValidationError as error:
            raise CommandError(f"--owner: {owner!r} is no e-mail address.") from error
        try:
            link = _first_union(name, owner)
        except AccountsRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(link)
        self.stderr.write(
            f"Open the link within {FIRST_INVITATION_LIVES.days} days. It works once."
        )


@in_transaction
def _first_union(name: str, owner: str) -> str:
    now = timezone.now()
    unit = add_unit(name=name, parent=None, by=None, now=now)
    made = invite(
        unit=unit, role=Role.OWNER, email=owner, by=None, now=now, lives=FIRST_INVITATION_LIVES
    )
    return invitation_url(made.token)
