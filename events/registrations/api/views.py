"""A volunteer's own registration: made, read, changed, confirmed, given up; without an account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import refuse_over_limit
from accounts.api.views import View, written
from accounts.attempts import Attempt
from backend.limits import exhausted, hit
from backend.proxies import limit_key
from events.drives.api.views import WRITE_KEY
from events.drives.models import Drive
from events.drives.queries import find_published_drive
from events.registrations.api.serializers import (
    CancelledSerializer,
    ChangeInput,
    ConfirmedSerializer,
    RegistrationInput,
    RegistrationSerializer,
    as_sent,
    status_of,
)
from events.registrations.input import Asked, InvalidInput, read_change, read_registration
from events.registrations.letter_limits import (
    address_told,
    count_letter,
    count_registering,
    spares,
)
from events.registrations.models import Registration
from events.registrations.refusals import RegistrationRefused
from events.registrations.services import (
    cancel_registration,
    change_registration,
    confirm_registration,
    register_donor,
)
from events.registrations.services.change import Change
from events.registrations.tokens import registration_of


class AnybodysView(View):
    """Needs no login: who has the address of a drive, or the link to a place, may act."""

    authentication_classes = []
    permission_classes = [AllowAny]


class RegisterView(AnybodysView):
    @extend_schema(
        operation_id="registrations_create",
        summary="Take a place in a slot, or one on its waiting list.",
        description="409: `slot_full` with `alternatives`, `already_registered`,"
        " `registration_closed`, `registration_not_open`, `drive_cancelled`.",
        parameters=[WRITE_KEY],
        request=RegistrationInput,
        responses={201: RegistrationSerializer},
    )
    def post(self, request: Request, slug: str) -> Response:
        caller = limit_key(request)
        try:
            drive, asked = self.read(slug)
            attempt = asked_attempt(self, asked)
        except (Http404, exceptions.APIException):
            refuse_over_limit("REGISTRATIONS_ADDRESS", caller)
            raise
        waits = count_registering(caller, phone=asked.person.phone, address=asked.wishes.email)
        if waits.caller is not None:
            raise exceptions.Throttled(waits.caller)
        refuse_worn_out(waits.phone, attempt)
        if waits.is_spared:
            asked = asked.sparing_letter()
        try:
            registration, replayed = register_donor(
                drive=drive,
                slot_id=asked.slot_id,
                person=asked.person,
                wishes=asked.wishes,
                attempt=attempt,
                now=self.now,
            )
        except RegistrationRefused as refusal:
            note_refusal(refusal, asked.person.phone)
            raise
        if not replayed and not waits.is_spared:
            count_letter(registration.email)
        return written(registration_as_sent(self, registration), replayed, status=201)

    def read(self, slug: str) -> tuple[Drive, Asked]:
        drive = find_published_drive(slug)
        if drive is None:
            raise Http404
        return drive, read_asked(self.body(), drive=drive)


class OwnView(AnybodysView):
    """The place that a link opens. Wrong, ended and erased links are all the same 404."""

    def find(self, token: str) -> Registration:
        registration = registration_of(token, now=self.now)
        if registration is None:
            refuse_over_limit("MISSES", limit_key(self.request))
            raise Http404
        return registration

    def write(
        self, registration: Registration, body: Mapping[str, Any], service: Callable[[], object]
    ) -> tuple[Registration, bool]:
        """Write once, and return the registration as it is now."""
        _id, replayed = self.once(body, registration.public_id, service)
        rows = Registration.objects.select_related("slot", "drive")
        return rows.get(pk=registration.pk), replayed


class OwnRegistrationView(OwnView):
    @extend_schema(
        operation_id="registrations_read",
        summary="One's own place as of now.",
        responses=RegistrationSerializer,
    )
    def get(self, request: Request, token: str) -> Response:
        return Response(registration_as_sent(self, self.find(token)))

    @extend_schema(
        operation_id="registrations_change",
        summary="Move, or correct name, contact and consents; all or nothing.",
        description="One on the waiting list moves into a free slot as registered. 409:"
        " `slot_full` with `alternatives`, `already_registered`, `registration_closed`,"
        " `drive_cancelled`, `cancelled`, `too_late`.",
        parameters=[WRITE_KEY],
        request=ChangeInput,
        responses=RegistrationSerializer,
    )
    def patch(self, request: Request, token: str) -> Response:
        registration = self.find(token)
        change = read_asked_change(self.body())
        body = {name: value for name, value in vars(change).items() if value is not None}
        phone = change.phone or registration.phone
        refuse_worn_out(exhausted("REGISTRATIONS_PHONE", phone), self.attempt(body))
        is_spared = spares(address_told(registration, change))

        def write() -> None:
            change_registration(
                registration=registration, change=change, now=self.now, spares_letter=is_spared
            )

        try:
            changed, replayed = self.write(registration, body, write)
        except RegistrationRefused as refusal:
            if change.full_name or change.phone:
                note_refusal(refusal, phone)
            raise
        if changed.revision != registration.revision and not replayed and not is_spared:
            count_letter(changed.email)
        return written(registration_as_sent(self, changed), replayed)

    @extend_schema(
        operation_id="registrations_cancel",
        summary="Give the place up; again gives the same answer.",
        description="409: `too_late` once the slot has started or the person is in.",
        parameters=[WRITE_KEY],
        responses={200: CancelledSerializer},
    )
    def delete(self, request: Request, token: str) -> Response:
        registration = self.find(token)

        def write() -> None:
            cancel_registration(registration=registration, now=self.now)

        cancelled, replayed = self.write(registration, {}, write)
        return written({"status": cancelled.status}, replayed)


class ConfirmView(OwnView):
    @extend_schema(
        operation_id="registrations_confirm",
        summary="Say to come; again gives the same answer.",
        description="409: `waitlisted`, `cancelled`, `too_late`.",
        parameters=[WRITE_KEY],
        request=None,
        responses=ConfirmedSerializer,
    )
    def post(self, request: Request, token: str) -> Response:
        registration = self.find(token)

        def write() -> None:
            confirm_registration(registration=registration, now=self.now)

        confirmed, replayed = self.write(registration, {}, write)
        answer = {
            "status": status_of(confirmed, is_over=confirmed.drive.is_over(self.now)),
            "confirmed_at": confirmed.confirmed_at,
        }
        return written(ConfirmedSerializer(answer).data, replayed)


def registration_as_sent(view: View, registration: Registration) -> dict[str, Any]:
    return as_sent(registration, now=view.now)


def read_asked(data: Mapping[str, Any], *, drive: Drive) -> Asked:
    """Clean the body of a registration.

    :raises exceptions.ValidationError: with each field that cannot be taken.
    """
    language = (get_language() or "vi")[:2]
    try:
        return read_registration(data, drive=drive, language=language)
    except InvalidInput as invalid:
        raise _as_api_error(invalid) from None


def read_asked_change(data: Mapping[str, Any]) -> Change:
    """Clean the body of a change.

    :raises exceptions.ValidationError: with each field that cannot be taken.
    """
    try:
        return read_change(data)
    except InvalidInput as invalid:
        raise _as_api_error(invalid) from None


def _as_api_error(invalid: InvalidInput) -> exceptions.ValidationError:
    return exceptions.ValidationError(
        {p.field: [exceptions.ErrorDetail(str(p.message), code=p.code)] for p in invalid.problems}
    )


def asked_attempt(view: View, asked: Asked) -> Attempt:
    """Name this try at a registration by what was asked, in normal form."""
    named = view.attempt({})
    return asked.attempt(route=named.route, caller=named.caller, key=named.key)


def refuse_worn_out(wait: int | None, attempt: Attempt) -> None:
    """Raise 429 where a phone was refused too often and must wait so many seconds.

    A repeat of what went well before passes: it writes nothing.
    """
    if wait is not None and not attempt.is_known():
        raise exceptions.Throttled(wait)


def note_refusal(refusal: RegistrationRefused, phone: str) -> None:
    """Count who asks again and again for one phone: it tells whether somebody is registered."""
    if "field" not in refusal.extra:
        hit("REGISTRATIONS_PHONE", phone)
