"""What a person or a program sees when a request went wrong: our page, or problem+json."""

import sys
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)
RETRY_AFTER_SECONDS = 5
API = "/api/v1/"


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: str = "",
    *,
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Make the body of an error as RFC 9457 has it; ``code`` never changes."""
    return {
        **extra,
        "type": f"{settings.BASE_URL}/api/docs/#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": errors or [],
        "request_id": getattr(request, "request_id", None),
    }


def _answer(
    request: HttpRequest, status: int, code: str, detail: str, *, template: str = ""
) -> HttpResponse:
    if request.path_info.startswith(API):
        return JsonResponse(
            problem(request, status, code, detail),
            status=status,
            content_type="application/problem+json",
        )
    context = {"request_id": getattr(request, "request_id", None), "status": status}
    try:
        # Without the request: a page of errors asks neither database nor session.
        page = render_to_string(f"{template or status}.html", context)
    except Exception as error:
        log.error("error_page", status=status, error=type(error).__name__)
        text = f"{status} {detail}"
        return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    return HttpResponse(page, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "invalid", _("This request cannot be read."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, "not_allowed", _("This is not allowed."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that the form was open too long, or came from elsewhere."""
    return _answer(request, 403, "not_allowed", _("This is not allowed."), template="403_csrf")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "not_found", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    # A middleware's error (the session's, say) comes here without process_exception.
    if is_away(sys.exc_info()[1]):
        return unavailable(request)
    return _answer(request, 500, "server_error", _("Something went wrong on our side."))


def unavailable(request: HttpRequest) -> HttpResponse:
    """Say that it will be back in a moment; for a database that is away or not yet migrated."""
    detail = _("We are working on it. Please try again in a moment.")
    response = _answer(request, 503, "unavailable", detail)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_away(error: BaseException | None) -> bool:
    """Whether the database is away or too busy; a wrong statement is our fault instead."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    # SQLite calls both by the same class: a missing table is its plain SQLITE_ERROR.
    return getattr(error.__cause__, "sqlite_errorname", None) != "SQLITE_ERROR"


class UnavailableMiddleware:
    """Turns a database that is away, or too busy after every retry, into our 503."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return unavailable_for(request, exception)


def unavailable_for(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """Answer for a database that is away; None for any other error."""
    if not is_away(exception):
        return None
    log.error("database_away", exc_info=exception)
    return unavailable(request)


class ApiHandler(BaseHandler):
    """Finds and calls a view, with no middleware of its own."""

    def __init__(self) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware = [unavailable_for]


class ApiMiddleware:
    """Calls the API without the middleware that stands after it, which serves pages alone.

    A program says who it is by a token in its own header: it has no session, no cookie that a
    form's token must guard, and no notices. To pass all that takes as long as a scan's SQL.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.page = get_response
        self.api: Any = convert_exception_to_response(
            ApiHandler()._get_response  # type: ignore[attr-defined]
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        get_response = self.api if request.path_info.startswith(API) else self.page
        return get_response(request)
