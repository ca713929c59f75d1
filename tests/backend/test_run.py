"""``make run`` as a person and a machine treat it: started, stopped, killed, started again."""

import json
import os
import signal
import socket
import sqlite3

import pytest

from tests.services.http import get
from tests.services.processes import wait_until
from tests.services.product import Product

pytestmark = pytest.mark.processes


@pytest.fixture
def product(tmp_path):
    # A folder whose name is too long for the address of a socket in it.
    product = Product(tmp_path / ("long-" * 18) / "var")
    product.data_dir.parent.mkdir()
    yield product
    product.kill_everything()


def answers(product):
    answer = get(f"{product.url}/readyz")
    return answer is not None and answer.status == 200 and json.loads(answer.body)["broker"]


def forget_a_migration(path):
    """Leave the database as a version before the last one had it."""
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
        database.execute("DROP TABLE django_session")
    database.close()


def tables(path):
    with sqlite3.connect(path) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    database.close()
    return names


def test_run_serves_everything_ends_everything_and_keeps_the_data(product):
    product.start()
    counts = {word: len(product.pids(word)) for word in ("granian", " worker ", " beat ", "valkey")}
    key = (product.data_dir / "keys" / "secret_key").read_text()
    with pytest.raises(RuntimeError, match="runs already"):
        Product(product.data_dir).start()

    code = product.stop(signal.SIGINT)

    assert all(counts.values()), counts
    assert (code, product.wait_until_gone()) == (0, {})

    # The next version comes with a migration: the data is copied before it runs.
    database = product.data_dir / "db.sqlite3"
    forget_a_migration(database)
    product.start()
    [copy] = (product.data_dir / "before-migrations").iterdir()

    assert (product.data_dir / "keys" / "secret_key").read_text() == key
    assert tables(database) - tables(copy) >= {"django_session"}
    assert copy.stat().st_mode & 0o077 == 0
    assert (product.stop(signal.SIGTERM), product.wait_until_gone()) == (0, {})


def test_run_starts_again_what_was_killed_and_leaves_nothing_when_it_is_killed_itself(product):
    product.start()
    old = product.processes()

    for word in (" worker ", "granian", "valkey-server"):
        os.kill(product.pids(word)[0], signal.SIGKILL)

    def is_whole_again():
        counts = [
            len(set(product.pids(word)) - set(old)) for word in ("worker", "granian", "valkey")
        ]
        return all(counts) and answers(product)

    wait_until(is_whole_again, what="all are there again", seconds=60, log=product.log)

    product.stop(signal.SIGKILL)
    assert product.wait_until_gone() == {}


def test_run_says_what_to_do_when_the_port_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        product = Product(tmp_path / "var", PORT=taken.getsockname()[1])

        with pytest.raises(RuntimeError, match=r"Another port: PORT=\d+ make run"):
            product.start()

    assert product.wait_until_gone() == {}
