"""The scanner's page as a whole: its files, and which version of it all this is."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation

from events.checkin.texts import scanner_texts

# Everything that the page needs without a network; the service worker keeps it.
FILES = [
    "dist/scanner.js",
    "dist/scanner.worker.js",
    "dist/roster.worker.js",
    "dist/zxing_reader.wasm",
    "dist/site.css",
    "dist/scan.css",
    "dist/fonts/hanken-latin.woff2",
    "dist/fonts/hanken-vietnamese.woff2",
    "dist/favicon.svg",
    "dist/icon-180.png",
]
SERVICE = "dist/scanner.service.js"


def scanner_page(version: str) -> str:
    texts = json.dumps(scanner_texts(), ensure_ascii=False)
    return render_to_string("checkin/scan.html", {"texts": texts, "version": version})


@lru_cache(maxsize=1)
def scanner_version() -> str:
    """Return what names this page and all its files together, whatever the language.

    A browser may ask for page and service worker in different ones; they are one version.
    """
    parts = list(map(static, [*FILES, SERVICE]))
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            parts.append(scanner_page(version=""))
    return sha256("\0".join(parts).encode()).hexdigest()[:8]
