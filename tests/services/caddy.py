"""Debian's Caddy as ``docs/deploy.md`` sets it up, on loopback and with its own authority.

``python -m tests.services.caddy`` brings it where the user is root.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from tests.services.environment import clean_environment
from tests.services.processes import start, stop, wait_until
from tests.services.product import ROOT, free_port

BRINGS_IT = "apt-get install --no-install-recommends caddy"
MISSING = f"Caddy is missing; this brings it: {BRINGS_IT}"


def find_caddy() -> Path | None:
    found = shutil.which("caddy")
    return Path(found) if found else None


def documented_caddyfile() -> str:
    """Return the site's block as the documentation has it, for its made-up host."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```caddyfile\n(.*?)```", text, re.DOTALL)
    return "\n".join(line.strip() for line in block.splitlines())


class Caddy:
    """In front of a server on ``port``; certificates come from its own authority, ``trust``."""

    def __init__(self, folder: Path) -> None:
        program = find_caddy()
        assert program is not None
        self.program, self.folder = program, folder
        self.http_port, self.port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.log = folder / "caddy.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, port: int) -> None:
        site = documented_caddyfile()
        assert "hienmau.example.vn {" in site
        assert "127.0.0.1:8000" in site
        site = site.replace("hienmau.example.vn", "localhost").replace(":8000", f":{port}")
        options = f"""{{
            admin off
            skip_install_trust
            default_bind 127.0.0.1
            http_port {self.http_port}
            https_port {self.port}
            storage file_system {self.folder}/storage
        }}
        """
        config = self.folder / "Caddyfile"
        config.write_text(options + site, encoding="utf-8")
        command: list[str | Path] = [
            self.program,
            "run",
            "--config",
            config,
            "--adapter",
            "caddyfile",
        ]
        env = clean_environment(HOME=self.folder, XDG_DATA_HOME=self.folder)
        self.process = start(command, log=self.log, env=env, cwd=self.folder)
        wait_until(self._answers, what="Caddy", seconds=30, log=self.log)

    @property
    def trust(self) -> ssl.SSLContext:
        """Return what believes in its authority and in no other."""
        return ssl.create_default_context(cafile=str(self._root))

    @property
    def _root(self) -> Path:
        return self.folder / "storage" / "pki" / "authorities" / "local" / "root.crt"

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(self.log.read_text(errors="replace"))
        try:
            with (
                socket.create_connection(("127.0.0.1", self.port), timeout=2) as plain,
                self.trust.wrap_socket(plain, server_hostname="localhost"),
            ):
                return True
        except (OSError, ssl.SSLError):
            return False

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)


def bring() -> None:
    if find_caddy():
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"{MISSING}\nThe tests of HTTPS will be skipped.", flush=True)
        return
    print("Installing Caddy for the tests of HTTPS …", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], [*BRINGS_IT.split(), "-q", "-y"]):
        done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            print(f"{' '.join(command)} failed; {MISSING}", file=sys.stderr, flush=True)
            return


if __name__ == "__main__":
    bring()
