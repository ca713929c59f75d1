"""Logs: one line a request, with ids only: no name, phone or link of a person is in them."""

import sys
import time
import traceback
import uuid
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger("request")
SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def only_places(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Put the kinds and places of an error for its text, which may hold what a person typed."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if error is True:
        error = sys.exc_info()[1]
    chain = []
    while isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        chain.append(
            {
                "type": type(error).__qualname__,
                "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        error = error.__cause__ or error.__context__
    if chain:
        event["error"] = chain
    return event


def configure(*, debug: bool) -> dict[str, Any]:
    """Set structlog up and give the LOGGING of Django: JSON lines, or words on a terminal."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    rendering: list[Any] = [structlog.processors.JSONRenderer()]
    if sys.stderr.isatty():
        rendering = [structlog.dev.ConsoleRenderer()]
    if not debug:
        rendering.insert(0, only_places)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *rendering,
                ],
            }
        },
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["lines"], "level": "DEBUG" if debug else "INFO"},
        "loggers": {
            # Django's own lines of a request hold the path; ours stands in for them.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "CRITICAL", "propagate": False},
            "django.security.DisallowedHost": {"level": "CRITICAL", "propagate": False},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": False},
            "django.db.backends": {"level": "INFO"},
            "celery": {"level": "WARNING"},
            "kombu": {"level": "WARNING"},
            # Tells of each request whose connection it could not give, with a trace.
            "psycopg.pool": {"level": "ERROR"},
            "fontTools": {"level": "WARNING"},
        },
    }


class RequestLogMiddleware:
    """Gives a request its id, and writes its one line: the route's pattern, never the path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex[:16]
        request.request_id = request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            match = request.resolver_match
            user = getattr(request, "_cached_user", None)
            write = log.error if response.status_code >= 500 else log.info
            write(
                "request",
                method=request.method,
                route=match.route if match else None,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                user=getattr(user, "pk", None),
            )
        response.headers["X-Request-ID"] = request_id
        return response


def log_unhandled(sender: Any, request: HttpRequest | None = None, **_signal: Any) -> None:
    """Connected to Django's signal of an error that no view answered."""
    log.error("unhandled", exc_info=sys.exc_info())


def keep_celery_out(**_options: Any) -> None:
    """Connected to Celery's ``setup_logging``, so that it leaves ours alone."""
