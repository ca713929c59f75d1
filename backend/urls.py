"""Every address of the product. Apps name theirs in their own ``urls.py``."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("events.drives.urls")),
    path("", include("events.registrations.urls")),
    path("", include("events.checkin.urls")),
    path("", include("events.reports.urls")),
    path("", include("accounts.urls")),
    path("", include("notifications.urls")),
    path("api/v1/", include("events.drives.api.urls")),
    path("api/v1/", include("events.registrations.api.urls")),
    path("api/v1/", include("events.checkin.api.urls")),
    path("api/v1/", include("events.reports.api.urls")),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
]
if settings.DEBUG:  # the looks, for who writes pages
    urlpatterns.append(path("kit/", include("backend.kit")))
