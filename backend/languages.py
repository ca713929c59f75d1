"""Which language a page answers in: the chosen one, else Vietnamese or the browser's English."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

ONE_YEAR = 365 * 24 * 3600


def known(code: str | None) -> str | None:
    return code if code in dict(settings.LANGUAGES) else None


def wanted_language(accept_language: str) -> str:
    """Give English where the browser asks for it and not for Vietnamese, else the default."""
    asked = {code.split("-")[0] for code, weight in parse_accept_lang_header(accept_language)}
    if "en" in asked and "vi" not in asked:
        return "en"
    return str(settings.LANGUAGE_CODE)


class LanguageMiddleware:
    """Stands in for Django's, which prefers whatever language comes first in the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = known(request.GET.get("lang"))
        language = (
            chosen
            or known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))
            or wanted_language(request.headers.get("Accept-Language", "").lower())
        )
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
            # Rendered here, while the language holds.
            if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                response.render()
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        if chosen:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                chosen,
                max_age=ONE_YEAR,
                secure=settings.IS_HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response
