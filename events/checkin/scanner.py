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


@lru_cache(maxsize=8)
def scanner_version(_language: str | None) -> str:
    """Return what names this page and all its files together, in the language that is active."""
    parts = [scanner_page(version=""), *map(static, [*FILES, SERVICE])]
    return sha256("\0".join(parts).encode()).hexdigest()[:8]


def scanner_versions() -> frozenset[str]:
    """Return the present version in every language; a device that says another has an older one."""
    versions = set()
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            versions.add(scanner_version(code))
    return frozenset(versions)
