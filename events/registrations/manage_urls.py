"""Organizers' addresses for who comes, under ``/manage/``."""

from django.urls import path

from events.registrations.views import drives, people, person

_DRIVE = "drives/<slug:slug>/"
_PERSON = f"{_DRIVE}registrations/<slug:public_id>/"

urlpatterns = [
    path(f"{_DRIVE}edit/", drives.DriveEditPage.as_view(), name="drive_edit"),
    path(f"{_DRIVE}cancel/", drives.DriveCancelPage.as_view(), name="drive_cancel"),
    path(f"{_DRIVE}slots/", drives.SlotListPage.as_view(), name="drive_slots"),
    path(f"{_DRIVE}slots/<slug:slot>/", drives.ChangeSlot.as_view(), name="slot_change"),
    path(f"{_DRIVE}roster/", people.RosterPage.as_view(), name="drive_roster"),
    path(
        f"{_DRIVE}registrations/",
        people.RegistrationListPage.as_view(),
        name="drive_registrations",
    ),
    path(f"{_DRIVE}registrations/add/", people.AddPage.as_view(), name="registration_add"),
    path(f"{_DRIVE}registrations/bulk/", people.BulkPage.as_view(), name="registration_bulk"),
    path(_PERSON, person.PersonPage.as_view(), name="registration"),
    path(f"{_PERSON}move/", person.MovePerson.as_view(), name="registration_move"),
    path(f"{_PERSON}cancel/", person.CancelPerson.as_view(), name="registration_cancel"),
    path(f"{_PERSON}details/", person.ChangePerson.as_view(), name="registration_details"),
    path(f"{_PERSON}resend/", person.ResendTicket.as_view(), name="registration_resend"),
]
