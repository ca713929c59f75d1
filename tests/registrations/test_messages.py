"""What people get by mail: through a real mail server, read as a mail program reads it."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from icalendar import Calendar
from PIL import Image

from backend.text import fold
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.outbox import queue_about
from events.registrations.services import cancel_registration, move_registration
from events.registrations.services.drives import cancel_drive
from events.registrations.signing import ticket_of
from events.registrations.tickets import format_code
from events.registrations.tokens import manage_url
from notifications.delivery import GIVE_UP_AFTER
from notifications.models import Message
from notifications.services import deliver_due, retry_failed
from tests.factories import (
    HANOI,
    NOW,
    DriveFactory,
    RegistrationFactory,
    SlotFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
Registered = Registration.Status.REGISTERED


@pytest.fixture
def outbox(settings, mail_server):
    """Send what is due at a moment over SMTP, and return what arrived."""
    settings.EMAIL_URL = mail_server.url
    settings.EMAIL_FROM = "Giọt Hồng <ve@giothong.example>"

    def send(at: datetime = NOW) -> list[EmailMessage]:
        deliver_due(clock=lambda: at)
        return list(mail_server.messages)

    return send


def part(mail: EmailMessage, content_type: str) -> EmailMessage:
    [found] = [p for p in mail.walk() if p.get_content_type() == content_type]
    return found


def text_of(mail: EmailMessage) -> str:
    return str(part(mail, "text/plain").get_content()).replace("\N{NO-BREAK SPACE}", " ")


def subject_of(mail: EmailMessage) -> str:
    return str(mail["Subject"]).replace("\N{NO-BREAK SPACE}", " ")


def calendar_of(mail: EmailMessage) -> Calendar:
    return Calendar.from_ical(part(mail, "text/calendar").get_content())


def read_qr(png: bytes) -> str:
    import zxingcpp

    [found] = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    return found.text


def registration_at(hour: str = "08:30", **fields) -> Registration:
    """Somebody registered for Saturday 5 December 2026."""
    starts_at = datetime.fromisoformat(f"2026-12-05T{hour}").replace(tzinfo=HANOI)
    drive = fields.pop("drive", None) or DriveFactory()
    slot = SlotFactory(drive=drive, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=30))
    fields = {"full_name": "Nguyễn Hoàng Phương Thảo Nguyên"} | fields
    return RegistrationFactory(slot=slot, **fields)


def test_registered_mail_has_ticket_calendar_and_both_parts(outbox):
    registration = registration_at(email="thaonguyen@example.com")
    queue_about(registration, "registered", now=NOW)

    [mail] = outbox()

    assert subject_of(mail) == "Đã giữ chỗ 08:30, thứ Bảy 05/12"
    assert mail["To"] == "thaonguyen@example.com"
    sender = mail["From"].addresses[0]
    assert sender.display_name == f"Giọt Hồng, {registration.drive.unit.name}"
    assert sender.addr_spec == "ve@giothong.example"
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "vi")
    assert mail["List-Unsubscribe"] is None
    text, html = text_of(mail), part(mail, "text/html").get_content()
    for said in ("08:30", "05/12/2026", "54 Hai Bà Trưng", format_code(registration.code)):
        assert said in text
        assert said in html
    assert "Chào Thảo Nguyên," in text
    assert manage_url(registration) in text
    assert f'href="{manage_url(registration)}cancel/"' in html
    assert 'src="cid:ticket@giot-hong"' in html
    picture = part(mail, "image/png")
    assert picture["Content-ID"] == "<ticket@giot-hong>"
    assert picture.get_content_disposition() == "inline"
    assert read_qr(picture.get_content()) == ticket_of(registration)
    event = calendar_of(mail).walk("VEVENT")[0]
    assert part(mail, "text/calendar")["Content-Type"].params["method"] == "PUBLISH"
    assert event.decoded("dtstart") == registration.ticket_starts_at()
    assert event.decoded("sequence") == 0
    assert str(event["uid"]) == f"{registration.public_id}@giot-hong"


def test_no_mail_has_a_health_word(outbox):
    drive = DriveFactory(
        slots=2,
        name="Ngày hội hiến máu",
        bring="Thẻ hiến máu, giấy xét nghiệm",
        contact="Phòng khám sức khỏe, 0912 000 486",
    )
    registration = RegistrationFactory(slot=drive.slots.first(), consent_reminders=True)
    for kind in ("registered", "promoted", "reminder", "drive_changed"):
        queue_about(registration, kind, now=NOW)

    mails = outbox()

    assert len(mails) == 4
    for mail in mails:
        for p in mail.walk():
            if p.get_content_maintype() == "text":
                said = fold(p.get_content())
                for word in ("hien mau", "blood", "xet nghiem", "suc khoe", "donor"):
                    assert word not in said.replace("text/calendar", "")
        assert "mau" not in fold(mail["Subject"]).split()


def test_mail_speaks_the_language_of_the_registration(outbox):
    registration = registration_at(language="en", full_name="Mary Nguyen")
    queue_about(registration, "registered", now=NOW)

    [mail] = outbox()

    assert subject_of(mail) == "Your place is held: 08:30, Saturday 5 December"
    assert "Hello Mary Nguyen," in text_of(mail)
    assert "Tonight" not in text_of(mail)


def test_reminder_of_the_day_before_says_tomorrow_and_can_be_stopped(outbox):
    registration = registration_at(consent_reminders=True)
    eve = datetime(2026, 12, 4, 18, 0, tzinfo=HANOI)
    queue_about(registration, "reminder", now=eve, details={"days": 1, "on": "2026-12-05"})

    [mail] = outbox(eve)

    assert subject_of(mail) == "Hẹn gặp anh/chị 08:30 sáng mai, thứ Bảy 05/12"
    assert mail["List-Unsubscribe"] == f"<{manage_url(registration)}>"
    assert "Tối nay ngủ sớm" in text_of(mail)
    assert f"{manage_url(registration)}details/" in text_of(mail)


def test_messages_tell_the_time_of_now_not_of_queueing(outbox):
    registration = registration_at("08:30", consent_reminders=True)
    later = SlotFactory(drive=registration.drive, nth=5)
    queue_about(registration, "reminder", now=NOW, details={"on": "2026-12-05"})
    move_registration(registration=registration, slot_id=later.public_id, now=NOW)

    mails = {subject_of(mail) for mail in outbox()}

    assert mails == {
        "Đã đổi sang 09:30, thứ Bảy 05/12",
        "Hẹn gặp anh/chị 09:30, thứ Bảy 05/12",
    }


def test_an_older_ticket_is_not_sent_after_a_newer_one(outbox):
    registration = registration_at()
    queue_about(registration, "registered", now=NOW)
    later = SlotFactory(drive=registration.drive, nth=5)
    move_registration(registration=registration, slot_id=later.public_id, now=NOW)

    [mail] = outbox()

    assert subject_of(mail) == "Đã đổi sang 09:30, thứ Bảy 05/12"
    assert list(Message.objects.order_by("pk").values_list("status", "reason")) == [
        ("dropped", "superseded"),
        ("accepted", ""),
    ]
    assert calendar_of(mail).walk("VEVENT")[0].decoded("sequence") == 1


def test_who_is_to_come_at_midnight_is_not_sent_to_bed(outbox):
    queue_about(registration_at("00:00"), "registered", now=NOW)

    [mail] = outbox(datetime(2026, 12, 4, 23, 40, tzinfo=HANOI))

    assert "ngủ sớm" not in text_of(mail)
    assert "Sáng mai" not in text_of(mail)
    assert "Trước khi đến ăn nhẹ, uống đủ nước." in text_of(mail)


def test_giving_up_sends_a_cancelled_calendar_and_drops_what_was_queued(outbox):
    registration = registration_at(consent_reminders=True)
    queue_about(registration, "reminder", now=NOW, details={"on": "2026-12-05"})
    cancel_registration(registration=registration, now=NOW)

    [mail] = outbox()

    assert subject_of(mail) == "Đã nhường chỗ 08:30, thứ Bảy 05/12"
    assert "Cảm ơn anh/chị đã báo sớm." in text_of(mail)
    assert "\n\n\n" not in text_of(mail).replace("\r", "")
    calendar = calendar_of(mail)
    assert str(calendar["method"]) == "CANCEL"
    assert str(calendar.walk("VEVENT")[0]["status"]) == "CANCELLED"
    assert calendar.walk("VEVENT")[0].decoded("sequence") == 1
    assert part(mail, "text/calendar")["Content-Type"].params["method"] == "CANCEL"
    reminder = Message.objects.get(kind="reminder")
    assert (reminder.status, reminder.reason) == ("dropped", "cancelled")


def test_an_organizers_reason_is_told_once_and_kept_nowhere(outbox):
    registration = registration_at()
    cancel_registration(
        registration=registration, now=NOW, by=UserFactory(), reason="Hội trường đóng cửa."
    )

    [mail] = outbox()

    assert subject_of(mail) == "Ban tổ chức đã hủy chỗ 08:30, thứ Bảy 05/12"
    assert "Ban tổ chức nhắn: Hội trường đóng cửa." in text_of(mail)
    assert Message.objects.get().details == {}


def test_a_letter_that_is_tried_again_says_what_the_first_would_have_said(outbox, mail_server):
    registration = registration_at(email="an@example.com")
    mail_server.answers["an@example.com"] = "450 later"
    cancel_registration(
        registration=registration,
        now=NOW - GIVE_UP_AFTER,
        by=UserFactory(),
        reason="Hội trường đóng cửa.",
    )
    assert outbox() == []
    mail_server.answers.clear()

    assert retry_failed(f"drive:{registration.drive_id}", now=NOW) == 1
    [mail] = outbox()

    assert subject_of(mail) == "Ban tổ chức đã hủy chỗ 08:30, thứ Bảy 05/12"
    assert "Ban tổ chức nhắn: Hội trường đóng cửa." in text_of(mail)
    assert Message.objects.get().details == {}


def test_a_cancelled_drive_is_told_to_all_who_had_a_place(outbox):
    registration = registration_at()
    queue_about(registration, "registered", now=NOW)
    cancel_drive(drive=registration.drive, reason="Bão số 9.", by=UserFactory(), now=NOW)

    [mail] = outbox()

    assert subject_of(mail) == "Không diễn ra: 08:30, thứ Bảy 05/12"
    assert "Bão số 9." in text_of(mail)
    assert "\n\n\n" not in text_of(mail).replace("\r", "")
    assert str(calendar_of(mail).walk("VEVENT")[0]["status"]) == "CANCELLED"


def test_waitlisted_mail_says_the_place_in_line_of_now(outbox):
    first = registration_at(status=Registration.Status.WAITLISTED, email="mot@example.com")
    second = RegistrationFactory(
        slot=first.slot, status=Registration.Status.WAITLISTED, email="hai@example.com"
    )
    queue_about(second, "waitlisted", now=NOW)
    cancel_registration(registration=first, now=NOW)
    Message.objects.filter(about_id=first.public_id).delete()
    Message.objects.filter(kind="promoted").delete()
    Registration.objects.filter(pk=second.pk).update(status="waitlisted", placed_at=None)

    [mail] = outbox()

    assert subject_of(mail) == "Danh sách chờ 08:30, thứ Bảy 05/12"
    assert "đứng số 1" in text_of(mail)
    assert not [p for p in mail.walk() if p.get_content_type() in ("image/png", "text/calendar")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"consent_reminders": False}, "no_consent"),
        ({"status": "checked_in"}, "arrived"),
        ({"status": "waitlisted"}, "waitlisted"),
        ({"status": "cancelled"}, "cancelled"),
        ({"erased_at": NOW, "email": ""}, "erased"),
    ],
)
def test_a_reminder_is_not_sent_to_who_does_not_want_or_need_it(outbox, change, reason):
    registration = registration_at(consent_reminders=True)
    queue_about(registration, "reminder", now=NOW, details={"on": "2026-12-05"})
    Registration.objects.filter(pk=registration.pk).update(**change)

    assert outbox() == []
    message = Message.objects.get()
    assert (message.status, message.reason) == ("dropped", reason)


def test_a_reminder_for_a_date_that_moved_is_not_sent(outbox):
    registration = registration_at(consent_reminders=True)
    queue_about(registration, "reminder", now=NOW, details={"on": "2026-12-05"})
    Drive.objects.update(date="2026-12-12")

    assert outbox() == []
    assert Message.objects.get().reason == "moved"


def test_a_message_to_nobody_known_is_dropped(outbox):
    registration = registration_at()
    queue_about(registration, "registered", now=NOW)
    Registration.objects.all().delete()

    assert outbox() == []
    assert Message.objects.get().reason == "gone"


def test_who_took_the_address_back_is_named_to_the_organizer(outbox):
    registration = registration_at()
    queue_about(registration, "registered", now=NOW)
    Registration.objects.update(email="")

    assert outbox() == []
    message = Message.objects.get()
    assert (message.status, message.reason) == ("failed", "no_address")


def test_a_reminder_is_held_back_in_quiet_hours_and_a_ticket_is_not(outbox):
    night = datetime(2026, 12, 3, 22, 0, tzinfo=HANOI)
    registration = registration_at(consent_reminders=True)
    queue_about(registration, "reminder", now=night, details={"on": "2026-12-05"})
    queue_about(registration, "registered", now=night)

    assert [subject_of(mail) for mail in outbox(night)] == ["Đã giữ chỗ 08:30, thứ Bảy 05/12"]
    reminder = Message.objects.get(kind="reminder")
    assert (reminder.status, reminder.tries) == ("queued", 0)
    assert reminder.due_at == datetime(2026, 12, 4, 7, 30, tzinfo=HANOI)
    assert len(outbox(reminder.due_at)) == 2


def test_facts_of_a_batch_are_read_by_a_fixed_number_of_queries(
    settings, mail_server, django_assert_max_num_queries
):
    from events.registrations.messages import load

    drive = DriveFactory(slots=1)
    ids = [RegistrationFactory(slot=drive.slots.get()).public_id for _ in range(3)]

    with django_assert_max_num_queries(5):
        facts = load(ids)

    assert set(facts) == set(ids)


def test_links_of_a_mail_open_pages_and_change_nothing(outbox, client):
    with time_machine.travel(NOW, tick=False):
        registration = registration_at(consent_reminders=True)
        queue_about(registration, "reminder", now=NOW, details={"on": "2026-12-05"})
        [mail] = outbox()
        html = part(mail, "text/html").get_content()
        links = re.findall(r'href="http://testserver(/r/[^"]+)"', html)

        answers = [client.get(link).status_code for link in links]

    assert [link.rsplit("/", 2)[1] for link in links[1:]] == ["move", "cancel", "details"]
    assert answers == [200, 200, 200, 200]
    registration.refresh_from_db()
    assert (registration.status, registration.confirmed_at) == ("registered", None)
