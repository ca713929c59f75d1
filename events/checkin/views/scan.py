"""The scanner's page and its service worker. What they show comes through the API."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views import View

from events.checkin.texts import scanner_texts

# Everything that the page needs without a network; the service worker keeps it.
FILES = [
    "dist/scanner.js",
    "dist/scanner.worker.js",
    "dist/zxing_reader.wasm",
    "dist/site.css",
    "dist/scan.css",
    "dist/fonts/hanken-latin.woff2",
    "dist/fonts/hanken-vietnamese.woff2",
    "dist/favicon.svg",
    "dist/icon-180.png",
]
SERVICE = "dist/scanner.service.js"


def _page(version: str) -> str:
    texts = json.dumps(scanner_texts(), ensure_ascii=False)
    return render_to_string("checkin/scan.html", {"texts": texts, "version": version})


@lru_cache(maxsize=8)
def _version(_language: str | None) -> str:
    """Return what names this page and all its files together, in the language that is active."""
    parts = [_page(version=""), *map(static, [*FILES, SERVICE])]
    return sha256("\0".join(parts).encode()).hexdigest()[:8]


class ScanView(View):
    """The scanner, and the enrolment of a device: one page, which reads its address itself.

    The same for everybody and without data, so that it may be kept for days without a network.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(_page(_version(get_language())))
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


class ServiceWorkerView(View):
    """The service worker: which version this is and what belongs to it, then the code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        facts = {"version": _version(get_language()), "page": request.path.replace("sw.js", "")}
        facts_and_files = json.dumps({**facts, "files": [static(name) for name in FILES]})
        script = json.dumps(static(SERVICE))
        code = f"self.scanner = {facts_and_files};\nimportScripts({script});\n"
        response = HttpResponse(code, content_type="text/javascript; charset=utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response
