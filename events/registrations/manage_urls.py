"""Organizers' addresses for who comes, under ``/manage/``."""

from django.urls import path

from events.registrations.views import manage as views

_DRIVE = "drives/<slug:slug>/"
_PERSON = f"{_DRIVE}registrations/<slug:public_id>/"

urlpatterns = [
    path(f"{_DRIVE}edit/", views.DriveEditPage.as_view(), name="drive_edit"),
    path(f"{_DRIVE}cancel/", views.DriveCancelPage.as_view(), name="drive_cancel"),
    path(f"{_DRIVE}slots/", views.SlotListPage.as_view(), name="drive_slots"),
    path(f"{_DRIVE}slots/<slug:slot>/", views.ChangeSlot.as_view(), name="slot_change"),
    path(f"{_DRIVE}roster/", views.RosterPage.as_view(), name="drive_roster"),
    path(
        f"{_DRIVE}registrations/",
        views.RegistrationListPage.as_view(),
        name="drive_registrations",
    ),
    path(f"{_DRIVE}registrations/add/", views.AddPage.as_view(), name="registration_add"),
    path(f"{_DRIVE}registrations/bulk/", views.BulkPage.as_view(), name="registration_bulk"),
    path(_PERSON, views.PersonPage.as_view(), name="registration"),
    path(f"{_PERSON}move/", views.MovePerson.as_view(), name="registration_move"),
    path(f"{_PERSON}cancel/", views.CancelPerson.as_view(), name="registration_cancel"),
    path(f"{_PERSON}details/", views.ChangePerson.as_view(), name="registration_details"),
    path(f"{_PERSON}resend/", views.ResendTicket.as_view(), name="registration_resend"),
]
