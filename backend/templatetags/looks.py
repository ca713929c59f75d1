"""Tags and filters of the looks: icons, spelled dates, shares of a bar, what a form lacks."""

import json
from datetime import date, datetime, time

from django import template
from django.conf import settings
from django.forms import BaseForm, CheckboxSelectMultiple, RadioSelect
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from backend import formats

register = template.Library()

# The same file is bundled into the scanner, so that a shape is drawn in one place only.
ICONS: dict[str, str] = json.loads(
    (settings.BASE_DIR / "frontend" / "icons.json").read_text(encoding="utf-8")
)
_OPENING = (
    '<svg class="icon{}" viewBox="0 0 24 24" width="24" height="24" fill="none"'
    ' stroke="currentColor" stroke-width="2" aria-hidden="true" focusable="false">{}</svg>'
)
_CACHE: dict[tuple[str, str], SafeString] = {}


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of ``frontend/icons.json``; readers skip it, so put a word beside it."""
    key = (name, classes)
    if key not in _CACHE:
        inner = mark_safe(ICONS[name])  # noqa: S308  (our own file)
        _CACHE[key] = format_html(_OPENING, f" {classes}" if classes else "", inner)
    return _CACHE[key]


@register.filter(expects_localtime=True)
def clock(value: datetime | time | None) -> str:
    return formats.clock(value) if value else ""


@register.filter(expects_localtime=True)
def full_date(value: date | None) -> str:
    return formats.full_date(value) if value else ""


@register.filter(expects_localtime=True)
def near_date(value: date | None) -> str:
    return formats.near_date(value) if value else ""


@register.filter(expects_localtime=True)
def short_date(value: date | None) -> str:
    return formats.short_date(value) if value else ""


@register.filter(expects_localtime=True)
def numeric_date(value: date | None) -> str:
    return formats.numeric_date(value) if value else ""


@register.filter(expects_localtime=True)
def weekday(value: date | None) -> str:
    return formats.weekday(value) if value else ""


@register.filter
def count(value: float | None, decimals: int = 0) -> str:
    return "" if value is None else formats.count(value, decimals)


@register.filter
def share(value: float | None, whole: float | None) -> str:
    """Spell how much of ``whole`` this is as an SVG length, never under 0 or over 100 %."""
    if not value or not whole:
        return "0%"
    return f"{min(max(100 * value / whole, 0), 100):.2f}%"


@register.filter
def few(left: int, whole: int | None = None) -> bool:
    """Say whether places run short: 5 or fewer, or under a tenth of ``whole`` if that is known."""
    if whole is not None:
        return left * 10 < whole
    return left <= 5


@register.filter
def steps(whole: int) -> range:
    """Count from 1 to ``whole``, for the bars of a progress."""
    return range(1, int(whole) + 1)


@register.filter
def problems(form: BaseForm) -> list[dict[str, str]]:
    """List what is wrong in this form, in its order: ``message``, ``label``, ``id`` to go to."""
    found = [{"message": str(error), "label": "", "id": ""} for error in form.non_field_errors()]
    for field in form:
        if not field.errors:
            continue
        several = isinstance(field.field.widget, RadioSelect | CheckboxSelectMultiple)
        target = f"{field.auto_id}_0" if several else field.id_for_label
        found.append(
            {"message": str(field.errors[0]), "label": str(field.label), "id": str(target)}
        )
    return found


@register.simple_tag(takes_context=True)
def in_language(context: template.Context, code: str) -> str:
    """Give the address of this page in another language, with what else its address says."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return f"?lang={code}"
    query = request.GET.copy()
    query["lang"] = code
    return f"?{query.urlencode()}"


@register.simple_tag
def shares(done: int = 0, accepted: int = 0, queued: int = 0, failed: int = 0) -> SafeString:
    """Draw how many were delivered, accepted by the provider, queued, failed; numbers beside it."""
    counts = {"done": done, "accepted": accepted, "queued": queued, "failed": failed}
    whole, before, parts = sum(counts.values()), 0, []
    for kind, number in counts.items():
        if number:
            parts.append((kind, share(before, whole), share(number, whole)))
            before += number
    return format_html(
        '<svg class="share-bar" width="100%" height="14" aria-hidden="true" focusable="false">'
        "{}</svg>",
        format_html_join("", '<rect class="share-{}" x="{}" width="{}" height="100%"/>', parts),
    )
