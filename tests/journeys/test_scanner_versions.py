"""A new version is deployed in the middle of the day."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.conftest import People, Phone, scans_arrived_once
from tests.services.product import ROOT
from tests.services.web import Web

SCRIPT = "dist/scanner.js"


class NewerBuild:
    """What browsers load, with another script; the one before is not there any more."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "staticfiles", folder)
        manifest = folder / "staticfiles.json"
        names = json.loads(manifest.read_text())
        old = folder / names["paths"][SCRIPT]
        self.folder = folder
        self.script = folder / "dist" / "scanner.0123456789ab.js"
        self._text = f"{old.read_text()}\n// newer\n"
        for file in old.parent.glob(f"{old.name}*"):
            file.unlink()
        names["paths"][SCRIPT] = f"dist/{self.script.name}"
        manifest.write_text(json.dumps(names))

    def arrive(self) -> None:
        self.script.write_text(self._text)


@contextmanager
def serving(web: Web, build: NewerBuild) -> Iterator[None]:
    """Serve another build at the same address over the same data."""
    newer = Web(
        web.database.parent,
        beside=web,
        PORT=web.port,
        NEWER_STATIC=build.folder,
        DJANGO_SETTINGS_MODULE="tests.services.newer_settings",
    )
    newer.start()
    try:
        yield
    finally:
        newer.stop()


def version(phone: Phone) -> str:
    return str(phone.page.evaluate("document.body.dataset.version"))


def looks_for_a_newer_one(phone: Phone) -> None:
    """Let the browser look now, as it does at each opening; a try that fails changes nothing."""
    phone.page.evaluate(
        "navigator.serviceWorker.getRegistration().then(one => one.update()).catch(() => null)"
    )


def test_a_new_version_comes_whole_and_only_when_nothing_waits(
    phone: Phone, people: People, web: Web, tmp_path: Path
):
    person, other = people.on_time(), people.on_time()
    build = NewerBuild(tmp_path / "static")
    before = version(phone)
    phone.keeps_the_page()
    row = phone.page.locator('[data-check="version"]')

    web.stop()
    try:
        phone.scan(person.ticket, "accepted")
        phone.back()
        phone.context.route("**/checkin/scans/", lambda route: route.abort())
        with serving(web, build):
            # Its script is not there yet: a page without it would be dead.
            looks_for_a_newer_one(phone)
            phone.page.reload()
            phone.is_ready()
            assert version(phone) == before
        build.arrive()
        with serving(web, build):
            # All of it is there, but a scan still waits to be sent.
            looks_for_a_newer_one(phone)
            phone.page.locator('[data-do="ready"]').click()
            expect(row).to_contain_text("Có phiên bản mới")
            phone.page.reload()
            phone.is_ready()
            assert version(phone) == before
            phone.scan(other.ticket, "accepted")
            phone.back()
            # Now nothing waits: the page changes by itself, between two people.
            phone.context.unroute("**/checkin/scans/")
            phone.page.wait_for_function(
                "before => document.body.dataset.version !== before", arg=before, timeout=60_000
            )
            phone.is_ready()
            phone.scan(person.ticket, "already_scanned")
            phone.press("Quét tiếp")
            phone.all_sent()
    finally:
        web.start()

    assert len(scans_arrived_once(web, phone)) == 3
