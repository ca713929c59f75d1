"""A bare loop: reads the facts, renders and sends the same messages over one kept connection.

``python -m tests.bench.bare.letters HOST PORT NTH OF``: every ``OF``-th message from the ``NTH``.
It neither claims nor writes anything down. Prints how long it took, without its own start.
"""

from __future__ import annotations

import smtplib
import sys
import time

import django


def main(host: str, port: int, nth: int, of: int) -> None:
    django.setup()
    from django.utils import timezone, translation

    from notifications.channels import Outgoing
    from notifications.channels.mime import mail_of, sender_address
    from notifications.delivery import message_id_of
    from notifications.kinds import kind_named
    from notifications.models import Message

    messages = list(Message.objects.filter(status="queued").order_by("pk"))[nth::of]
    connection = smtplib.SMTP(host, port)
    connection.ehlo()
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for at in range(0, len(messages), 25):
        some = messages[at : at + 25]
        facts = kind_named(some[0].kind).load([message.about_id for message in some])
        for message in some:
            known, now = facts[message.about_id], timezone.now()
            with translation.override(known.language), timezone.override(known.zone):
                letter = kind_named(message.kind).context(known.subject, message, now)
                assert letter is not None
                outgoing = Outgoing(
                    message_id=message_id_of(message),
                    kind=message.kind,
                    language=known.language,
                    at=now,
                    letter=letter,
                    text=letter.text(),
                    html=letter.html(),
                )
            connection.sendmail(sender_address(), [letter.to], mail_of(outgoing))
    print(len(messages), time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
