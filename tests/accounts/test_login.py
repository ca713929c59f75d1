"""Signing in, out, and a second step; nothing tells whether an address has an account."""

import pytest
from django.urls import reverse

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "mua-thu-ha-noi-54"


@pytest.fixture
def user():
    return User.objects.create_user(
        email="linh@example.com", name="Trần Khánh Linh", password=PASSWORD
    )


def sign_in(client, login="linh@example.com", password=PASSWORD):
    return client.post("/login/", {"login": login, "password": password})


def code_of(response):
    [error] = response.context["form"].errors.as_data()["__all__"]
    return error.code


def test_login_leads_to_manage(client, user):
    response = sign_in(client)

    assert (response.status_code, response.headers["Location"]) == (302, "/manage/")
    assert client.get("/manage/").status_code == 200


def test_login_leads_back_to_the_page_that_asked_for_it(client, user):
    asked = client.get("/manage/units/")

    assert asked.headers["Location"] == "/login/?next=/manage/units/"
    response = client.post(asked.headers["Location"], {"login": user.email, "password": PASSWORD})
    assert response.headers["Location"] == "/manage/units/"


def test_login_leads_nowhere_else(client, user):
    response = client.post(
        "/login/?next=https://evil.example/", {"login": user.email, "password": PASSWORD}
    )

    assert response.headers["Location"] == "/manage/"


def test_login_says_the_same_to_known_and_unknown(client, user):
    known = sign_in(client, password="wrong-password")
    unknown = sign_in(client, login="nobody@example.com", password="wrong-password")

    def words(response):
        return response.content.decode().replace("nobody@example.com", "linh@example.com")

    assert known.status_code == unknown.status_code == 200
    assert (
        words(known).split("csrfmiddlewaretoken")[0]
        == words(unknown).split("csrfmiddlewaretoken")[0]
    )
    assert code_of(known) == code_of(unknown) == "email_password_mismatch"


def test_login_is_throttled_for_one_user_also_with_the_right_password(client, user):
    for _try in range(10):
        sign_in(client, password="wrong-password")

    response = sign_in(client)

    assert response.status_code == 200
    assert code_of(response) == "too_many_login_attempts"
    assert client.get("/manage/").status_code == 302


def test_logout_needs_a_post(client, user):
    client.force_login(user)

    assert client.get("/logout/").status_code == 200
    assert client.get("/manage/").status_code == 200
    assert client.post("/logout/").headers["Location"] == "/login/"
    assert client.get("/manage/").status_code == 302


def test_there_is_no_sign_up(client):
    for path in ("/signup/", "/account/signup/", "/accounts/signup/"):
        assert client.get(path).status_code == 404


def test_a_closed_account_gets_no_session(client, user):
    user.is_active = False
    user.save(update_fields=["is_active"])

    response = sign_in(client)

    assert response.headers["Location"] == reverse("account_inactive")
    assert client.get("/manage/").status_code == 302
