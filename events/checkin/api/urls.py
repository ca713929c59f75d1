from django.urls import URLPattern, path

from events.checkin.api import views

urlpatterns: list[URLPattern] = [
    path("devices/enroll/", views.EnrolView.as_view(), name="api_devices_enroll"),
    path("checkin/roster/", views.RosterView.as_view(), name="api_roster"),
    path("checkin/scans/", views.ScansView.as_view(), name="api_scans"),
    path("checkin/walk-ins/", views.WalkInsView.as_view(), name="api_walk_ins"),
    path("checkin/hand-over/", views.HandOverView.as_view(), name="api_hand_over"),
    path("checkin/sign-off/", views.SignOffView.as_view(), name="api_sign_off"),
]
