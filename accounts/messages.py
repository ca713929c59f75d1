"""What accounts write to people: a link to set a password, and an invitation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.invitations import invitation_url, token_of
from accounts.models import Invitation, User
from backend import formats
from notifications.kinds import Facts, NotWanted, register_kind
from notifications.letters import Letter
from notifications.models import Message


def register_kinds() -> None:
    """Name the kinds; the app calls this once it is ready."""
    register_kind(
        "password_reset",
        load=_load_users,
        context=_password_reset,
        superseded_by=["password_reset"],
    )
    register_kind("invitation", load=_load_invitations, context=_invitation)


def _numbers(ids: Sequence[str]) -> list[int]:
    return [int(id) for id in ids if id.isdecimal()]


def _load_users(ids: Sequence[str]) -> Mapping[str, Facts]:
    users = User.objects.filter(pk__in=_numbers(ids), is_active=True)
    return {str(user.pk): _facts(user, user.language) for user in users}


def _load_invitations(ids: Sequence[str]) -> Mapping[str, Facts]:
    invitations = Invitation.objects.filter(pk__in=_numbers(ids))
    return {
        str(invitation.pk): _facts(
            invitation, invitation.created_by.language if invitation.created_by else "vi"
        )
        for invitation in invitations.select_related("unit", "created_by")
    }


def _facts(subject: object, language: str) -> Facts:
    return Facts(subject=subject, language=language, zone=ZoneInfo(settings.TIME_ZONE))


def _password_reset(user: User, message: Message, now: datetime) -> Letter:
    """Make the link now: it is signed over the present password and ends with the next one."""
    key = default_token_generator.make_token(user)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(user), "key": key},
    )
    return Letter(
        to=user.email,
        subject=_("Set a new password"),
        template="accounts/mail/password_reset",
        context={
            "name": user.name,
            "url": f"{settings.BASE_URL}{path}",
            "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
        },
    )


def _invitation(invitation: Invitation, message: Message, now: datetime) -> Letter:
    if invitation.used_at or invitation.withdrawn_at:
        raise NotWanted("used")
    token = token_of(invitation)
    if token is None:
        raise NotWanted("key_changed")
    return Letter(
        to=invitation.email,
        subject=_("Invitation to %(unit)s") % {"unit": invitation.unit.name},
        template="accounts/mail/invitation",
        context={
            "unit": invitation.unit.name,
            "role": invitation.get_role_display(),
            "by": invitation.created_by.name if invitation.created_by else "",
            "until": formats.full_date(invitation.expires_at.astimezone(_zone()).date()),
            "url": invitation_url(token),
        },
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
