"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg


def describe(postgresql_url: str) -> list[str]:
    """Say machine, versions and date, one line each."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with psycopg.connect(postgresql_url) as connection:
        [database] = connection.execute("SHOW server_version").fetchone() or [""]
    names = ("django", "djangorestframework", "psycopg", "granian", "celery")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    commit = subprocess.run(
        ["git", "log", "-1", "--format=%h"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}",
        f"{cpu}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB; client, database,"
        " broker and servers share it",
        f"Python {platform.python_version()}, PostgreSQL {database} (fsync on), {packages}",
        f"load when it began: {os.getloadavg()[0]:.1f}",
    ]
