"""The bare views: JSON in, plain SQL, JSON or a page out. Nothing is checked."""

from __future__ import annotations

import json

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.urls import path

from tests.bench.bare import sql

_PAGE = Engine().from_string("""<!doctype html>
<html lang="vi"><head><title>{{ drive.1 }}</title></head>
<body><h1>{{ drive.1 }}</h1><p>{{ drive.3|date:"d/m/Y H:i" }}, {{ drive.2 }}</p>
<p>{{ drive.4 }}</p>
<ul>{% for starts_at, capacity, taken in slots %}
<li>{{ starts_at|time:"H:i" }}: {{ taken }} / {{ capacity }}</li>{% endfor %}</ul>
</body></html>
""")


def _sized(response: HttpResponse) -> HttpResponse:
    response.headers["Content-Length"] = str(len(response.content))
    return response


def scans(request: HttpRequest) -> HttpResponse:
    body = json.loads(request.body)
    token = request.headers["Authorization"].split()[1]
    with transaction.atomic(), connection.cursor() as cursor:
        verdicts = sql.scan(cursor, token=token, scans=body["scans"])
    return _sized(JsonResponse({"results": verdicts}))


def registrations(request: HttpRequest, slug: str) -> HttpResponse:
    body = json.loads(request.body)
    with transaction.atomic(), connection.cursor() as cursor:
        public_id = sql.register(cursor, slug=slug, **body)
    return _sized(JsonResponse({"id": public_id}, status=201 if public_id else 409))


def drive(request: HttpRequest, slug: str) -> HttpResponse:
    with connection.cursor() as cursor:
        row, slots = sql.page(cursor, slug=slug)
    return _sized(HttpResponse(_PAGE.render(Context({"drive": row, "slots": slots}))))


def nothing(request: HttpRequest) -> HttpResponse:
    """Answer without a database: what the server and Django take by themselves."""
    return _sized(HttpResponse(_PAGE.render(Context({"drive": [0, "Bare"], "slots": []}))))


urlpatterns = [
    path("api/v1/checkin/scans/", scans),
    path("api/v1/drives/<slug>/registrations/", registrations),
    path("d/<slug>/", drive),
    path("nothing/", nothing),
]
