"""Headers that keep a page to itself. The policy of scripts and styles is django-csp's."""

from collections.abc import Callable
from functools import cache
from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

PERMISSIONS = "camera=(self), fullscreen=(self), geolocation=(), microphone=(), payment=(), usb=()"
# A worker obeys the policy of its own file: only there may WebAssembly be compiled.
WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


class PolicyMiddleware(CSPMiddleware):
    """django-csp's; where a view has no policy of its own, the header is made once.

    Pages have no inline scripts or styles, so there are no nonces.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Offer no nonce."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, _policy())
        return response


@cache
def _policy() -> str:
    return build_policy()


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
