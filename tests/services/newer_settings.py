"""The product's settings with the files of another build: a newer version of what browsers load."""

import os
from pathlib import Path

from backend.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["NEWER_STATIC"])
