"""API tokens: a program that has one acts as its user."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from accounts import audit
from accounts.models import ApiToken, User
from accounts.secrets import hash_secret, new_secret
from backend.transactions import in_transaction

LONGEST_SECRET = 200
# The moment of the last use is there to see a forgotten token by; it costs one write a minute.
USE_NOTED_EVERY = timedelta(minutes=1)


@in_transaction
def issue_token(
    *, user: User, name: str, by: User | None, now: datetime, secret: str = ""
) -> tuple[ApiToken, str]:
    """Make a token; its secret is returned once and kept as a hash alone.

    :param secret: one that is kept elsewhere already, with 128 random bits at least.
    """
    secret = secret or new_secret()
    token = ApiToken.objects.create(
        user=user, name=name, token_hash=hash_secret(secret), created_at=now
    )
    audit.record("api_token.issued", token, by=by, at=now)
    return token, secret


@in_transaction
def revoke_token(*, token: ApiToken, by: User, now: datetime) -> None:
    """End a token for good; again changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now):
        audit.record("api_token.revoked", token, by=by, at=now)


def find_token(secret: str) -> ApiToken | None:
    """Return the living token with this secret, whose user may still sign in."""
    if not 0 < len(secret) <= LONGEST_SECRET:
        return None
    tokens = ApiToken.objects.select_related("user")
    return tokens.filter(
        token_hash=hash_secret(secret), revoked_at__isnull=True, user__is_active=True
    ).first()


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Remember when a token was last used, to the minute."""
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        noted_before = Q(last_used_at__isnull=True) | Q(last_used_at=token.last_used_at)
        ApiToken.objects.filter(noted_before, pk=token.pk).update(last_used_at=now)
