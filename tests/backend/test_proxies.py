import pytest
from django.http import HttpResponse

from backend.proxies import TrustedProxyMiddleware, client_address, limit_key

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"}


@pytest.fixture(autouse=True)
def proxies(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8", "fd00::/8"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.5", ["1.2.3.4"], "203.0.113.5"),  # a stranger says so himself
        ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.5"], "203.0.113.5"),  # the left was said by the client
        ("10.0.0.1", ["203.0.113.5", "10.9.9.9"], "203.0.113.5"),  # two proxies of ours
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
    ],
)
def test_client_address_is_the_nearest_that_is_no_proxy_of_ours(peer, forwarded, client):
    assert client_address(peer, forwarded) == client


def test_forwarded_headers_of_a_stranger_are_dropped(rf):
    request = rf.get(
        "/",
        REMOTE_ADDR="203.0.113.5",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"},
    )

    TrustedProxyMiddleware(lambda request: HttpResponse())(request)

    assert (request.META["REMOTE_ADDR"], request.is_secure()) == ("203.0.113.5", False)


def test_forwarded_headers_of_our_proxy_are_believed(rf):
    request = rf.get(
        "/",
        REMOTE_ADDR="10.0.0.1",
        headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"},
    )

    TrustedProxyMiddleware(lambda request: HttpResponse())(request)

    assert (request.META["REMOTE_ADDR"], request.is_secure()) == ("9.9.9.9", True)


@pytest.mark.parametrize(
    ("address", "key"),
    [("203.0.113.5", "203.0.113.5"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")],
)
def test_limit_key_counts_an_ipv6_line_as_one(rf, address, key):
    assert limit_key(rf.get("/", REMOTE_ADDR=address)) == key
