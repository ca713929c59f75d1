"""A second step when signing in: an authenticator app, and codes on paper."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache

from accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "mua-thu-ha-noi-54"


@pytest.fixture
def user():
    return User.objects.create_user(email="linh@example.com", name="Linh", password=PASSWORD)


def code_of(secret):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def sign_in(client):
    return client.post("/login/", {"login": "linh@example.com", "password": PASSWORD})


def prove(client, page):
    """Give the password again, as pages want it that change how somebody signs in."""
    asked = client.get(page)
    assert asked.headers["Location"].startswith("/account/reauthenticate/")
    assert client.get(asked.headers["Location"]).status_code == 200
    given = client.post(asked.headers["Location"], {"password": PASSWORD})
    assert given.headers["Location"] == page


def turn_on(client):
    sign_in(client)
    prove(client, "/account/2fa/totp/activate/")
    page = client.get("/account/2fa/totp/activate/").content.decode()
    [secret] = re.findall(r'<code class="code-text">([A-Z2-7]+)</code>', page)
    response = client.post("/account/2fa/totp/activate/", {"code": code_of(secret)})
    assert response.headers["Location"] == "/account/2fa/recovery-codes/"
    cache.clear()  # the same six digits are not taken twice
    return secret


def test_signing_in_asks_for_the_code(client, user):
    secret = turn_on(client)
    client.post("/logout/")

    assert sign_in(client).headers["Location"] == "/account/2fa/authenticate/"
    assert client.get("/manage/").status_code == 302
    assert client.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.get("/manage/").status_code == 302
    response = client.post("/account/2fa/authenticate/", {"code": code_of(secret)})
    assert response.headers["Location"] == "/manage/"
    assert client.get("/manage/").status_code == 200


def test_a_recovery_code_opens_the_account_once(client, user):
    turn_on(client)
    page = client.get("/account/2fa/recovery-codes/").content.decode()
    codes = re.findall(r'<code class="code-text">(\w+)</code>', page)
    assert len(codes) == 10

    answers = []
    for _try in range(2):
        client.post("/logout/")
        sign_in(client)
        answers.append(client.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code)

    assert answers == [302, 200]


def test_secrets_lie_encrypted(client, user):
    secret = turn_on(client)

    assert secret not in str(list(Authenticator.objects.values()))


def test_turning_it_off_leaves_the_password_alone(client, user):
    turn_on(client)

    client.post("/account/2fa/totp/deactivate/")
    client.post("/logout/")

    assert sign_in(client).headers["Location"] == "/manage/"


def test_signing_out_everywhere_else(client, user):
    from django.test import Client

    other = Client()
    sign_in(client)
    sign_in(other)
    assert client.get("/account/sessions/").content.decode().count("<tr") == 3

    client.post("/account/sessions/")

    assert other.get("/manage/").status_code == 302
    assert client.get("/manage/").status_code == 200
