"""What pages with personal data and without a login have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from backend.formats import clock, near_date
from backend.limits import hit
from backend.pages import forbidden
from backend.proxies import limit_key

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def private(view: View[P]) -> View[P]:
    """Keep a page out of caches, search engines and referrers, and take no form from elsewhere.

    These forms carry no ambient right, so they need neither cookie nor token: whoever has the
    link may act. A foreign page must not post them in somebody's browser all the same.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        is_foreign = request.headers.get("Sec-Fetch-Site") == "cross-site"
        if request.method == "POST" and is_foreign:
            # Answered here, not raised: the refusal keeps the address to itself as well.
            response = forbidden(request, PermissionDenied())
        else:
            response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return cast("View[P]", guarded)


def when_again(wait_seconds: int, *, now: datetime) -> str:
    """Say when somebody who tried too often may try again."""
    again = timezone.localtime(now + timedelta(seconds=wait_seconds, minutes=1))
    if again.date() == timezone.localtime(now).date():
        return _("Please try again after %(time)s.") % {"time": clock(again)}
    values = {"time": clock(again), "day": near_date(again)}
    return _("Please try again after %(time)s, %(day)s.") % values


def missed(request: HttpRequest, *, now: datetime) -> HttpResponse:
    """Answer a link that leads nowhere: wrong, ended and erased ones alike, and count it."""
    wait = hit("MISSES", limit_key(request))
    if wait is not None:
        return too_many(request, wait, now=now)
    return render(request, "registrations/link_ended.html", status=404)


def too_many(request: HttpRequest, wait_seconds: int, *, now: datetime) -> HttpResponse:
    """Answer who tried too often with a page that says when to try again."""
    context = {"again": when_again(wait_seconds, now=now)}
    response = render(request, "registrations/too_many.html", context, status=429)
    response.headers["Retry-After"] = str(wait_seconds)
    return response
