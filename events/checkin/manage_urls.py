"""Organizers' addresses for devices, under ``/manage/``."""

from django.urls import path

from events.checkin.views import manage as views

_DEVICES = "drives/<slug:slug>/devices/"
_CONFLICTS = "drives/<slug:slug>/conflicts/"

urlpatterns = [
    path(_DEVICES, views.DeviceListPage.as_view(), name="drive_devices"),
    path(f"{_DEVICES}news/", views.DeviceNews.as_view(), name="device_news"),
    path(f"{_DEVICES}<int:number>/revoke/", views.RevokeDevice.as_view(), name="device_revoke"),
    path(f"{_DEVICES}<int:number>/late/", views.LateScansPage.as_view(), name="device_late"),
    path(_CONFLICTS, views.ConflictsPage.as_view(), name="drive_conflicts"),
    path(
        f"{_CONFLICTS}people/<slug:public_id>/",
        views.LeaveConflict.as_view(),
        name="conflict_leave",
    ),
    path(
        f"{_CONFLICTS}scans/<uuid:scan>/",
        views.TakeBackScan.as_view(),
        name="scan_take_back",
    ),
]
