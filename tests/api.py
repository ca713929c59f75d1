"""A caller of the API, as programs are."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework.test import APIClient

from accounts.models import Role, Unit, User
from accounts.tokens import issue_token
from tests.factories import NOW, MembershipFactory, UserFactory

ROOT = "/api/v1/"


class Caller:
    """Calls the API with or without a token; a fault of ours comes back as a 500."""

    def __init__(self, user: User | None = None) -> None:
        self.client = APIClient(raise_request_exception=False)
        self.user: Any = user
        if user is not None:
            _token, secret = issue_token(user=user, name="test", by=user, now=NOW)
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")

    def call(
        self, method: str, path: str, body: Any = None, *, key: object = None, **headers: str
    ) -> Any:
        """Send a request; ``key`` is the Idempotency-Key."""
        if key is not None:
            headers["Idempotency-Key"] = str(key)
        send = getattr(self.client, method)
        if method == "get":
            return send(ROOT + path, body, headers=headers)
        return send(ROOT + path, body, format="json", headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        return self.call("get", path, query)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.call("post", path, {} if body is None else body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> Any:
        return self.call("patch", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        return self.call("delete", path, **options)


def a_key() -> str:
    return str(uuid.uuid4())


def member(unit: Unit, role: str = Role.ORGANIZER) -> User:
    """Make a user with a role in a unit."""
    user: User = UserFactory()
    MembershipFactory(user=user, unit=unit, role=role)
    return user


def organizer(unit: Unit) -> Caller:
    return Caller(member(unit))


def told(response: Any) -> tuple[int, str]:
    """Return the status and code of a refusal, which is problem+json."""
    assert response["Content-Type"] == "application/problem+json", response.content
    problem = response.json()
    assert set(problem) >= {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert problem["status"] == response.status_code
    assert problem["detail"]
    return response.status_code, problem["code"]


def field_errors(response: Any) -> dict[str, str]:
    """Return the code of each field of a 400."""
    assert told(response) == (400, "invalid"), response.content
    return {error["field"]: error["code"] for error in response.json()["errors"]}
