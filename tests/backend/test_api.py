import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

import backend.urls
from backend.api import MOST_BYTES, idempotency_key
from backend.errors import DomainError


class Scan(serializers.Serializer[Any]):
    id = serializers.UUIDField()


class Batch(serializers.Serializer[Any]):
    name = serializers.CharField()
    scans = Scan(many=True)


class Echo(APIView):
    permission_classes = [AllowAny]

    def post(self, request):
        batch = Batch(data=request.data)
        batch.is_valid(raise_exception=True)
        return Response({"key": idempotency_key(request)})


class Refusing(APIView):
    permission_classes = [AllowAny]

    def get(self, request, name):
        raise {
            "domain": DomainError("slot_full", "Full.", alternatives=[{"slot": "a"}]),
            "missing": Http404(),
            "forbidden": PermissionDenied(),
            "anonymous": exceptions.NotAuthenticated(),
            "revoked": exceptions.AuthenticationFailed("Revoked.", code="device_revoked"),
            "often": exceptions.Throttled(wait=12.2),
            "away": OperationalError("gone"),
        }[name]


class Unsaid(APIView):
    def get(self, request):
        return Response({})


urlpatterns = [
    path("api/v1/test/echo/", Echo.as_view()),
    path("api/v1/test/unsaid/", Unsaid.as_view()),
    path("api/v1/test/<name>/", Refusing.as_view()),
    path("", include(backend.urls)),
]
handler404, handler500 = backend.urls.handler404, backend.urls.handler500
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

GOOD: dict[str, Any] = {"name": "M2", "scans": [{"id": "6a2f41a3-c54c-4f5e-8f1c-0d0f3c1f9e11"}]}


def post(client, body, **headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/v1/test/echo/", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("domain", 409, "slot_full"),
        ("missing", 404, "not_found"),
        ("forbidden", 403, "not_allowed"),
        ("anonymous", 401, "not_authenticated"),
        ("revoked", 401, "device_revoked"),
        ("often", 429, "too_many_requests"),
        ("away", 503, "unavailable"),
    ],
)
def test_each_refusal_is_a_problem_with_its_code(client, name, status, code):
    answer = client.get(f"/api/v1/test/{name}/")

    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert set(body) >= {"type", "title", "status", "code", "detail", "errors", "request_id"}


def test_a_refusal_says_what_can_be_done_instead(client):
    assert client.get("/api/v1/test/domain/").json()["alternatives"] == [{"slot": "a"}]


@pytest.mark.parametrize(("name", "seconds"), [("often", "13"), ("away", "5")])
def test_who_has_to_wait_is_told_how_long(client, name, seconds):
    assert client.get(f"/api/v1/test/{name}/").headers["Retry-After"] == seconds


@pytest.mark.parametrize("name", ["anonymous", "often", "missing", "forbidden"])
def test_refusals_are_told_in_vietnamese_and_in_english(client, name):
    details = {
        client.get(f"/api/v1/test/{name}/", headers={"Accept-Language": language}).json()["detail"]
        for language in ("vi", "en")
    }

    assert len(details) == 2


def test_a_view_that_does_not_say_who_may_call_it_is_closed(client):
    answer = client.get("/api/v1/test/unsaid/")

    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_wrong_fields_are_named_by_their_path(client):
    answer = post(client, {"scans": [GOOD["scans"][0], {"id": "x"}, {}]})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
        ("name", "required"),
        ("scans.1.id", "invalid"),
        ("scans.2.id", "required"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid"),
        (b"{", 400, "parse_error"),
        (b'{"name": NaN}', 400, "parse_error"),
        (b'{"name": "\\ud800"}', 400, "parse_error"),
        (b'{"name": "\xff"}', 400, "parse_error"),
        (b"[" * 100_000, 400, "parse_error"),
        (b"[" * 40 + b"]" * 40, 400, "parse_error"),
        (b"9" * 5000, 400, "parse_error"),
        (b'"' + b"x" * MOST_BYTES + b'"', 413, "too_large"),
        (b"[]", 400, "invalid"),
        (b'"text"', 400, "invalid"),
        (b"null", 400, "invalid"),
        (b'{"name": "a\\u0000b", "scans": []}', 400, "invalid"),
        (b'{"name": {"a": 1}, "scans": 7}', 400, "invalid"),
    ],
    ids=lambda value: value[:12] if isinstance(value, bytes) else None,
)
def test_broken_json_is_never_a_server_error(client, body, status, code):
    answer = post(client, body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_another_media_type_is_refused(client):
    answer = client.post("/api/v1/test/echo/", "<a/>", content_type="text/xml")

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["application/pdf", "text/html", "image/*", "", "x"])
def test_the_answer_is_json_whatever_is_asked_for(client, accept):
    good = post(client, GOOD, Accept=accept)
    bad = client.get("/api/v1/test/missing/", headers={"Accept": accept})

    assert (good.status_code, good["Content-Type"]) == (200, "application/json")
    assert (bad.status_code, bad["Content-Type"]) == (404, "application/problem+json")


def test_an_idempotency_key_is_a_uuid_or_refused(client):
    key = GOOD["scans"][0]["id"]

    answers = [post(client, GOOD, **{"Idempotency-Key": text}) for text in (key, "abc", "")]

    assert [answer.status_code for answer in answers] == [200, 400, 400]
    assert answers[0].json() == {"key": key}
    assert answers[1].json()["errors"][0]["field"] == "Idempotency-Key"


def test_texts_follow_the_language_and_codes_do_not(client):
    answers = [
        client.get("/api/v1/test/missing/", headers={"Accept-Language": language})
        for language in ("vi", "en")
    ]

    assert [answer.json()["code"] for answer in answers] == ["not_found"] * 2
    assert len({answer.json()["detail"] for answer in answers}) == 2


def test_the_description_is_openapi_3_1_and_has_the_errors(client):
    answer = client.get("/api/v1/schema/", headers={"Accept": "application/json"})

    description = json.loads(answer.content)
    assert description["openapi"] == "3.1.0"
    assert "Problem" in description["components"]["schemas"]


def test_the_docs_page_shows_every_operation(client):
    page = client.get("/api/docs/").content.decode()

    assert "/api/v1/test/echo/" in page
