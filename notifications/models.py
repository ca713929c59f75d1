"""The outbox: what we owe people, one row a message."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, now: datetime) -> Self:
        """Keep what should be sent now: waiting, due, and leased by nobody."""
        return self.filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=now),
            status=Message.Status.QUEUED,
            due_at__lte=now,
        )


class Message(models.Model):
    """One message to one person. Its text is made when it is sent, so it is never stale.

    It holds no name and no address: whom it is about is an id, which the kind's context looks up.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        ACCEPTED = "accepted"  # the provider said yes
        DELIVERED = "delivered"  # the provider reported that it arrived
        DROPPED = "dropped"  # not wanted any more; `reason` says why
        FAILED = "failed"  # given up; `reason` says why

    kind = models.CharField(max_length=24)
    channel = models.CharField(max_length=8, default="email")
    # What the message is about, and the group under which an organizer sees it.
    about_id = models.CharField(max_length=40)
    group = models.CharField(max_length=40)
    details = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Until when one process alone may send it; also how that process knows its own claim.
    lease_until = models.DateTimeField(null=True)
    # When a provider was last asked to take it, as long as its answer is not known.
    handed_over_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    maybe_twice = models.BooleanField(default=False)
    # Held back in quiet hours, and sent after those that cannot wait.
    may_wait = models.BooleanField(db_default=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["may_wait", "due_at"], condition=Q(status="queued"), name="message_next"
            ),
            models.Index(fields=["group", "kind", "status"], name="message_group"),
            models.Index(fields=["about_id"], name="message_about"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk} ({self.kind})"
