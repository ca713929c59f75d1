"""What every organizer page shares: sign-in first, one reading of the clock, the frame's facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.generic.base import ContextMixin, View

from accounts.models import Membership, User
from accounts.rules import SEES_AUDIT, SEES_FIGURES


class ManagePage(ContextMixin, View):
    """A page under ``/manage/``. Subclasses read what it is about in ``load``, or raise 404.

    Whoever is not signed in is asked to sign in, whatever the address: that tells nothing.
    """

    section = "drives"
    user: User
    now: datetime

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.now = timezone.now()
        if isinstance(request.user, User):
            self.user = request.user
            self.load()

    def load(self) -> None:
        """Read what the page is about, as far as ``self.user`` may see it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            is_read = request.method in ("GET", "HEAD")
            return redirect_to_login(request.get_full_path() if is_read else "/manage/")
        response = super().dispatch(request, *args, **kwargs)
        if isinstance(response, HttpResponse) and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(section=self.section, now=self.now, **kwargs)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What the bar on top of organizer pages shows of the user."""

    user_name: str = ""
    unit_name: str = ""
    sees_units: bool = False
    sees_audit: bool = False


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give templates ``frame``; it asks the database only on pages that draw the bar."""
    return {"frame": SimpleLazyObject(lambda: _frame_of(request))}


def _frame_of(request: HttpRequest) -> Frame:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return Frame()
    roles = list(
        Membership.objects.filter(user=user).order_by("pk").values_list("role", "unit__name")
    )
    return Frame(
        user_name=user.name,
        unit_name=roles[0][1] if roles else "",
        sees_units=any(role in SEES_FIGURES for role, _unit in roles),
        sees_audit=any(role in SEES_AUDIT for role, _unit in roles),
    )
