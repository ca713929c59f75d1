import json
import re

import pytest
from django.test import Client

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
