"""Who did what to personal data, written in the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from accounts.models import AuditEntry, User
from backend.rows import insert


def record(
    action: str,
    target: models.Model,
    *,
    by: User | None,
    at: datetime,
    unit_id: int | None = None,
    device_id: int | None = None,
    count: int | None = None,
) -> None:
    """Write one audit row; if it cannot be written, the change it tells of is not either.

    :param by: the user who acts; ``None`` for the person concerned, or for a device.
    :param count: how many people a list or an export showed.
    """
    insert(
        AuditEntry(
            at=at,
            action=action,
            target_type=target._meta.label_lower,
            target_id=str(getattr(target, "public_id", target.pk)),
            unit_id=unit_id,
            by_user_id=by.pk if by else None,
            by_device_id=device_id,
            count=count,
        )
    )
