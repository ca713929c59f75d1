import json
import logging

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.urls import include, path

import backend.urls


def fail(request, kind):
    raise {"away": OperationalError("server closed"), "fault": ValueError("0912 000 123")}[kind]


def greet(request, token):
    return HttpResponse("hello")


urlpatterns = [
    path("test/fail/<kind>/", fail),
    path("api/v1/test/fail/<kind>/", fail),
    path("test/greet/<token>/", greet),
    path("", include(backend.urls)),
]
handler400, handler403 = backend.urls.handler400, backend.urls.handler403
handler404, handler500 = backend.urls.handler404, backend.urls.handler500
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def client(client):
    client.raise_request_exception = False
    return client


@pytest.fixture
def lines(caplog):
    """The log as it is written: one dictionary a line."""
    formatter = logging.getLogger().handlers
    from backend import logs

    settings = logs.configure(debug=False)["formatters"]["lines"]
    make = settings.pop("()")
    caplog.handler.setFormatter(make(**settings))
    caplog.set_level(logging.INFO)
    assert formatter
    return lambda: [json.loads(line) for line in caplog.text.splitlines()]


def test_a_database_that_is_away_is_503_with_our_page(client):
    answer = client.get("/test/fail/away/")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "text/html" in answer.headers["Content-Type"]


def test_a_fault_is_500_with_our_page_and_the_request_id(client):
    answer = client.get("/test/fail/fault/")

    assert answer.status_code == 500
    assert "0912" not in answer.content.decode()


def test_faults_of_the_api_are_problems_with_codes(client):
    answers = [client.get(f"/api/v1/test/fail/{kind}/") for kind in ("away", "fault")]
    answers.append(client.get("/api/v1/nowhere/"))

    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (503, "unavailable"),
        (500, "server_error"),
        (404, "not_found"),
    ]
    assert {a.headers["Content-Type"] for a in answers} == {"application/problem+json"}
    assert all(a.json()["request_id"] == a.headers["X-Request-ID"] for a in answers)


def test_a_request_is_one_line_with_the_pattern_of_its_route(client, lines):
    answer = client.get("/test/greet/s3cret/?name=An")

    [line] = lines()
    del line["timestamp"], line["ms"]
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "request",
        "method": "GET",
        "request_id": answer.headers["X-Request-ID"],
        "route": "test/greet/<token>/",
        "status": 200,
        "user": None,
    }


def test_a_fault_is_logged_with_its_places_but_without_its_text(client, lines, caplog):
    client.get("/test/fail/fault/")

    fault = next(line for line in lines() if line["event"] == "unhandled")
    assert fault["error"][0]["type"] == "ValueError"
    assert fault["error"][0]["at"][-1].endswith(" fail")
    assert "0912" not in caplog.text


def test_pages_carry_the_headers_that_keep_them_to_themselves(client):
    headers = client.get("/test/greet/x/").headers

    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"].startswith("camera=(self)")


def test_a_foreign_host_is_refused(client):
    assert client.get("/test/greet/x/", headers={"Host": "evil.example"}).status_code == 400
