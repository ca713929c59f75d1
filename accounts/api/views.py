"""What views of the API share that know of users and of repeated writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.cache import patch_cache_control
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.authentication import BearerAuthentication, IsUser
from accounts.attempts import Attempt, once
from accounts.models import User
from backend.api import idempotency_key


class View(APIView):
    """Reads the clock once; what it answers is kept by no cache."""

    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now = timezone.now()

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(answer, no_store=True)
        return answer

    def body(self) -> Mapping[str, Any]:
        """Return the body of a write, which is an object.

        :raises exceptions.ValidationError: it is something else.
        """
        data = self.request.data
        if not isinstance(data, dict):
            raise exceptions.ValidationError(code="invalid")
        return data

    def attempt(self, body: Mapping[str, Any]) -> Attempt:
        """Name this try at a write, for the caller and the address with its ids.

        :param body: what the body says, in normal form.
        :raises exceptions.ValidationError: the ``Idempotency-Key`` is no UUID.
        """
        key = idempotency_key(self.request)
        user = self.request.user
        place = f"{self.request.method} {self.request.path_info}"
        return Attempt.of(
            body,
            route=f"api:{hashlib.sha256(place.encode()).hexdigest()[:40]}",
            caller=f"user:{user.pk}" if isinstance(user, User) else "",
            key=key,
        )

    def once(
        self, body: Mapping[str, Any], object_id: str, write: Callable[[], object]
    ) -> tuple[str, bool]:
        """Write on the first try and not again; see ``accounts.attempts.once``."""
        return once(self.attempt(body), object_id, write, now=self.now)


class PublicView(View):
    """Anybody may call it; a token shows its user what others do not see."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [AllowAny]


class ManageView(View):
    """Users call it. It finds things through who asks: what they may not see is not there."""

    authentication_classes = [BearerAuthentication]
    permission_classes = [IsUser]

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user


def written(data: Any, replayed: bool, *, status: int = 200) -> Response:
    """Answer a write; a repeat says that it is one."""
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return Response(data, status=status, headers=headers)
