"""Find the number in what an organizer typed as contact, so that a phone can call it. Pure."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?:\+|\b)[0-9](?:[ .\-]?[0-9]){7,14}\b")


def split_contact(contact: str) -> tuple[str, tuple[str, str] | None]:
    """Return the text before a number that ends it, and that number as dialled and as read."""
    text = contact.strip().rstrip(".;")
    found = list(_NUMBER.finditer(text))
    if not found or found[-1].end() != len(text):
        return text, None
    number = found[-1][0]
    return text[: found[-1].start()], (
        re.sub(r"[ .\-]", "", number),
        re.sub(r"[ .\-]+", "\u00a0", number),
    )
