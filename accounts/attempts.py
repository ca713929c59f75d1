"""The same request again gives the first result: keys of writes, and what they led to."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.utils.translation import gettext as _

from accounts.models import AttemptRecord
from backend.errors import DomainError
from backend.rows import insert
from backend.transactions import in_transaction


class KeyReused(DomainError):
    """Code: ``idempotency_key_reused``; the key came before with another body."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a write, as its caller names it.

    :param key: ``None`` when the caller gave no key; then nothing is remembered.
    :param body_hash: SHA-256 of the normalized body.
    """

    route: str
    caller: str
    key: uuid.UUID | None
    body_hash: bytes

    @classmethod
    def of(
        cls, body: Mapping[str, Any], *, route: str, caller: str = "", key: uuid.UUID | None
    ) -> Self:
        text = json.dumps(body, sort_keys=True, default=str, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).digest()
        return cls(route=route, caller=caller, key=key, body_hash=digest)

    @classmethod
    def unnamed(cls) -> Self:
        return cls(route="", caller="", key=None, body_hash=b"")

    def is_known(self) -> bool:
        """Tell whether a try under this key went well before; that may change any moment."""
        if self.key is None:
            return False
        known = AttemptRecord.objects.filter(route=self.route, caller=self.caller, key=self.key)
        return known.exists()

    def claim(self, object_id: str, *, now: datetime) -> str | None:
        """Bind the key to ``object_id``, or return the id that it is bound to already.

        Runs inside the write's transaction, before it changes anything: a second request with the
        same key waits here until the first is committed (then it gets that one's id) or rolled
        back (then it goes on as the first). ``None`` means: go on.

        :raises KeyReused: the key came before with another body.
        """
        record = self.bind(object_id, now=now)
        return self.first() if record is not None and record.pk is None else None

    def bind(self, object_id: str, *, now: datetime) -> AttemptRecord | None:
        """Bind the key; ``None`` where there is none.

        A row without a ``pk`` says that it is bound already, and ``first`` tells to what. In a rush
        it is one of the rows that a write ``gathered``; then that write must be undone.
        """
        if self.key is None:
            return None
        record = AttemptRecord(
            route=self.route,
            caller=self.caller,
            key=self.key,
            body_hash=self.body_hash,
            object_id=object_id,
            created_at=now,
        )
        insert(record, on_conflict="(route, caller, key) DO NOTHING")
        return record

    def first(self) -> str | None:
        """Return the id that the key is bound to by now, if to any.

        :raises KeyReused: the key came before with another body.
        """
        if self.key is None:
            return None
        known = AttemptRecord.objects.filter(route=self.route, caller=self.caller, key=self.key)
        if (first := known.first()) is None:
            return None
        if bytes(first.body_hash) != self.body_hash:
            raise KeyReused("idempotency_key_reused", _("This was sent before with other details."))
        return first.object_id


@in_transaction
def once(
    attempt: Attempt, object_id: str, write: Callable[[], object], *, now: datetime
) -> tuple[str, bool]:
    """Run ``write`` for the first try of ``attempt`` and not again: for services without a key.

    Claim and write are one transaction; a second try meanwhile waits for it.

    :param object_id: the id of what is written, known beforehand.
    :returns: the id that the first try had, and whether this was a repeat of it.
    :raises KeyReused: the attempt's key came before with another body.
    """
    if first := attempt.claim(object_id, now=now):
        return first, True
    write()
    return object_id, False
