"""What every address under /api/v1/ has in common: who may call, errors, the description."""

import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass
from typing import IO, Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.errors import DomainError
from backend.pages import RETRY_AFTER_SECONDS, is_away, problem

log = structlog.get_logger(__name__)
MOST_BYTES = 1_000_000
MOST_LEVELS = 20


class Denied(BasePermission):
    """The default: a view says itself who may call it."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class TooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"


class BoundedJSONParser(JSONParser):
    """JSON that cannot hurt: bounded in size and depth, no NaN, no half characters."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise TooLarge(_("This is larger than %(bytes)d bytes.") % {"bytes": MOST_BYTES})
        try:
            data = json.loads(
                body.decode("utf-8"), parse_constant=self._refuse, parse_float=_finite
            )
            if b"\\u" in body:
                # Half of a surrogate pair passes the parser and breaks at the database.
                json.dumps(data, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(_("This is not valid JSON.")) from error
        if _depth(data) > MOST_LEVELS:
            raise exceptions.ParseError(_("This is nested too deeply."))
        return data

    @staticmethod
    def _refuse(name: str) -> None:
        raise ValueError(name)


def _finite(text: str) -> float:
    """Read a number; one too large for a float would become infinity."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _depth(data: Any) -> int:
    level, depth = [data], 0
    while level and depth <= MOST_LEVELS:
        depth += 1
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


class Negotiation(DefaultContentNegotiation):
    """Answer in the one form that an address has, whatever ``Accept`` says (RFC 9110, 12.4.1).

    A client that asks for a file's own type, or sends the header empty, means what it gets.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        offered = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(
                request, offered, format_suffix
            )
        except exceptions.NotAcceptable:
            return offered[0], offered[0].media_type
        return chosen


def idempotency_key(request: Request) -> uuid.UUID | None:
    """Read the header ``Idempotency-Key``.

    :raises exceptions.ValidationError: it is there and no UUID.
    """
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        message = _("The Idempotency-Key must be a UUID.")
        raise exceptions.ValidationError({"Idempotency-Key": message}) from None


# Codes of the framework that have a name of ours.
_CODES = {
    "permission_denied": "not_allowed",
    "authentication_failed": "not_authenticated",
    "throttled": "too_many_requests",
    "unsupported_media_type": "unsupported_media_type",
}


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every foreseen error as problem+json; None for the unforeseen (they become 500)."""
    request = context["request"]
    headers: dict[str, str] = {}
    match error:
        case DomainError() if field := error.extra.get("field"):
            errors = [{"field": str(field), "code": error.code, "detail": str(error)}]
            body = problem(
                request, 400, "invalid", _("Some details are missing or wrong."), errors=errors
            )
        case DomainError():
            extra = {name: _plain(value) for name, value in error.extra.items()}
            body = problem(request, error.status, error.code, str(error), **extra)
        case Http404():
            body = problem(request, 404, "not_found", _("There is nothing at this address."))
        case RequestDataTooBig():
            body = problem(request, 413, "too_large", _("This is too large."))
        case PermissionDenied():
            body = problem(request, 403, "not_allowed", _("This is not allowed."))
        case OperationalError() | InterfaceError() if is_away(error):
            log.error("database_away", exc_info=error)
            headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            body = problem(
                request,
                503,
                "unavailable",
                _("We are working on it. Please try again in a moment."),
            )
        case exceptions.ValidationError():
            errors = list(_field_errors(error.get_full_details()))
            body = problem(
                request, 400, "invalid", _("Some details are missing or wrong."), errors=errors
            )
        case exceptions.APIException():
            details = error.get_full_details()
            code = str(details["code"]) if isinstance(details, dict) else error.default_code
            unknown = isinstance(
                error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed
            )
            # The framework makes it 403 where a view names no scheme.
            status = 401 if unknown else error.status_code
            if wait := getattr(error, "wait", None):
                headers["Retry-After"] = str(int(wait))
            if header := getattr(error, "auth_header", None):
                headers["WWW-Authenticate"] = header
            body = problem(request, status, _CODES.get(code, code), _in_words(error))
        case _:
            return None
    return Response(
        body,
        status=body["status"],
        headers=headers,
        content_type="application/problem+json",
    )


def _in_words(error: exceptions.APIException) -> str:
    """Give our sentence where the framework has none in Vietnamese."""
    match error:
        case exceptions.NotAuthenticated():
            return _("This needs a token that says who asks.")
        case exceptions.UnsupportedMediaType():
            return _("Send this as JSON.")
        case exceptions.Throttled():
            return _("Too many tries. Wait a while, then try again.")
    return str(error.detail)


def _plain(value: Any) -> Any:
    """Give what a refusal carries along as JSON has it."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value


def _field_errors(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten the framework's nested errors; an item of a list is named ``scans.3.id``."""
    if isinstance(details, list):
        for number, item in enumerate(details):
            # A list of errors of one field, or of one entry for each item of a list.
            is_error = isinstance(item, dict) and set(item) == {"message", "code"}
            yield from _field_errors(item, path if is_error or not path else f"{path}.{number}")
    elif set(details) == {"message", "code"} and not isinstance(details["message"], dict | list):
        yield {"field": path, "code": str(details["code"]), "detail": str(details["message"])}
    else:
        for name, inner in details.items():
            part = "" if name == "non_field_errors" else str(name)
            yield from _field_errors(inner, ".".join(filter(None, (path, part))))
