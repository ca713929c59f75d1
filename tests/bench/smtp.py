"""A mail server that takes everything and does as little as it can; a process of its own.

``python -m tests.bench.smtp PORT``. aiosmtpd, which tests use, would be slower than what is
measured.
"""

from __future__ import annotations

import asyncio
import sys


class Session(asyncio.Protocol):
    """One connection, by RFC 5321 as far as a client needs it that pipelines nothing."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""
        self.in_mail = False
        transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.buffer:
            if self.in_mail:
                if not self.buffer.endswith(b"\r\n.\r\n"):
                    return
                self.buffer, self.in_mail = b"", False
                self.transport.write(b"250 taken\r\n")
                return
            line, end, rest = self.buffer.partition(b"\r\n")
            if not end:
                return
            self.buffer = rest
            self.answer(line[:4].upper())

    def answer(self, verb: bytes) -> None:
        if verb == b"DATA":
            self.in_mail = True
            self.transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self.transport.write(b"221 bye\r\n")
            self.transport.close()
        else:
            self.transport.write(b"250 ok\r\n")


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
