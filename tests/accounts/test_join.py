"""The page of an invitation, ``manage.py init``, and the mails that carry links."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Invitation, Membership, Role, Unit, User
from accounts.services import invite
from backend.limits import read_limits
from notifications.models import Message
from notifications.services import deliver_due
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "mua-thu-ha-noi-54"


@pytest.fixture
def owner():
    return MembershipFactory(role=Role.OWNER, user__email="owner@example.com")


@pytest.fixture
def link(owner):
    made = invite(
        unit=owner.unit,
        role=Role.SECRETARY,
        email="an@example.com",
        by=owner.user,
        now=timezone.now(),
    )
    return f"/join/{made.token}/"


def take(client, link, **typed):
    return client.post(link, {"name": "Lê An", "password": PASSWORD} | typed)


def test_opening_the_link_changes_nothing(client, link):
    response = client.get(link)

    assert response.status_code == 200
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"] == "no-store"
    assert Invitation.objects.get().used_at is None


def test_taking_it_makes_the_account_and_signs_in(client, link, owner):
    response = take(client, link)

    assert response.headers["Location"] == "/manage/"
    assert client.get("/manage/").status_code == 200
    [membership] = Membership.objects.exclude(pk=owner.pk)
    assert (membership.user.name, membership.role) == ("Lê An", "secretary")


def test_a_used_and_an_unknown_link_say_so(client, link):
    take(client, link)
    client.logout()

    assert client.get(link).status_code == 410
    assert take(client, link).status_code == 410
    assert client.get("/join/nobody-made-this/").status_code == 404


def test_an_old_link_says_so(client, link):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert client.get(link).status_code == 410
    assert take(client, link).status_code == 410
    assert not User.objects.filter(email="an@example.com").exists()


def test_a_weak_password_comes_back_with_the_name_kept(client, link):
    response = take(client, link, password="an@example.com")

    assert response.status_code == 400
    assert "Lê An" in response.content.decode()
    assert not User.objects.filter(email="an@example.com").exists()


def test_a_known_address_signs_in_first(client, link):
    user = UserFactory(email="an@example.com")

    assert take(client, link, password="stolen-account-54").headers["Location"] == (
        f"/login/?next={link}"
    )
    client.force_login(user)
    assert take(client, link).headers["Location"] == "/manage/"
    assert user.memberships.get().role == "secretary"


def test_an_owner_invites_on_the_units_page_and_sees_the_link_once(client, owner):
    client.force_login(owner.user)
    page = f"/manage/units/{owner.unit.slug}/"

    made = client.post(
        f"{page}invite/", {"invite-email": "binh@example.com", "invite-role": "organizer"}
    )

    [link] = re.findall(r"http://testserver(/join/[^/]+/)", made.content.decode())
    assert "/join/" not in client.get(page).content.decode()
    client.logout()
    assert client.get(link).status_code == 200


@pytest.mark.parametrize("is_demonstration", [True, False])
def test_the_units_page_says_whether_an_invitation_is_mailed(client, owner, is_demonstration):
    owner.unit.is_demonstration = is_demonstration
    owner.unit.save()
    client.force_login(owner.user)

    made = client.post(
        f"/manage/units/{owner.unit.slug}/invite/",
        {"invite-email": "binh@example.com", "invite-role": "organizer"},
    )

    assert ("đang gửi qua thư" in made.content.decode()) is not is_demonstration
    assert Message.objects.filter(kind="invitation").exists() is not is_demonstration


def test_init_prints_a_link_with_which_the_owner_sets_a_password(client, capsys):
    call_command("init", unit="Đoàn Thanh niên Bộ Công Thương", owner="Trang@example.com")

    link = capsys.readouterr().out.strip()
    assert link.startswith("http://testserver/join/")
    take(client, link.removeprefix("http://testserver"))
    [membership] = Membership.objects.all()
    assert (membership.user.email, membership.role) == ("trang@example.com", "owner")
    assert membership.unit == Unit.objects.get(slug="doan-thanh-nien-bo-cong-thuong")


# --- Mails ------------------------------------------------------------------------------


@pytest.fixture
def mails(settings, mail_server):
    settings.EMAIL_URL = mail_server.url
    settings.EMAIL_FROM = "Giọt Hồng <no-reply@giothong.example>"

    def delivered():
        deliver_due(clock=timezone.now)
        return [
            (message["To"], message.get_body(("plain",)).get_content())
            for message in mail_server.messages
        ]

    return delivered


def test_the_invitation_arrives_with_its_link(client, link, mails):
    [(to, text)] = mails()

    assert to == "an@example.com"
    assert f"http://testserver{link}" in text


def test_a_forgotten_password_is_set_anew_by_mail_once(client, mails):
    user = User.objects.create_user(email="an@example.com", name="Lê An", password=PASSWORD)
    known = client.post("/account/password/reset/", {"email": "an@example.com"})
    unknown = client.post("/account/password/reset/", {"email": "nobody@example.com"})
    assert (known.status_code, known.headers["Location"]) == (
        unknown.status_code,
        unknown.headers["Location"],
    )

    [(to, text)] = mails()

    assert to == user.email
    [link] = re.findall(r"http://testserver(/account/password/reset/\S+/)", text)
    form = client.get(link).headers["Location"]
    new = {"password1": "mua-dong-ha-noi-55", "password2": "mua-dong-ha-noi-55"}
    assert client.post(form, new).headers["Location"] == "/account/password/reset/done/"
    user.refresh_from_db()
    assert user.check_password("mua-dong-ha-noi-55")
    client.logout()
    assert "Location" not in client.get(link).headers


def test_guesses_of_links_are_limited(client, settings):
    settings.LIMITS = settings.LIMITS | read_limits({"MISSES": "2/h"})

    answers = [client.get(f"/join/{'A' * 22}/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert int(answers[2]["Retry-After"]) > 0
