"""A slow line to a server: what a phone in a factory yard has. Also for a browser's workers."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from functools import partial

# "Slow 4G" as Lighthouse has it: 150 ms there and back, 1.6 Mbit/s down, 0.75 up.
ROUND_TRIP = 0.15
DOWN, UP = 1_600_000 / 8, 750_000 / 8
CHUNK = 2048


class SlowLine:
    """Forwards a port of its own to a server: slowly while ``is_slow``, if ``is_open`` is set."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.is_slow = False
        self.is_open = threading.Event()
        self.is_open.set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._down = _Pipe(lambda: DOWN if self.is_slow else None, self.is_open)
        self._up = _Pipe(lambda: UP if self.is_slow else None, self.is_open)
        _begin(self._accept)

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._socket.accept()
            except OSError:
                return
            _begin(partial(self._connect, client))

    def _connect(self, client: socket.socket) -> None:
        if self.is_slow:
            time.sleep(ROUND_TRIP)  # the handshake
        server = socket.create_connection(("127.0.0.1", self._to))
        self._up.join(client, server)
        self._down.join(server, client)


class _Pipe:
    """One direction; all connections share its rate."""

    def __init__(self, rate: Callable[[], float | None], is_open: threading.Event) -> None:
        self._rate = rate
        self._is_open = is_open
        self._lock = threading.Lock()
        self._free_at = 0.0

    def join(self, source: socket.socket, target: socket.socket) -> None:
        waiting: queue.Queue[tuple[float, bytes]] = queue.Queue()

        def read() -> None:
            data = b" "
            while data:
                try:
                    data = source.recv(CHUNK)
                except OSError:
                    data = b""
                waiting.put((self._arrival(len(data)), data))

        def write() -> None:
            while True:
                at, data = waiting.get()
                time.sleep(max(0.0, at - time.monotonic()))
                self._is_open.wait()
                try:
                    if not data:
                        target.shutdown(socket.SHUT_WR)
                        return
                    target.sendall(data)
                except OSError:
                    return

        _begin(read)
        _begin(write)

    def _arrival(self, size: int) -> float:
        rate = self._rate()
        with self._lock:
            now = time.monotonic()
            if rate is None:
                return now
            self._free_at = max(now, self._free_at) + size / rate
            return self._free_at + ROUND_TRIP / 2


def _begin(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
