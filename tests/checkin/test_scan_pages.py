"""The scanner's page and service worker; what the page does is told in tests/journeys."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import translation

from events.checkin.models import Answer
from events.checkin.scanner import FILES, SERVICE
from events.checkin.texts import scanner_texts

pytestmark = pytest.mark.django_db

SCANNER = Path(__file__).parents[2] / "frontend" / "scanner"
# Put together by the script out of a part of their name.
CAMERA = ("blocked", "missing", "busy", "impossible", "unsupported", "decoder")
ENFORCED = ("ours", "known", "day", "cancelled", "waiting", "once", "time")
MADE_KEYS = {
    *(answer.value for answer in Answer if answer is not Answer.RECORDED),
    *(f"camera_{state}" for state in CAMERA),
    *(f"camera_{state}_text" for state in CAMERA),
    *(f"enforced_{what}" for what in ENFORCED),
    *(f"network_{state}" for state in ("up", "down", "down_empty", "unknown")),
    *(f"enrol_{why}{part}" for why in ("used", "expired", "not_found") for part in ("", "_text")),
    *(f"b_{verdict}" for verdict in ("accepted", "too_early", "too_late", "already_scanned")),
    *("station_welcome", "b_waitlisted", "signed_off_text", "malformed_name", "bad_signature_name"),
    *("visit_ended_next", "out_of_order_next", "not_allowed_next"),
}


@pytest.mark.parametrize("path", ["/scan/", "/scan/enroll/"])
def test_the_scanner_is_one_page_for_everybody(client: Client, path: str):
    response = client.get(path)

    assert response.status_code == 200
    assert response.content == client.get("/scan/").content
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in response.headers


def test_the_page_may_not_compile_and_has_nothing_inline(client: Client):
    response = client.get("/scan/")
    page = response.content.decode()

    assert "wasm-unsafe-eval" not in response.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in response.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", page) == []


def test_the_service_worker_names_a_version_and_every_file(client: Client):
    response = client.get("/scan/sw.js")

    assert response.headers["Content-Type"].startswith("text/javascript")
    assert response.headers["Cache-Control"] == "no-cache"
    facts = json.loads(response.content.decode().splitlines()[0][len("self.scanner = ") : -1])
    assert facts["page"] == "/scan/"
    assert facts["version"] in client.get("/scan/").content.decode()
    assert facts["files"] == [f"/static/{name}" for name in FILES]


def test_the_version_is_the_same_in_every_language(client: Client):
    """A browser may ask for the page and for the service worker in different ones."""
    pages = [client.get(f"/scan/?lang={language}").content.decode() for language in ("vi", "en")]
    workers = [
        client.get("/scan/sw.js", headers={"Accept-Language": language}).content
        for language in ("vi", "en")
    ]

    versions = [re.findall(r'data-version="(\w+)"', page) for page in pages]
    assert versions[0] == versions[1]
    assert workers[0] == workers[1]
    assert pages[0] != pages[1]


def test_every_file_of_the_service_worker_is_built():
    assert [name for name in [*FILES, SERVICE] if finders.find(name) is None] == []


def _said() -> set[str]:
    """Return every text that the script asks for by its whole key."""
    sources = [path for path in SCANNER.rglob("*.ts") if not path.name.endswith(".test.ts")]
    code = "\n".join(path.read_text() for path in sources)
    calls = re.findall(r"\bsay\(((?:[^()]|\([^()]*\))*)\)", code)
    return {key for call in calls for key in re.findall(r'"([a-z_0-9]+)"', call.split("{")[0])}


def test_the_script_finds_all_its_texts_and_asks_for_nothing_else():
    keys = set(scanner_texts())

    assert (_said() | MADE_KEYS) - keys - {"down"} == set()  # a state, not a text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_texts_keep_their_fields_in_every_language(language: str):
    def fields(text: str) -> list[str]:
        return sorted(re.findall(r"\{\w+\}", text))

    with translation.override("en"):
        english = scanner_texts()
    with translation.override(language):
        texts = scanner_texts()

    assert {key: fields(text) for key, text in texts.items()} == {
        key: fields(text) for key, text in english.items()
    }
    assert all(texts.values())
