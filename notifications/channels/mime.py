"""The form of a letter as a mail (RFC 5322, MIME): text and HTML, pictures inside, files beside."""

from __future__ import annotations

import binascii
from email.generator import BytesGenerator
from email.header import Header
from email.message import Message as Part
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from io import BytesIO

from django.conf import settings

from notifications.channels import Outgoing, Permanent

_WIRE = compat32.clone(linesep="\r\n")


def mail_of(outgoing: Outgoing) -> bytes:
    """Return the mail as it goes over the wire, with CRLF and ASCII only.

    :raises Permanent: ``address_refused``, what stands there is no address of a mailbox.
    """
    letter = outgoing.letter
    body = MIMEMultipart("alternative")
    body.attach(_text(outgoing.text, "plain"))
    if letter.pictures:
        related = MIMEMultipart("related", type="text/html")
        related.attach(_text(outgoing.html, "html"))
        for picture in letter.pictures:
            related.attach(_picture(picture.name, picture.png))
        body.attach(related)
    else:
        body.attach(_text(outgoing.html, "html"))
    mail = body
    if letter.files:
        mail = MIMEMultipart("mixed")
        mail.attach(body)
        for file in letter.files:
            mail.attach(_file(file.name, file.content_type, file.content))
    for name, value in _headers(outgoing).items():
        mail[name] = value
    wire = BytesIO()
    BytesGenerator(wire, mangle_from_=False, policy=_WIRE).flatten(mail)
    return wire.getvalue()


def sender_address() -> str:
    return parseaddr(settings.EMAIL_FROM)[1]


def mailbox(address: str) -> str:
    """Return an address as servers take it: ASCII, the host in its own spelling (IDNA).

    :raises Permanent: ``no_address``, ``address_refused``.
    """
    if not address:
        raise Permanent("no_address")
    local, at, host = address.rpartition("@")
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Permanent("address_refused") from None
    if not (at and local.isascii() and local.isprintable() and " " not in address and ascii_host):
        raise Permanent("address_refused")
    return f"{local}@{ascii_host}"


def _headers(outgoing: Outgoing) -> dict[str, str]:
    letter = outgoing.letter
    our_name, our_address = parseaddr(settings.EMAIL_FROM)
    name = ", ".join(part for part in (our_name, letter.sender) if part)
    headers = {
        "From": formataddr((_one_line(name), our_address)),
        "To": mailbox(letter.to),
        "Subject": _subject(_one_line(letter.subject)),
        "Date": format_datetime(outgoing.at),
        "Message-ID": outgoing.message_id,
        "Content-Language": outgoing.language,
        # So that no absence note answers it (RFC 3834; the second for Exchange).
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }
    if letter.reply_to:
        headers["Reply-To"] = mailbox(letter.reply_to)
    if letter.own_page:
        headers["List-Unsubscribe"] = f"<{letter.own_page}>"
    return headers


def _subject(text: str) -> str:
    if text.isascii():
        return text
    return Header(text, "utf-8", header_name="Subject").encode()


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _text(text: str, subtype: str) -> Part:
    part = MIMENonMultipart("text", subtype, charset="utf-8")
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(binascii.b2a_qp(lines, istext=True).decode("ascii"))
    return part


def _picture(name: str, png: bytes) -> Part:
    part = MIMEImage(png, "png")
    part["Content-ID"] = f"<{name}@giot-hong>"
    part.add_header("Content-Disposition", "inline", filename=f"{name}.png")
    return part


def _file(name: str, content_type: str, content: bytes) -> Part:
    part = Part()
    part["MIME-Version"] = "1.0"
    part["Content-Type"] = f'{content_type}; name="{name}"'
    part["Content-Transfer-Encoding"] = "base64"
    part.add_header("Content-Disposition", "attachment", filename=name)
    part.set_payload(_base64_lines(content))
    return part


def _base64_lines(content: bytes) -> str:
    step = 57  # bytes that make a line of 76
    lines = (content[i : i + step] for i in range(0, len(content), step))
    return "".join(binascii.b2a_base64(line).decode("ascii") for line in lines)
