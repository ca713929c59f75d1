"""Who really asks: forwarded addresses are believed only from the proxies that we name."""

import ipaddress
from collections.abc import Callable, Sequence
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    # A socket that serves both kinds names IPv4 peers so.
    return getattr(address, "ipv4_mapped", None) or address


@cache
def _networks(names: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(name, strict=False) for name in names]


def _is_trusted(text: str) -> bool:
    address = _address(text)
    networks = _networks(tuple(settings.TRUSTED_PROXIES))
    return address is not None and any(address in network for network in networks)


def client_address(peer: str, forwarded_for: Sequence[str]) -> str:
    """Give the address nearest to us that is no proxy of ours, read from the right.

    What stands left of it was said by that client and may be anything.
    """
    client = peer
    for text in reversed(forwarded_for):
        if not _is_trusted(client):
            break
        if _address(text) is None:
            break
        client = text.strip()
    return str(_address(client) or client)


class TrustedProxyMiddleware:
    """Puts the client's address into ``REMOTE_ADDR``; drops what a stranger says of himself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")
        if _is_trusted(peer):
            forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = client_address(
                peer, forwarded.split(",") if forwarded else []
            )
        else:
            for name in FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def limit_key(request: HttpRequest) -> str:
    """Give what limits count by: an IPv4 address, or the /64 that one IPv6 line has."""
    address = _address(request.META.get("REMOTE_ADDR", ""))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
