"""Organizers' addresses for devices, under ``/manage/``."""

from django.urls import path

from events.checkin.views import manage as views

_DEVICES = "drives/<slug:slug>/devices/"

urlpatterns = [
    path(_DEVICES, views.DeviceListPage.as_view(), name="drive_devices"),
    path(f"{_DEVICES}news/", views.DeviceNews.as_view(), name="device_news"),
    path(f"{_DEVICES}<int:number>/revoke/", views.RevokeDevice.as_view(), name="device_revoke"),
    path(f"{_DEVICES}<int:number>/late/", views.TakeLateScans.as_view(), name="device_late"),
]
