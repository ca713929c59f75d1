"""A list as a file to keep: pages and API give the same one, and note it alike."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.http import Http404, HttpResponse

from accounts.models import User
from backend.pdf import MEDIA_TYPE
from events.drives.models import Drive
from events.registrations.models import Registration
from events.registrations.services import record_look
from events.reports.exports import XLSX, file_name, write_xlsx
from events.reports.lists import LISTS, drive_list
from events.reports.pdf import write_pdf

WRITERS: Final = {"xlsx": (XLSX, write_xlsx), "pdf": (MEDIA_TYPE, write_pdf)}


def list_file(drive: Drive, key: str, ending: str, *, user: User, now: datetime) -> HttpResponse:
    """Answer with a list of the people whom the user sees, and note the export.

    :param key: one of ``LISTS``; :param ending: one of ``WRITERS``.
    :raises Http404: there is no such list or kind of file.
    """
    if key not in LISTS or ending not in WRITERS:
        raise Http404
    seen = Registration.objects.visible_to(user)
    data = drive_list(drive, key, seen=seen, now=now)
    media_type, write = WRITERS[ending]
    file = write(data)
    record_look(
        drive=drive,
        count=len(data.rows),
        by=user,
        now=now,
        action=f"registrations.exported.{key}",
    )
    response = HttpResponse(file, content_type=media_type)
    name = file_name(data, ending)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
