"""Headers that keep a page to itself. The policy of scripts and styles is django-csp's."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

PERMISSIONS = "camera=(self), fullscreen=(self), geolocation=(), microphone=(), payment=(), usb=()"
# A worker obeys the policy of its own file: only there may WebAssembly be compiled.
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


class HeadersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_worker(request.path_info):
            # Also on a 304: browsers put its headers over those that they had kept.
            response.headers["Content-Security-Policy"] = WORKER_POLICY
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


def is_worker(path: str) -> bool:
    return path.startswith("/static/") and ".worker." in path


def add_static_headers(headers: Any, path: str, url: str) -> None:
    """Give the files of WhiteNoise theirs."""
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["X-Content-Type-Options"] = "nosniff"
    if is_worker(url):
        headers["Content-Security-Policy"] = WORKER_POLICY
