"""The compose file's commands and variables, run against a real PostgreSQL and Redis.

There is no container engine where the tests run, so they read the file, put this machine's
addresses for the services' names, and start what it would start.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from backend.keys import new_key
from backend.management.commands.run import read_procfile
from tests.services.environment import VARIABLES, clean_environment
from tests.services.http import Answer, get
from tests.services.postgresql import PostgreSQL
from tests.services.processes import start, stop, wait_until
from tests.services.product import ROOT, free_port
from tests.services.valkey import Valkey

OURS = ("web", "worker", "beat", "release")
DOTENV = {
    "DOMAIN": "hienmau.example.vn",
    "POSTGRES_PASSWORD": "not-asked-for-here",
    "SECRET_KEY": new_key(),
    "FIELD_KEY": new_key(),
    "EMAIL_URL": "smtp://127.0.0.1:9",
}


def interpolate(text, variables):
    """Put variables for ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?why}``, as Compose does."""

    def value(match):
        name, kind, rest = match["name"], match["kind"], match["rest"]
        if variables.get(name):
            return variables[name]
        if kind == ":-":
            return interpolate(rest, variables)
        raise LookupError(f"{name}: {rest}")

    # The default of EMAIL_FROM holds a variable itself.
    pattern = r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\}"
    return re.sub(pattern, value, text)


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def environment(compose, service, variables=DOTENV):
    given = compose["services"][service]["environment"]
    return {name: interpolate(str(text), variables) for name, text in given.items()}


def test_compose_starts_the_commands_of_the_procfile(compose):
    commands = {name: shlex.split(compose["services"][name]["command"]) for name in OURS}

    assert commands == read_procfile(ROOT / "Procfile")


@pytest.mark.parametrize("service", OURS)
def test_compose_sets_only_variables_that_the_product_reads(compose, service):
    assert set(environment(compose, service)) <= set(VARIABLES)


@pytest.mark.parametrize("missing", DOTENV)
def test_compose_says_what_is_missing(compose, missing):
    with pytest.raises(LookupError, match=missing):
        environment(compose, "web", {**DOTENV, missing: ""})


def test_compose_lets_only_caddy_be_reached(compose):
    reached = [name for name, service in compose["services"].items() if service.get("ports")]

    assert reached == ["caddy"]
    assert "reverse_proxy web:8000" in (ROOT / "Caddyfile").read_text()


class Stack:
    """The services of the file, each with the variables that the file gives it."""

    def __init__(self, folder: Path, compose) -> None:
        self.folder, self.compose = folder, compose
        self.postgres = PostgreSQL(folder / "pg", durable=True)
        self.redis = Valkey(folder / "redis", port=free_port())
        self.port = free_port()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def env(self, service: str) -> dict[str, str]:
        variables = environment(self.compose, service)
        variables["DATABASE_URL"] = self.postgres.url()
        variables["REDIS_URL"] = f"redis://127.0.0.1:{self.redis.port}/0"
        # Caddy's place is taken by this machine; 8000 may be somebody else's here.
        variables |= {"TRUSTED_PROXIES": "127.0.0.1/32", "HOST": "127.0.0.1"}
        variables |= {"DATA_DIR": str(self.folder / "data"), "PORT": str(self.port)}
        programs = Path(sys.executable).parent
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        return clean_environment(**variables, PATH=path, WEB_WORKERS=1, WORKER_CONCURRENCY=1)

    def log(self, service: str) -> Path:
        return self.folder / f"{service}.log"

    def start(self, service: str) -> subprocess.Popen[bytes]:
        command = shlex.split(self.compose["services"][service]["command"])
        env = self.env(service)
        process = start(command, log=self.log(service), env=env, cwd=ROOT)
        self.processes[service] = process
        return process

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, env=self.env("web"), cwd=ROOT, capture_output=True, text=True, check=False
        )

    def get(self, path: str, headers: dict[str, str]) -> Answer | None:
        return get(f"http://127.0.0.1:{self.port}{path}", headers)

    def status(self, path: str) -> int | None:
        answer = self.get(path, THROUGH_CADDY)
        return answer.status if answer else None

    def stop(self) -> dict[str, int]:
        codes = {}
        for name, process in reversed(self.processes.items()):
            stop(process, signal.SIGTERM, wait=20)
            codes[name] = process.returncode
        return codes


THROUGH_CADDY = {
    "Host": DOTENV["DOMAIN"],
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.5",
}


@pytest.fixture
def stack(service_folder, compose):
    if not (ROOT / "staticfiles" / "staticfiles.json").exists():
        raise FileNotFoundError("The bundles are missing; this makes them: make setup")
    stack = Stack(service_folder, compose)
    stack.postgres.start()
    stack.redis.start()
    yield stack
    stack.stop()
    stack.redis.remove()
    stack.postgres.remove()


@pytest.mark.processes
def test_compose_comes_up_serves_https_and_goes_down(stack, compose):
    # A web process that is quicker than the release step says so, and nothing else.
    stack.start("web")
    wait_until(lambda: stack.status("/healthz") == 200, what="healthz", seconds=90)
    assert (stack.status("/readyz"), stack.status("/")) == (503, 503)

    assert stack.start("release").wait(180) == 0, stack.log("release").read_text()
    stack.start("worker")
    stack.start("beat")
    wait_until(lambda: stack.status("/readyz") == 200, what="readyz", seconds=60)

    # The health check of the file says the same.
    probe = compose["services"]["web"]["healthcheck"]["test"]
    assert probe[0] == "CMD"
    assert stack.run(probe[1:]).returncode == 0

    plain = stack.get("/", {"Host": DOTENV["DOMAIN"]})
    assert (plain.status, plain.headers["Location"]) == (301, f"https://{DOTENV['DOMAIN']}/")

    page = stack.get("/?lang=en", THROUGH_CADDY)
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-language=en;")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))

    # The worker hears; remote control is left on for this and for what it heals.
    ping = ["celery", "--app", "backend", "inspect", "ping", "--timeout", "2"]
    wait_until(lambda: stack.run(ping).returncode == 0, what="the worker answers", seconds=60)

    codes = stack.stop()
    assert (codes["web"], codes["worker"], codes["beat"]) == (0, 0, 0)
