"""HTTPS without Docker, as ``docs/deploy.md`` shows it: Caddy before ``manage.py run``."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.caddy import MISSING, Caddy, find_caddy
from tests.services.http import Answer, get
from tests.services.product import Product

pytestmark = pytest.mark.processes
SECOND_ENROLMENT = {"code": "x" * 22, "name": "Máy"}


@dataclass
class Site:
    caddy: Caddy
    product: Product
    demo: dict[str, Any]

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def call(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Call through Caddy, believing in its authority alone."""
        connection = http.client.HTTPSConnection(
            "localhost", self.caddy.port, timeout=20, context=self.caddy.trust
        )
        return _answer(connection, method, path, body, headers)

    def call_directly(
        self, method: str, path: str, body: object = None, *, source: str, **headers: str
    ) -> Answer:
        """Call the product itself, past Caddy, from an address of this machine."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.product.port, timeout=20, source_address=(source, 0)
        )
        host = {"Host": f"localhost:{self.caddy.port}"}
        return _answer(connection, method, path, body, host | headers)


def _answer(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: object,
    headers: dict[str, str] | None,
) -> Answer:
    given = dict(headers or {})
    if body is not None:
        given["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), given)
    answer = connection.getresponse()
    found = Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    if find_caddy() is None:
        pytest.skip(MISSING)
    folder: Path = tmp_path_factory.mktemp("https")
    caddy = Caddy(folder)
    product = Product(
        folder / "var",
        BASE_URL=caddy.url,
        TRUSTED_PROXIES="127.0.0.1/32",
        LIMIT_ENROLMENTS="2/h",
        LIMIT_MISSES="off",
    )
    try:
        product.start()
        caddy.start(product.port)
        started = product.said
        assert "demo-organizer" not in started
        assert not (product.data_dir / "demo.json").exists()
        yield Site(caddy, product, json.loads(product.manage("demo", "--json", "--yes")))
    finally:
        caddy.stop()
        if product.process is not None:
            product.stop()
        product.kill_everything()


def test_a_public_address_starts_empty_and_makes_no_demonstration_unasked(site: Site):
    with pytest.raises(RuntimeError, match="say --yes"):
        site.product.manage("demo")
    assert site.get("/").status == 200
    assert json.loads(site.get("/readyz").body)["database"] is True


def test_the_certificate_is_good_for_who_trusts_its_authority_alone(site: Site):
    assert site.get("/healthz").status == 200
    connection = http.client.HTTPSConnection(
        "localhost", site.caddy.port, timeout=20, context=ssl.create_default_context()
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")


def test_http_leads_to_https(site: Site):
    plain = get(f"http://localhost:{site.caddy.http_port}/lost/")
    past_caddy = site.call_directly("GET", "/lost/", source="127.0.0.2")

    assert plain is not None
    assert plain.status in (301, 308)
    assert plain.headers["Location"].startswith("https://localhost")
    assert (past_caddy.status, past_caddy.headers["Location"]) == (301, f"{site.caddy.url}/lost/")


def test_cookies_stay_with_the_host_and_browsers_are_told_to_stay_with_https(site: Site):
    login = site.get("/login/")
    chosen = site.get("/?lang=en")

    assert login.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookies = login.headers.get_all("Set-Cookie") + chosen.headers.get_all("Set-Cookie")
    names = {cookie.split("=")[0] for cookie in cookies}
    assert {"__Host-csrf", "__Host-language"} <= names
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)


def test_somebody_signs_in_and_the_session_is_secure(site: Site):
    login = site.get("/login/")
    [csrf] = [c.split(";")[0] for c in login.headers.get_all("Set-Cookie") if "csrf" in c]
    token = login.body.decode().split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    user = site.demo["users"]["organizer"]
    form = f"csrfmiddlewaretoken={token}&login={user['login']}&password={user['password']}"
    connection = http.client.HTTPSConnection(
        "localhost", site.caddy.port, timeout=20, context=site.caddy.trust
    )
    connection.request(
        "POST",
        "/login/",
        form,
        {
            "Cookie": csrf,
            "Referer": f"{site.caddy.url}/login/",
            "Origin": site.caddy.url,
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )
    answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (302, "/manage/")
    [session] = [c for c in answer.headers.get_all("Set-Cookie", []) if "session=" in c]
    assert session.startswith("__Host-session=")
    assert "Secure" in session
    connection.close()


def test_tickets_and_links_carry_the_public_address(site: Site):
    port = site.caddy.port
    for entry in site.demo["registrations"]["next_week"][:3]:
        assert entry["ticket"].startswith(f"HTTPS://LOCALHOST:{port}/T/")
        assert entry["manage_url"].startswith(f"https://localhost:{port}/r/")
    path = site.demo["registrations"]["next_week"][0]["ticket"].partition(str(port))[2]
    assert site.get(path).status == 200


def test_a_forwarded_address_is_believed_from_our_proxy_alone(site: Site):
    def enrol(forged: str) -> int:
        headers = {"X-Forwarded-For": forged}
        path = "/api/v1/devices/enroll/"
        return site.call("POST", path, SECOND_ENROLMENT, headers=headers).status

    # Caddy says who really asks, whatever the client says of himself.
    assert [enrol(f"203.0.113.{n}") for n in (1, 2, 3)] == [404, 404, 429]
    # The proxy is believed: somebody else has tries of his own.
    proxied = {"X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "https"}
    answer = site.call_directly(
        "POST", "/api/v1/devices/enroll/", SECOND_ENROLMENT, source="127.0.0.1", **proxied
    )
    assert answer.status == 404
    # A stranger is not, neither of his address nor that he came by https.
    answer = site.call_directly("GET", "/lost/", source="127.0.0.2", **proxied)
    assert answer.status == 301
