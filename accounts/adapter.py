"""How allauth meets our users: no public sign-up, our outbox for its mail."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import ACCOUNT_GROUP
from backend.crypto import decrypt, encrypt
from notifications.services import queue_message


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("This e-mail address and password do not go together."),
        "too_many_login_attempts": _("Too many tries. Wait a while, then try again."),
        "enter_current_password": _("This is not the present password."),
        "incorrect_password": _("This is not the present password."),
        "incorrect_code": _("This code is not right or was used already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that the proxy's headers were already checked for."""
        return str(request.META.get("REMOTE_ADDR") or "127.0.0.1")

    def reauthenticate(self, user: User, password: str) -> bool:
        found = self.authenticate(self.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Queue the link; it is made when the message is sent, so the outbox holds no secret.

        Whoever asks waits for the same one row, whether the address is known or not.
        """
        now = timezone.now()
        if not user.is_demonstration:
            queue_message(
                "password_reset",
                about_id=str(user.pk),
                group=ACCOUNT_GROUP,
                dedupe_key=f"password_reset:{user.pk}:{now:%Y%m%d%H%M}",
                now=now,
            )

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing else: every mail of ours is a kind of the outbox."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing in allauth's words; our pages say what happened."""


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of authenticator apps and recovery codes lie encrypted with ``FIELD_KEY``."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right or was used already."),
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(encrypt(text.encode())).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(base64.b64decode(encrypted_text)).decode()
