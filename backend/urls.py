"""Every address of the product. Apps name theirs in their own ``urls.py``."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from backend.docs import DocsView

urlpatterns: list[URLPattern | URLResolver] = [
    # Tried one after the other: what programs call a thousand times a minute comes first.
    path("api/v1/", include("events.checkin.api.urls")),
    path("api/v1/", include("events.drives.api.urls")),
    path("api/v1/", include("events.registrations.api.urls")),
    path("api/v1/", include("events.reports.api.urls")),
    path("", include("events.drives.urls")),
    path("", include("events.registrations.urls")),
    path("", include("events.checkin.urls")),
    path("", include("events.reports.urls")),
    path("", include("accounts.urls")),
    path("manage/", include("events.drives.manage_urls")),
    path("manage/", include("events.registrations.manage_urls")),
    path("manage/", include("events.checkin.manage_urls")),
    path("manage/", include("events.reports.manage_urls")),
    path("", include("notifications.urls")),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="api_docs"),
]
handler400 = "backend.pages.bad_request"
handler403 = "backend.pages.forbidden"
handler404 = "backend.pages.not_found"
handler500 = "backend.pages.server_error"

if settings.DEBUG:  # the looks, for who writes pages
    urlpatterns.append(path("kit/", include("backend.kit")))
