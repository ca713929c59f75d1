"""Load drives as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404

from events.drives.api.serializers import DriveDetailSerializer
from events.drives.models import Drive, DriveQuerySet


def drive_as_sent(drives: DriveQuerySet, *, now: datetime, **which: Any) -> dict[str, Any]:
    """Return one drive with its slots, counted now.

    :raises Http404: it is not among ``drives``.
    """
    drive = drives.select_related("unit", "venue").with_places(now).filter(**which).first()
    if drive is None:
        raise Http404
    drive.all_slots = list(drive.slots.with_places().order_by("starts_at"))  # type: ignore[attr-defined]
    return dict(DriveDetailSerializer(drive, context={"now": now}).data)


def drive_anew(drive: Drive, *, now: datetime) -> dict[str, Any]:
    """Return a drive that was just written."""
    return drive_as_sent(Drive.objects.all(), now=now, pk=drive.pk)
