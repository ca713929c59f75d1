"""Units, the people who act for them, and the tokens of their programs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.text import slugify
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from accounts import audit
from accounts.invitations import new_token
from accounts.models import Invitation, Membership, Role, Unit, User
from accounts.secrets import hash_secret, new_secret
from backend.errors import DomainError, refuse_duplicate
from backend.text import fold
from backend.transactions import in_transaction
from notifications.services import queue_message

INVITATION_LIVES = timedelta(days=7)
FIRST_INVITATION_LIVES = timedelta(days=2)  # printed on a console, used at once
ACCOUNT_GROUP = "account"


class AccountsRefused(DomainError):
    """Codes: ``invitation_used``, ``invitation_expired``, ``other_account``, ``last_owner``,
    ``has_role``, ``unit_closed``, ``has_units``.
    """


# --- Units ------------------------------------------------------------------------------


@in_transaction
def add_unit(*, name: str, parent: Unit | None, by: User | None, now: datetime) -> Unit:
    """Add a unit below another; without a parent it is a union of its own.

    :raises AccountsRefused: ``unit_closed``: the one above has ended.
    """
    if parent is not None and parent.until_on is not None and parent.until_on <= localdate(now):
        raise AccountsRefused("unit_closed", _("This unit was closed."))
    unit = Unit(
        name=name,
        parent=parent,
        is_demonstration=parent.is_demonstration if parent else False,
    )
    _save_under_new_slug(unit)
    audit.record("unit.added", unit, by=by, at=now, unit_id=unit.pk)
    return unit


@in_transaction
def rename_unit(*, unit: Unit, name: str, by: User, now: datetime) -> Unit:
    """Give a unit another name. Its address stays, so that printed links go on working."""
    unit.name = name
    unit.save(update_fields=["name", "name_search"])
    audit.record("unit.renamed", unit, by=by, at=now, unit_id=unit.pk)
    return unit


@in_transaction
def close_unit(*, unit: Unit, on: date, by: User, now: datetime) -> Unit:
    """End a unit from a date on: it is offered no more, and what it did stays.

    :raises AccountsRefused: ``has_units``: units below it are still open.
    """
    below = Unit.objects.descendants(unit).existing_on(on)
    if below.exists():
        raise AccountsRefused("has_units", _("Close the units below it first."))
    unit.until_on = on
    unit.save(update_fields=["until_on"])
    audit.record("unit.closed", unit, by=by, at=now, unit_id=unit.pk)
    return unit


@in_transaction
def reopen_unit(*, unit: Unit, by: User, now: datetime) -> Unit:
    """Take back the closing of a unit."""
    unit.until_on = None
    unit.save(update_fields=["until_on"])
    audit.record("unit.reopened", unit, by=by, at=now, unit_id=unit.pk)
    return unit


class _SlugTaken(Exception):
    pass


def _save_under_new_slug(unit: Unit) -> None:
    """Give a new unit its address: its name, or with something behind it where that is taken.

    The database decides, as two may ask for one name at the same moment.
    """
    words = slugify(fold(unit.name))[:50].strip("-") or "don-vi"
    try:
        unit.slug = words
        with refuse_duplicate(_SlugTaken()):
            unit.save(force_insert=True)
    except _SlugTaken:
        unit.pk = None
        unit.slug = f"{words}-{secrets.token_hex(4)}"
        unit.save(force_insert=True)


# --- The own account --------------------------------------------------------------------


@in_transaction
def change_account(*, user: User, name: str, language: str, now: datetime) -> User:
    """Change how somebody is called, and in which language we write to them."""
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])
    audit.record("account.changed", user, by=user, at=now)
    return user


# --- Roles ------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NewInvitation:
    """An invitation and the one look at its link."""

    invitation: Invitation
    token: str


@in_transaction
def invite(
    *,
    unit: Unit,
    role: Role,
    email: str,
    by: User | None,
    now: datetime,
    lives: timedelta = INVITATION_LIVES,
) -> NewInvitation:
    """Offer somebody a role by a link that works once, and mail it; an older offer ends.

    :raises AccountsRefused: ``has_role``: the person has it already.
    """
    email = email.lower()
    if Membership.objects.filter(unit=unit, role=role, user__email=email).exists():
        raise AccountsRefused("has_role", _("This person has this role already."))
    open_ones = Invitation.objects.filter(
        unit=unit, role=role, email=email, used_at__isnull=True, withdrawn_at__isnull=True
    )
    open_ones.update(withdrawn_at=now)
    invitation = Invitation.objects.create(
        unit=unit,
        role=role,
        email=email,
        token_hash=new_secret(),  # its own hash follows once the id is known
        created_at=now,
        created_by=by,
        expires_at=now + lives,
    )
    token = new_token(invitation)
    invitation.token_hash = hash_secret(token)
    invitation.save(update_fields=["token_hash"])
    audit.record("invitation.made", invitation, by=by, at=now, unit_id=unit.pk)
    if by is not None and not unit.is_demonstration:
        queue_message(
            "invitation",
            about_id=str(invitation.pk),
            group=ACCOUNT_GROUP,
            dedupe_key=f"invitation:{invitation.pk}",
            now=now,
            expires_at=invitation.expires_at,
        )
    return NewInvitation(invitation=invitation, token=token)


@in_transaction
def withdraw_invitation(*, invitation: Invitation, by: User, now: datetime) -> None:
    """End an offer before it was taken; again changes nothing."""
    if invitation.used_at is None and invitation.withdrawn_at is None:
        invitation.withdrawn_at = now
        invitation.save(update_fields=["withdrawn_at"])
        audit.record("invitation.withdrawn", invitation, by=by, at=now, unit_id=invitation.unit_id)


@in_transaction
def accept_invitation(
    *,
    invitation: Invitation,
    user: User | None,
    name: str = "",
    password: str = "",
    language: str = "vi",
    now: datetime,
) -> User:
    """Take an offer: the link is spent, the role is the person's.

    :param user: who is signed in; ``None`` makes an account with ``name`` and ``password``.
    :raises AccountsRefused: ``invitation_used``, ``invitation_expired``; ``other_account`` where
        the address has an account already, or another one than who is signed in.
    """
    invitation = Invitation.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=invitation.pk
    )
    if invitation.used_at is not None or invitation.withdrawn_at is not None:
        raise AccountsRefused("invitation_used", _("This link was used already."))
    if now >= invitation.expires_at:
        raise AccountsRefused("invitation_expired", _("This link is too old."))
    other = AccountsRefused("other_account", _("Sign in with the invited address first."))
    if user is None:
        with refuse_duplicate(other):
            user = User.objects.create_user(email=invitation.email, name=name, password=password)
        user.language = language
        user.save(update_fields=["language"])
    elif user.email != invitation.email:
        raise other
    invitation.used_at = now
    invitation.save(update_fields=["used_at"])
    membership, made = Membership.objects.get_or_create(
        user=user,
        unit_id=invitation.unit_id,
        role=invitation.role,
        defaults={"created_at": now},
    )
    if made:
        audit.record("role.taken", membership, by=user, at=now, unit_id=invitation.unit_id)
    return user


@in_transaction
def remove_role(*, membership: Membership, by: User, now: datetime) -> None:
    """Take a role away.

    :raises AccountsRefused: ``last_owner``: nobody else could manage the unit then.
    """
    if membership.role == Role.OWNER:
        # Lock, then count: two owners must not remove each other.
        above = list(
            Unit.objects.ancestors(membership.unit_id, include_self=True).values_list(
                "pk", flat=True
            )
        )
        owners = Membership.objects.filter(role=Role.OWNER, unit__in=above)
        list(owners.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        if not owners.exclude(pk=membership.pk).exists():
            raise AccountsRefused("last_owner", _("A unit needs an owner. Invite another first."))
    audit.record("role.removed", membership, by=by, at=now, unit_id=membership.unit_id)
    membership.delete()
