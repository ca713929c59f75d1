"""Make PDF files with typst. Text reaches a document as data and is never part of its source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

MEDIA_TYPE = "application/pdf"
_TEMPLATES = Path(settings.BASE_DIR) / "templates"
_FONTS = Path(settings.BASE_DIR) / "static" / "dist" / "fonts"


def make_pdf(template: str, data: Mapping[str, Any]) -> bytes:
    """Return a tagged PDF of ``templates/<template>``; the same data gives the same bytes.

    :param data: what the document reads from ``sys.inputs.data`` as JSON.
    """
    import typst  # 7 MiB of each process, most of which never make a PDF

    document = typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, default=str)},
        timestamp=0,
    )
    assert isinstance(document, bytes)
    return document
