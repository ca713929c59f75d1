import json
import re

import pytest
import time_machine
from django.test import Client

from tests.factories import NOW, DriveFactory
from tests.services.product import ROOT


@pytest.fixture
def served(settings):
    """The files as production serves them, after ``make setup``."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if not manifest.exists():
        raise FileNotFoundError("The bundles are missing; this makes them: make setup")
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    return json.loads(manifest.read_text())["paths"]


def get(path):
    answer = Client().get(f"/static/{path}", headers={"Accept-Encoding": "br"})
    answer.close()
    return answer


@pytest.mark.django_db
def test_static_files_are_hashed_compressed_and_kept_for_good(served):
    name = served["dist/site.css"]

    answer = get(name)

    assert re.fullmatch(r"dist/site\.[0-9a-f]{12}\.css", name)
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "br")
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"


@pytest.mark.django_db
def test_only_a_worker_may_compile_webassembly(served):
    workers = [path for path in served if path.endswith(".worker.js")]

    policies = {path: get(served[path]).headers["Content-Security-Policy"] for path in workers}

    assert workers
    assert all("script-src 'self' 'wasm-unsafe-eval'" in policy for policy in policies.values())
    assert "Content-Security-Policy" not in get(served["dist/pages.js"]).headers


def test_every_file_that_a_template_names_is_there(served):
    named = {
        path
        for template in (ROOT / "templates").rglob("*.html")
        for path in re.findall(r"{% static \"([^\"]+)\"", template.read_text())
    }

    assert named - set(served) == set()
    assert named


FIRST_PAGE_BYTES = 60_000  # DESIGN §10: gzip, fonts included


def weigh(answer):
    """Count the bytes of an answer as they go over the wire, headers too."""
    body = b"".join(answer) if answer.streaming else answer.content
    return len(body) + sum(len(f"{name}: {value}\r\n".encode()) for name, value in answer.items())


def files_asked_by(page):
    """Return what a browser asks for with a page; fonts are named there, to come early."""
    asked = re.findall(r'<(?:link|script|img)[^>]*?(?:href|src)="/static/([^"]+)"', page)
    return [one for one in asked if "icon-180" not in one]  # only to put it on a home screen


@pytest.mark.django_db
def test_the_first_page_is_light_fonts_included(served):
    drive = DriveFactory(slots=8, published_at=NOW)
    register = f"{drive.get_absolute_url()}register/"
    slot = drive.slots.first().public_id
    paths = ["/", drive.get_absolute_url(), register, f"{register}?slot={slot}"]
    packed = {"Accept-Encoding": "gzip"}
    with time_machine.travel(NOW):
        pages = {path: Client().get(path, headers=packed) for path in paths}
        asked = {path: files_asked_by(Client().get(path).content.decode()) for path in paths}

    files = {}
    for name in sorted(set().union(*asked.values())):
        answer = Client().get(f"/static/{name}", headers=packed)
        files[name] = weigh(answer)
        answer.close()

    style = (ROOT / "staticfiles" / served["dist/site.css"]).read_text()
    fonts = set(re.findall(r"[\w.-]+\.woff2", style))
    for path in paths:
        total = weigh(pages[path]) + sum(files[name] for name in asked[path])
        assert fonts <= {name.rpartition("/")[2] for name in asked[path]}
        assert total <= FIRST_PAGE_BYTES, (path, total, files)
