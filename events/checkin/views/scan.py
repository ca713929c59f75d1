"""The scanner's page and its service worker. What they show comes through the API."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.views import View

from events.checkin.scanner import FILES, SERVICE, scanner_page, scanner_version


class ScanView(View):
    """The scanner, and the enrolment of a device: one page, which reads its address itself.

    The same for everybody and without data, so that it may be kept for days without a network.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse(scanner_page(scanner_version()))
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


class ServiceWorkerView(View):
    """The service worker: which version this is and what belongs to it, then the code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        facts = {
            "version": scanner_version(),
            "page": request.path.replace("sw.js", ""),
            "files": [static(name) for name in FILES],
        }
        script = json.dumps(static(SERVICE))
        code = f"self.scanner = {json.dumps(facts)};\nimportScripts({script});\n"
        response = HttpResponse(code, content_type="text/javascript; charset=utf-8")
        response.headers["Cache-Control"] = "no-cache"
        return response
