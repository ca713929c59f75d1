"""Short ways through the form for somebody without a ticket."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Phone, query
from tests.services.web import Web

NewPhone = Callable[..., Phone]


def card(name: str, number: str = "001091004821", born: str = "19031991", sex: str = "Nam") -> str:
    """Return what the QR code of a made-up card says."""
    return f"{number}|012999888|{name}|{born}|{sex}|Ngõ 7 Xóm Thử, Hà Nội|12052021"


def form(phone: Phone) -> Page:
    phone.press("Chưa có vé")
    expect(phone.page.get_by_role("heading", name="Đăng ký tại chỗ")).to_be_visible()
    return phone.page


def hold(phone: Phone, text: str) -> None:
    """Hold a card before the form's camera until it has been read."""
    phone.show(text)
    expect(phone.page.locator('[data-part="card"]')).to_be_visible()
    phone.show(None)
    # Frames that show it are on their way still, and whoever presses now would have it read again.
    phone.page.wait_for_timeout(500)


def given(phone: Phone) -> str:
    """Return the number on the screen that is turned to the donor."""
    figure = phone.page.locator(".your-number-figure")
    expect(figure).to_have_text(re.compile(r"\d$"))
    return figure.inner_text()


def registered(web: Web, name: str) -> list[tuple[Any, ...]]:
    return query(
        web,
        "SELECT source, birth_year, sex, phone, status FROM registrations_registration"
        " WHERE full_name = ? ORDER BY created_at",
        name,
    )
