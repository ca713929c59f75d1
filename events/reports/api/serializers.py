"""Figures as the API says them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.reports.figures import UnitFigures


class CountsSerializer(serializers.Serializer[Any]):
    """People by what became of them."""

    placed = serializers.IntegerField(source="counts.placed")
    cancelled = serializers.IntegerField(source="counts.cancelled")
    registered = serializers.IntegerField(source="counts.registered")
    waitlisted = serializers.IntegerField(source="counts.waitlisted")
    confirmed = serializers.IntegerField(source="counts.confirmed")
    came = serializers.IntegerField(source="counts.came")
    no_show = serializers.IntegerField(source="counts.no_show")
    expected = serializers.IntegerField(source="counts.expected")


class SlotFiguresSerializer(CountsSerializer):
    slot = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    open = serializers.BooleanField()
    capacity = serializers.IntegerField()


class UnitFiguresSerializer(serializers.Serializer[UnitFigures]):
    """Null where a number would tell too much to the reader."""

    unit = serializers.CharField(source="slug", allow_null=True, help_text="The unit's slug.")
    name = serializers.CharField(allow_null=True)
    registered = serializers.IntegerField(allow_null=True)
    waitlisted = serializers.IntegerField(allow_null=True)
    came = serializers.IntegerField(allow_null=True)
    walk_ins = serializers.IntegerField(allow_null=True)


class FiguresSerializer(CountsSerializer):
    as_of = serializers.DateTimeField()
    capacity = serializers.IntegerField()
    walk_ins = serializers.IntegerField(source="counts.walk_ins")
    arrived = serializers.IntegerField(source="counts.arrived")
    inside = serializers.IntegerField()
    donated = serializers.IntegerField()
    deferred = serializers.IntegerField()
    left = serializers.IntegerField()
    volume_ml = serializers.IntegerField()
    by_slot = SlotFiguresSerializer(many=True)
    by_unit = UnitFiguresSerializer(many=True)


class MissingScansSerializer(serializers.Serializer[Any]):
    """What the figures cannot hold yet. They wait for nobody."""

    scans = serializers.IntegerField(help_text="Unsent, as devices last said.")
    silent_devices = serializers.IntegerField(
        help_text="Devices not heard of since before the end; they may hold scans too."
    )


class DriveFiguresSerializer(FiguresSerializer):
    missing = MissingScansSerializer()
