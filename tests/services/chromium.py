"""Debian's Chromium. ``python -m tests.services.chromium`` brings it where the user is root."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import playwright

BRINGS_IT = "apt-get install --no-install-recommends chromium fonts-noto-core libatomic1"
MISSING = f"Chromium is missing; this brings it: {BRINGS_IT}"
LAUNCH_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def find_chromium() -> Path | None:
    named = os.environ.get("CHROMIUM", "")
    for name in (named, "chromium", "chromium-browser", "google-chrome"):
        if name and (found := shutil.which(name)):
            return Path(found)
    return None


def is_missing() -> bool:
    """Whether the browser is not there, or a library that the program driving it needs."""
    return find_chromium() is None or not _driver_runs()


@cache
def _driver_runs() -> bool:
    driver = Path(playwright.__file__).parent / "driver" / "node"
    return subprocess.run([driver, "--version"], capture_output=True, check=False).returncode == 0


def bring() -> None:
    if not is_missing():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"{MISSING}\nThe tests in a browser will be skipped.", flush=True)
        return
    print("Installing Chromium for the tests in a browser …", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], [*BRINGS_IT.split(), "-q", "-y"]):
        done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print(f"{' '.join(command)} failed; {MISSING}", file=sys.stderr, flush=True)
            return


if __name__ == "__main__":
    bring()
