"""Nothing that a program may send makes the API fail: a fault of ours is a bug, whatever came in.

Made from the API's own description by schemathesis, and by hand for what no description allows.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import ValidationError
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from backend.limits import Limit
from backend.wsgi import application
from events.registrations.models import Registration
from events.registrations.tokens import manage_token
from tests.api import ROOT, Caller, organizer, told
from tests.factories import DriveFactory, RegistrationFactory

EXAMPLES = 6
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


def described() -> dict[str, Any]:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return dict(json.loads(json.dumps(schema, default=str)))


def operations() -> list[tuple[str, str]]:
    return [
        (method, path)
        for path, methods in described()["paths"].items()
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    ]


@pytest.fixture(autouse=True)
def _test_connection():
    """Keep the test's own connection, which the end of a real request would give back."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _no_limits(settings):
    settings.LIMITS = dict.fromkeys(settings.LIMITS, Limit(10**8, 60))


# --- The description -------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_description_is_valid_and_says_something_of_every_operation(client):
    response = client.get(f"{ROOT}schema/", headers={"Accept": "application/json"})
    raw = response.json()

    assert raw["openapi"].startswith("3.1")
    try:
        OPENAPI_31_VALIDATOR.validate(raw)
    except ValidationError as error:
        pytest.fail(str(error))
    for path, methods in raw["paths"].items():
        for method, operation in methods.items():
            words = operation.get("summary") or operation.get("description")
            assert words, f"{method} {path} says nothing of itself"
            assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_the_description_has_every_address_of_the_api():
    paths = {path.replace("{", "<").replace("}", ">") for path in described()["paths"]}
    routes = set()
    for group in get_resolver().url_patterns:
        if isinstance(group, URLResolver) and str(group.pattern) == "api/v1/":
            routes |= {f"/api/v1/{_plain(str(p.pattern))}" for p in group.url_patterns}

    assert routes
    assert routes == paths


def _plain(route: str) -> str:
    """Give ``<slug>`` for ``<slug:slug>``."""
    head, *parts = route.split("<")
    return head + "".join("<" + part.split(":", 1)[-1] for part in parts)


# --- Made from the description ---------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.postgresql  # it is the stricter one about text, numbers and moments
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"]
)
@pytest.mark.parametrize(
    ("method", "path"), operations(), ids=lambda value: value.removeprefix(ROOT)
)
def test_no_operation_fails(method, path, mode):
    drive = DriveFactory(slots=3)
    registration = RegistrationFactory(slot=drive.slots.first())
    caller = organizer(drive.unit)
    real = {"slug": drive.slug, "token": manage_token(registration), "ending": "xlsx"}
    authorization = caller.client._credentials["HTTP_AUTHORIZATION"]
    schema = schemathesis.openapi.from_dict(described())
    schema.app = application
    operation = schema[path][method.upper()]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), there=st.booleans(), signed_in=st.booleans())
    def fuzz(case: Any, there: bool, signed_in: bool) -> None:
        if there:
            case.path_parameters = dict(case.path_parameters or {}) | {
                name: value for name, value in real.items() if f"{{{name}}}" in path
            }
        headers = {"Accept-Encoding": "identity"}
        if signed_in and "/checkin/" not in path:
            headers["Authorization"] = authorization
        case.call_and_validate(headers=headers, checks=CHECKS)

    # Where an address takes any text and nothing else, nothing is otherwise than described.
    with contextlib.suppress(Unsatisfiable):
        fuzz()


# --- What no description allows --------------------------------------------------------------

WRITES = (
    "drives/{slug}/registrations/",
    "registrations/{token}/",
    "registrations/{token}/confirm/",
    "devices/enroll/",
    "checkin/scans/",
    "checkin/walk-ins/",
    "manage/drives/",
    "manage/drives/{slug}/",
    "manage/drives/{slug}/cancel/",
    "manage/drives/{slug}/copy/",
    "manage/drives/{slug}/registrations/",
)
BODIES: dict[str, tuple[bytes, str, set[int]]] = {
    "broken": (b'{"slot": ', "application/json", {400}),
    "empty": (b"", "application/json", {400}),
    "not utf-8": (b'{"slot": "\xff"}', "application/json", {400}),
    "NaN": (b'{"birth_year": NaN}', "application/json", {400}),
    "infinity": (b'{"birth_year": -Infinity}', "application/json", {400}),
    "a huge number": (b'{"birth_year": 1' + b"0" * 5000 + b"}", "application/json", {400}),
    "a huge exponent": (b'{"birth_year": 1e400}', "application/json", {400}),
    "a list": (b"[1, 2]", "application/json", {400}),
    "a word": (b'"slot"', "application/json", {400}),
    "null": (b"null", "application/json", {400}),
    "deep": (b'{"slot": ' + b"[" * 5000 + b"]" * 5000 + b"}", "application/json", {400}),
    "too large": (b'{"slot": "' + b"x" * 10_000_000 + b'"}', "application/json", {413}),
    "null bytes": (b'{"slot": "\\u0000", "full_name": "\\u0000"}', "application/json", {400}),
    "half a character": (b'{"slot": "\\ud800"}', "application/json", {400}),
    "a form": (b"slot=1", "application/x-www-form-urlencoded", {415}),
    "xml": (b"<slot/>", "text/xml", {415}),
    "no type": (b'{"slot": 1}', "", {400, 415}),
    "wrong types": (
        json.dumps(
            {
                name: [{"a": [None]}]
                for name in (
                    *("slot", "full_name", "phone", "birth_year", "email", "unit", "consents"),
                    *("name", "venue", "date", "starts_at", "slots", "reason", "code", "id"),
                    *("places_per_slot", "scans", "sent_at", "at", "screening", "sex"),
                )
            }
        ).encode(),
        "application/json",
        {400},
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_cannot_be_read_are_refused_and_write_nothing(name):
    drive = DriveFactory(slots=1)
    registration = RegistrationFactory(slot=drive.slots.get())
    callers = {"manage/": organizer(drive.unit)}
    body, content_type, statuses = BODIES[name]
    before = Registration.objects.values("slot", "status", "full_name", "phone", "email").get()

    for path in WRITES:
        caller = callers.get(path[:7]) or Caller()
        address = ROOT + path.format(slug=drive.slug, token=manage_token(registration))
        patches = path in ("registrations/{token}/", "manage/drives/{slug}/")
        method = "PATCH" if patches else "POST"

        send: Any = caller.client.generic
        response = send(method, address, body, content_type=content_type)

        if path.startswith("checkin/"):
            assert told(response) == (401, "not_authenticated")
        elif patches and name in ("empty", "null bytes", "wrong types", "no type"):
            # An object without a word that concerns them is nothing wrong.
            assert response.status_code in statuses | {200}, (path, response.content)
        elif not path.endswith("confirm/"):
            assert response.status_code in statuses, (path, response.content)
            told(response)
        assert response.status_code < 500

    assert Registration.objects.values(*before).get() == before
