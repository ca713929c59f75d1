"""What a message says, before a channel gives it its form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.template.loader import get_template


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG inside the letter; its template shows it as ``cid:<name>@giot-hong``."""

    name: str
    png: bytes


@dataclass(frozen=True, kw_only=True)
class File:
    """Something to keep, beside the letter. ``content_type`` may carry parameters."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One message to one person, as of now.

    :param to: the address in the message's channel; ``""`` where the person has none.
    :param template: name without its ending; ``.txt`` and ``.html`` say the same.
    :param sender: who writes, shown beside our own name.
    :param own_page: where the person can stop such messages, for mail programs' own button.
    """

    to: str
    subject: str
    template: str
    context: Mapping[str, Any]
    sender: str = ""
    reply_to: str = ""
    own_page: str = ""
    pictures: Sequence[Picture] = field(default=())
    files: Sequence[File] = field(default=())

    def text(self) -> str:
        # A part that is left out leaves the empty lines around it.
        return re.sub(r"\n{3,}", "\n\n", self._render("txt"))

    def html(self) -> str:
        return self._render("html")

    def _render(self, ending: str) -> str:
        # Compiled templates are kept by Django's loader.
        template = get_template(f"{self.template}.{ending}")
        return template.render({**self.context, "subject": self.subject}).strip() + "\n"
