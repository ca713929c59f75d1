"""Who may, and who did."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from tree_queries.fields import TreeNodeForeignKey
from tree_queries.models import TreeNode
from tree_queries.query import TreeQuerySet

from backend.text import fold


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, email: str, name: str, password: str | None = None) -> User:
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person who signs in: organizers, secretaries, supervisors. Donors need no account."""

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(max_length=2, default="vi")
    is_active = models.BooleanField(default=True)
    is_demonstration = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(email=models.functions.Lower("email")), name="email_in_lower_case"
            )
        ]

    def __str__(self) -> str:
        return f"user {self.pk}"

    def get_short_name(self) -> str:
        return self.name


class UnitQuerySet(TreeQuerySet):  # type: ignore[misc]  # the library has no types
    def existing_on(self, on: date) -> Self:
        """Keep units that exist on a date: they have begun and have not ended."""
        return self.filter(  # type: ignore[no-any-return]
            Q(from_on__isnull=True) | Q(from_on__lte=on),
            Q(until_on__isnull=True) | Q(until_on__gt=on),
        )

    def search(self, text: str) -> Self:
        return self.filter(name_search__contains=fold(text))  # type: ignore[no-any-return]

    def in_union_of(self, unit_id: int) -> Self:
        """Keep the units of one union: the topmost one above ``unit_id``, and all below that."""
        rows = RawSQL(_UNION_OF, [unit_id])  # noqa: S611 - the text is fixed
        return self.filter(pk__in=rows)  # type: ignore[no-any-return]


# Up to the topmost unit, then down to all below it, in one statement on both databases.
_UNION_OF = """
WITH RECURSIVE up (id, parent_id) AS (
    SELECT id, parent_id FROM accounts_unit WHERE id = %s
    UNION SELECT unit.id, unit.parent_id FROM accounts_unit unit JOIN up ON unit.id = up.parent_id
), union_of (id) AS (
    SELECT id FROM up WHERE parent_id IS NULL
    UNION SELECT unit.id FROM accounts_unit unit JOIN union_of ON unit.parent_id = union_of.id
)
SELECT id FROM union_of
"""


class Unit(TreeNode):  # type: ignore[misc]  # the library has no types
    """A node of the union's tree. It has dates, because bodies are founded, merged and closed."""

    parent = TreeNodeForeignKey(
        "self", models.PROTECT, blank=True, null=True, related_name="children"
    )
    name = models.CharField(_("name"), max_length=200)
    name_search = models.CharField(max_length=200, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    from_on = models.DateField(null=True, blank=True)
    until_on = models.DateField(null=True, blank=True)
    is_demonstration = models.BooleanField(default=False)

    objects = UnitQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        self.name_search = fold(self.name)
        super().save(**kwargs)


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ORGANIZER = "organizer", _("Organizer")
    SECRETARY = "secretary", _("Unit secretary")
    SUPERVISOR = "supervisor", _("Supervisor")


class Membership(models.Model):
    """What a user may do in a unit and in all units below it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(fields=["user", "unit", "role"], name="one_role_once_per_unit")
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id} in {self.unit_id}"


class Invitation(models.Model):
    """A one-use link with which somebody gets a role in a unit, and a password."""

    unit = models.ForeignKey(Unit, models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Role)
    email = models.EmailField(_("e-mail"))
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class ApiToken(models.Model):
    """A secret with which a program acts as its user. Only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"API token {self.pk}"


class AuditEntry(models.Model):
    """One look at, export of, or change to personal data: who, what, when; ids only.

    Without foreign keys, so that what it tells of may go and the trace stays.
    """

    at = models.DateTimeField()
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=60)
    target_id = models.CharField(max_length=40)
    unit_id = models.BigIntegerField(null=True)
    by_user_id = models.BigIntegerField(null=True)
    by_device_id = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["target_type", "target_id"], name="audit_target"),
            models.Index(fields=["unit_id", "at"], name="audit_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class AttemptRecord(models.Model):
    """The key under which a write was asked for, so that asking again changes nothing."""

    route = models.CharField(max_length=60)
    caller = models.CharField(max_length=40)
    key = models.UUIDField()
    body_hash = models.BinaryField(max_length=32)
    object_id = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            UniqueConstraint(fields=["route", "caller", "key"], name="attempt_once")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="attempt_age")]

    def __str__(self) -> str:
        return f"attempt {self.route} {self.key}"
