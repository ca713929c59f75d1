"""One request to a server that tests started, without proxies and without following redirects."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Any  # by any case
    body: bytes


def get(url: str, headers: Mapping[str, str] | None = None, seconds: float = 10) -> Answer | None:
    """Ask for ``url``; None where nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("GET", path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
