"""What every test may ask for: the databases, broker, mail server and browser, all real."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.services.chromium import LAUNCH_FLAGS, MISSING, find_chromium, is_missing
from tests.services.mail import MailServer
from tests.services.postgresql import PostgreSQL
from tests.services.valkey import Valkey

if TYPE_CHECKING:
    from django.test import Client
    from time_machine import TimeMachineFixture

    from accounts.models import Membership
    from tests.api import Caller

REQUIRE_SERVICES = os.environ.get("REQUIRE_SERVICES") == "1"
_cluster: PostgreSQL | None = None


def _run_dir() -> Path:
    from tests.settings import RUN_DIR

    return RUN_DIR


def _start_cluster() -> None:
    """Start PostgreSQL once for the whole run, where the tests are to use our own."""
    global _cluster
    from tests.settings import TEST_DATABASE

    ours = TEST_DATABASE == "postgresql" and "TEST_DATABASE_URL" not in os.environ
    if ours and _cluster is None and "PYTEST_XDIST_WORKER" not in os.environ:
        _cluster = PostgreSQL(_run_dir() / "postgresql")
        _cluster.start()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Drop no database of a cluster that goes with the run: one session left open would stop it."""
    from tests.settings import TEST_DATABASE

    return TEST_DATABASE == "postgresql" and "TEST_DATABASE_URL" not in os.environ


def pytest_configure(config: pytest.Config) -> None:
    # The cluster belongs to the process that outlives the others; nobody (root's stand-in
    # for PostgreSQL) passes through this folder to its own.
    _run_dir().chmod(0o711)
    if getattr(config.option, "numprocesses", None):
        _start_cluster()


def pytest_unconfigure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        if _cluster is not None:
            _cluster.remove()
        shutil.rmtree(_run_dir(), ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the browser's tests where there is none; on SQLite choose those of the database.

    The one skip there is: a machine without a browser, whose user may not install one, still tries
    all else. Each is named with the command that brings it, and ``REQUIRE_SERVICES`` forbids it.
    """
    from tests.settings import TEST_DATABASE

    in_browser = [item for item in items if "playwright" in getattr(item, "fixturenames", ())]
    if in_browser and is_missing():
        for item in in_browser:
            item.add_marker(pytest.mark.skip(reason=MISSING))

    if TEST_DATABASE != "sqlite":
        return
    chosen: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        names = getattr(item, "fixturenames", ())
        asks = item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(names)
        apart = item.get_closest_marker("postgresql") or item.get_closest_marker("processes")
        (chosen if asks and not apart and "playwright" not in names else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = chosen


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """With REQUIRE_SERVICES=1 a test that skips itself has failed."""
    report = yield
    if REQUIRE_SERVICES and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under REQUIRE_SERVICES=1: {report.longrepr[-1]}"
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    _start_cluster()


@pytest.fixture(scope="session", autouse=True)
def broker(request: pytest.FixtureRequest) -> Iterator[Valkey]:
    """The broker and cache that ``REDIS_URL`` names. To stop one, start another with Valkey()."""
    from tests.settings import OWN_DIR

    valkey = Valkey(OWN_DIR / "valkey")
    valkey.start()
    yield valkey
    valkey.remove()


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no test see the limits that another used up."""
    yield
    asks = request.node.get_closest_marker("django_db")
    if asks or {"db", "transactional_db", "client"} & set(request.fixturenames):
        from django.core.cache import cache

        cache.clear()


@pytest.fixture
def clock(time_machine: TimeMachineFixture) -> TimeMachineFixture:
    """Stand still at ``NOW`` of the factories, until ``move_to``."""
    from tests.factories import NOW

    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def anybody() -> Caller:
    """Call the API without a token."""
    from tests.api import Caller

    return Caller()


@pytest.fixture
def member(client: Client) -> Membership:
    """Make an organizer, who is logged in with ``client``."""
    from accounts.models import Role
    from tests.factories import MembershipFactory

    member: Membership = MembershipFactory(role=Role.ORGANIZER)
    client.force_login(member.user)
    return member


@pytest.fixture
def service_folder() -> Iterator[Path]:
    """A folder for services: its name is short (sockets), and PostgreSQL's user may pass it."""
    folder = Path(tempfile.mkdtemp(prefix="gh-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def mail_server(_mail_server: MailServer) -> MailServer:
    """A real SMTP server on loopback, empty at the start; ``.url`` is an ``EMAIL_URL``."""
    _mail_server.clear()
    return _mail_server


@pytest.fixture(scope="session")
def base_url() -> None:
    """Tests name whole addresses; the plugin's own fixture warns under pytest 9.2."""


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = find_chromium()
    # Playwright keeps an event loop in this thread; Django would refuse to query beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    return browser_type_launch_args | {"executable_path": str(chromium), "args": LAUNCH_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh"}
