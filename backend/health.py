"""Whether the product lives and is ready; asked by machines, so no language and no session."""

import time
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from backend.pages import unavailable

# What else /readyz tells, named by the apps that know it: {"outbox_oldest_seconds": callable}.
# It is told, never a reason for 503, because sign-up and scans go on.
TOLD: dict[str, Callable[[], Any]] = {}
SECONDS_BETWEEN_LOOKS = 1.0


class Schema:
    """Whether every migration has run. Once it has, it is not asked again."""

    def __init__(self) -> None:
        self.is_current = False
        self._looked_at = float("-inf")

    def look(self) -> bool:
        """Ask the database, at most once a second.

        :raises DatabaseError: it is away.
        """
        if self.is_current:
            return True
        now = time.monotonic()
        if now - self._looked_at >= SECONDS_BETWEEN_LOOKS:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            self.is_current = not plan
            self._looked_at = now
        return self.is_current


schema = Schema()


class HealthMiddleware:
    """Answers /healthz and /readyz before anything else; on an old schema it answers only these.

    The web process does not migrate: during a roll-out it may start before the release step.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path_info == "/readyz":
            return readyz()
        # The page that says so needs its styles: files are served whatever the schema.
        asks_file = request.path_info.startswith(settings.STATIC_URL)
        if not schema.is_current and not asks_file:
            try:
                current = schema.look()
            except (DatabaseError, InterfaceError):
                current = False
            if not current:
                return unavailable(request)
        return self.get_response(request)


def readyz() -> HttpResponse:
    database = migrations = True
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        migrations = schema.look()
    except (DatabaseError, InterfaceError):
        database = migrations = False
    told: dict[str, Any] = {"broker": broker_answers(), "outbox_oldest_seconds": None}
    if database and migrations:
        for name, ask in TOLD.items():
            try:
                told[name] = ask()
            except (DatabaseError, InterfaceError):
                database = False
    ready = database and migrations
    return JsonResponse(
        {"database": database, "migrations": migrations, **told},
        status=200 if ready else 503,
        headers={"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": "5"}),
    )


def broker_answers() -> bool:
    options: dict[str, Any] = {"socket_timeout": 1, "socket_connect_timeout": 1}
    try:
        url = settings.REDIS_URL or f"unix://{settings.BROKER_SOCKET}"
        with redis.Redis.from_url(url, **options) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
