"""Short ways through the two steps of the public form."""

import re
import uuid

NAME = "Nguyễn Hoàng Phương Thảo Nguyên"


def typed(**changed):
    return {
        "full_name": NAME,
        "phone": "0912 000 483",
        "birth_year": "1997",
        "email": "thaonguyen@example.com",
        "consents": ["registration", "reminders"],
        "request_key": str(uuid.uuid4()),
    } | changed


def address(slot, **query):
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"/d/{slot.drive.slug}/register/?slot={slot.public_id}{more}"


def register(client, slot, headers=None, **changed):
    return client.post(address(slot), typed(slot=slot.public_id, **changed), headers=headers or {})


def text_of(response):
    return response.content.decode()


def values(response):
    """Read what the page's inputs hold, hidden ones among them."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", text_of(response)):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        found.setdefault(attributes.get("name", ""), []).append(attributes.get("value", ""))
    return found


def keeps_what_was_typed(response):
    found = values(response)
    return (
        NAME in found["full_name"]
        and "0912 000 483" in found["phone"]
        and "1997" in found["birth_year"]
        and "thaonguyen@example.com" in found["email"]
        and {"registration", "reminders"} <= set(found["consents"])
    )
