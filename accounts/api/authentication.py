"""Who calls: a program with ``Authorization: Bearer <token>``, which acts as its user."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.tokens import find_token, note_use
from backend.limits import hit
from backend.proxies import limit_key


class BearerAuthentication(BaseAuthentication):
    """Gives the token's user as ``request.user`` and the token as ``request.auth``."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        secret = parts[1].decode("ascii", "replace") if len(parts) == 2 else ""
        token = find_token(secret)
        if token is None:
            refuse_over_limit("MISSES", limit_key(request))
            raise exceptions.AuthenticationFailed(_("This token is not known."))
        refuse_over_limit("API", f"token:{token.pk}")
        note_use(token, now=timezone.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsUser(BasePermission):
    """Lets in who has a token; what of the product, querysets decide."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, User)


def refuse_over_limit(name: str, key: str) -> None:
    """Count one try of ``key``; raise 429 where it is one too many."""
    if wait := hit(name, key):
        raise exceptions.Throttled(wait)


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names it."""

    target_class = BearerAuthentication
    name = "Bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A token acts as its user."}
