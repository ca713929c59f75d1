"""Short ways through the pages on which organizers act for people."""

from django.urls import reverse

from tests.factories import RegistrationFactory


def place(drive, nth=0, **fields):
    return RegistrationFactory(slot=drive.slots.all()[nth], **fields)


def names(response):
    return [row.registration.full_name for row in response.context["found"].rows]


def listed(client, drive, **query):
    """Read the list at an address; what is searched goes the way of its form."""
    page = reverse("drive_registrations", args=[drive.slug])
    if "search" in query:
        return client.post(page, query, follow=True)
    return client.get(page, query)


def post(client, page, drive, person=None, /, **typed):
    arguments = [drive.slug, *([person.public_id] if person else [])]
    return client.post(reverse(page, args=arguments), typed)


def typed(drive, **more):
    return {
        "slot": drive.slots.first().public_id,
        "full_name": "Lê An",
        "phone": "0912 000 111",
        "birth_year": "1990",
        "email": "an@example.com",
        "consents": ["registration", "reminders"],
        "request_key": "6a1f1d9c-5b0f-4d0a-9f43-6d1f4f1c2b11",
    } | more
