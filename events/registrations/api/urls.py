from django.urls import path

from events.registrations.api import manage, views

urlpatterns = [
    path(
        "drives/<slug:slug>/registrations/", views.RegisterView.as_view(), name="api_registrations"
    ),
    path(
        "registrations/<str:token>/",
        views.OwnRegistrationView.as_view(),
        name="api_own_registration",
    ),
    path(
        "registrations/<str:token>/confirm/",
        views.ConfirmView.as_view(),
        name="api_own_confirm",
    ),
    path("manage/drives/<slug:slug>/", manage.ManageDriveView.as_view(), name="api_manage_drive"),
    path(
        "manage/drives/<slug:slug>/cancel/",
        manage.CancelView.as_view(),
        name="api_manage_drive_cancel",
    ),
    path(
        "manage/drives/<slug:slug>/registrations/",
        manage.ManageRegistrationsView.as_view(),
        name="api_manage_registrations",
    ),
    path(
        "manage/drives/<slug:slug>/messages/",
        manage.MessagesView.as_view(),
        name="api_manage_messages",
    ),
]
