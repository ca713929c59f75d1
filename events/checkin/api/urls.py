from django.urls import URLPattern, path

from events.checkin.api import manage_views, views

urlpatterns: list[URLPattern] = [
    path("devices/enroll/", views.EnrolView.as_view(), name="api_devices_enroll"),
    path("checkin/roster/", views.RosterView.as_view(), name="api_roster"),
    path("checkin/scans/", views.ScansView.as_view(), name="api_scans"),
    path("checkin/walk-ins/", views.WalkInsView.as_view(), name="api_walk_ins"),
    path("checkin/hand-over/", views.HandOverView.as_view(), name="api_hand_over"),
    path("checkin/sign-off/", views.SignOffView.as_view(), name="api_sign_off"),
    path(
        "manage/drives/<slug:slug>/devices/",
        manage_views.DevicesView.as_view(),
        name="api_devices",
    ),
    path(
        "manage/drives/<slug:slug>/devices/<str:device>/revoke/",
        manage_views.RevokeView.as_view(),
        name="api_device_revoke",
    ),
    path(
        "manage/drives/<slug:slug>/devices/<str:device>/take-late/",
        manage_views.TakeLateView.as_view(),
        name="api_device_take_late",
    ),
]
