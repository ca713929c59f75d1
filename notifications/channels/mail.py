"""E-mail: over SMTP where ``EMAIL_URL`` names a server, else one ``.eml`` file a message."""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
import time
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from notifications.channels import Channel, Outgoing, Permanent, Temporary
from notifications.channels.mime import mail_of, mailbox, sender_address

log = structlog.get_logger(__name__)
MOST_A_CONNECTION: Final = 100
_PORTS: Final = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def mail_channel() -> Channel:
    if settings.EMAIL_URL:
        return SmtpChannel(settings.EMAIL_URL, timeout=settings.EMAIL_TIMEOUT)
    return FileChannel(settings.MAIL_DIR)


class FileChannel:
    """Writes each mail as a file that any mail program opens; a second try replaces the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            raise Temporary("disk", server=True) from None

    def send(self, outgoing: Outgoing) -> None:
        mail = mail_of(outgoing)
        name = f"{outgoing.kind}-{outgoing.message_id.strip('<>').partition('@')[0]}"
        draft = self.folder / f".{name}.{os.getpid()}"
        try:
            # Readers see whole files only, and nobody else reads names and addresses.
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(mail)
            draft.rename(self.folder / f"{name}.eml")
        except OSError:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise Temporary("disk", server=True) from None

    def close(self) -> None:
        """Nothing is held open."""


class SmtpChannel:
    """One connection to a mail server, opened anew after 100 messages or when it was lost."""

    def __init__(self, url: str, *, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS:
            raise ValueError("EMAIL_URL must begin with smtp://, smtp+tls:// or smtp+ssl://")
        self.scheme = parts.scheme
        self.host = parts.hostname or "localhost"
        self.port = parts.port or _PORTS[parts.scheme]
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.timeout = timeout
        self._connection: smtplib.SMTP | None = None
        self._sent = 0

    def open(self) -> None:
        if self._connection is not None and self._sent < MOST_A_CONNECTION:
            return
        self.close()
        try:
            self._connection = self._connect()
        except smtplib.SMTPAuthenticationError:
            raise Temporary("login_refused", server=True) from None
        except (OSError, smtplib.SMTPException) as error:  # ssl's errors are OSErrors
            log.warning("mail_server_away", error=type(error).__name__, said=str(error)[:200])
            raise Temporary("server_away", server=True) from None
        self._sent = 0

    def send(self, outgoing: Outgoing) -> None:
        to = mailbox(outgoing.letter.to)
        if to.endswith(".invalid") and self.host not in _LOOPBACK:
            # Made-up people (RFC 2606): a real provider would count the bounces against us.
            raise Permanent("address_refused")
        mail = mail_of(outgoing)
        was_used = self._connection is not None and self._sent > 0
        self.open()
        try:
            self._envelope(to)
        except (smtplib.SMTPServerDisconnected, OSError):
            self.close()
            if not was_used:
                raise Temporary("connection_lost", server=True) from None
            # A server may end a connection between two messages whenever it likes.
            self.open()
            self._envelope_once_more(to)
        self._content(mail)
        self._sent += 1

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        if self.scheme == "smtp+ssl":
            context = ssl.create_default_context()
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=context
            )
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.scheme == "smtp+tls":
                connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
            if self.user:
                connection.login(self.user, self.password)
        except BaseException:
            connection.close()
            raise
        return connection

    def _envelope_once_more(self, to: str) -> None:
        try:
            self._envelope(to)
        except (smtplib.SMTPServerDisconnected, OSError):
            self._drop()
            raise Temporary("connection_lost", server=True) from None

    def _envelope(self, to: str) -> None:
        """Name sender and recipient; whatever happens here, nothing was delivered."""
        assert self._connection is not None
        code, _text = self._connection.mail(sender_address())
        if code != 250:
            # About us, not about the recipient: the next message would meet the same.
            self._forget(code)
            raise Temporary("sender_refused" if code >= 500 else "server_busy", server=True)
        code, _text = self._connection.rcpt(to)
        if code not in (250, 251):
            self._forget(code)
            if code == 421:
                raise Temporary("server_busy", server=True)
            if code >= 500:
                raise Permanent("address_refused")
            raise Temporary("address_deferred")

    def _content(self, mail: bytes) -> None:
        """Send the mail itself; from here on a lost connection leaves us unsure."""
        assert self._connection is not None
        started = time.monotonic()
        try:
            code, _text = self._connection.data(mail)
        except smtplib.SMTPDataError as refusal:  # to the command: nothing was sent yet
            code = refusal.smtp_code
        except (smtplib.SMTPServerDisconnected, OSError):
            self._drop()
            # One that hung up may have choked on this mail; one that is silent has other troubles.
            silent = time.monotonic() - started >= self.timeout
            raise Temporary("no_answer", unsure=True, server=silent) from None
        if code == 250:
            return
        self._forget(code)
        if code >= 500:
            raise Permanent("content_refused")
        raise Temporary("deferred", server=code == 421)

    def _forget(self, code: int) -> None:
        """Clear what the server knows of the present message; 421 says that it hangs up."""
        if code == 421:
            self._drop()
            return
        assert self._connection is not None
        try:
            self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
