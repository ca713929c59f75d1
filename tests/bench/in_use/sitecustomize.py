"""Keeps from a process what only development installs; Python reads this before anything else.

Some libraries take another one in where they find it (structlog: rich, REST framework: requests),
which costs each process some MiB that no installation in use has.
"""

import os
import sys

_HIDDEN = frozenset(os.environ["BENCH_HIDDEN"].split(","))


class _Hiding:
    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in _HIDDEN:
            raise ModuleNotFoundError(f"{name} is for development only", name=name)


sys.meta_path.insert(0, _Hiding)
