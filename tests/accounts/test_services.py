"""Units, roles and invitations."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.invitations import invitation_of, token_of
from accounts.models import AuditEntry, Invitation, Membership, Role, Unit
from accounts.services import (
    INVITATION_LIVES,
    AccountsRefused,
    accept_invitation,
    add_unit,
    close_unit,
    invite,
    remove_role,
    rename_unit,
    reopen_unit,
    withdraw_invitation,
)
from notifications.models import Message
from tests.factories import NOW, MembershipFactory, UnitFactory, UserFactory
from tests.race import at_once

pytestmark = pytest.mark.django_db
PASSWORD = "mua-thu-ha-noi-54"


@pytest.fixture
def owner():
    return MembershipFactory(role=Role.OWNER)


def invited(owner, role=Role.ORGANIZER, email="an@example.com"):
    return invite(unit=owner.unit, role=role, email=email, by=owner.user, now=NOW)


def accept(made, *, user=None, at=NOW):
    return accept_invitation(
        invitation=made.invitation, user=user, name="Lê An", password=PASSWORD, now=at
    )


def refusal(call):
    with pytest.raises(AccountsRefused) as refused:
        call()
    return refused.value.code


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_units_of_one_name_made_at_the_same_moment_get_addresses_of_their_own(owner):
    def add():
        return add_unit(name="Chi đoàn Mỏ", parent=owner.unit, by=owner.user, now=NOW)

    made = at_once([add] * 4)

    slugs = {unit.slug for unit in made}
    assert len(slugs) == 4
    assert "chi-doan-mo" in slugs
    assert AuditEntry.objects.filter(action="unit.added").count() == 4


def test_invite_keeps_the_link_as_a_hash_alone_and_owes_one_mail(owner):
    made = invited(owner)

    assert made.token not in str(Invitation.objects.values().get())
    assert invitation_of(made.token) == made.invitation
    assert token_of(made.invitation) == made.token
    [message] = Message.objects.all()
    assert (message.kind, message.about_id) == ("invitation", str(made.invitation.pk))
    assert made.token not in str(Message.objects.values().get())


def test_invite_again_ends_the_older_link(owner):
    first, second = invited(owner), invited(owner)

    assert refusal(lambda: accept(first)) == "invitation_used"
    assert accept(second).email == "an@example.com"


def test_invite_refuses_who_has_the_role(owner):
    assert refusal(lambda: invited(owner, Role.OWNER, owner.user.email)) == "has_role"


def test_accept_makes_an_account_with_the_role_once(owner):
    made = invited(owner, email="An@Example.com")

    user = accept(made)

    assert (user.email, user.name, user.check_password(PASSWORD)) == (
        "an@example.com",
        "Lê An",
        True,
    )
    assert list(user.memberships.values_list("unit", "role")) == [(owner.unit.pk, "organizer")]
    assert refusal(lambda: accept(made)) == "invitation_used"


def test_accept_refuses_an_old_link(owner):
    made = invited(owner)

    assert refusal(lambda: accept(made, at=NOW + INVITATION_LIVES)) == "invitation_expired"
    assert accept(made, at=NOW + INVITATION_LIVES - timedelta(seconds=1))


def test_accept_never_gives_a_known_account_away(owner):
    known = UserFactory(email="an@example.com")
    made = invited(owner)

    assert refusal(lambda: accept(made)) == "other_account"
    assert refusal(lambda: accept(made, user=UserFactory())) == "other_account"
    assert not Membership.objects.filter(user=known).exists()
    assert accept(made, user=known) == known


def test_withdrawn_invitation_opens_nothing(owner):
    made = invited(owner)

    withdraw_invitation(invitation=made.invitation, by=owner.user, now=NOW)

    assert refusal(lambda: accept(made)) == "invitation_used"


def test_remove_role_keeps_one_owner(owner):
    assert refusal(lambda: remove_role(membership=owner, by=owner.user, now=NOW)) == "last_owner"

    second = MembershipFactory(role=Role.OWNER, unit=owner.unit)
    remove_role(membership=owner, by=second.user, now=NOW)

    assert list(Membership.objects.all()) == [second]


def test_remove_role_lets_the_owner_of_a_unit_below_go(owner):
    below = MembershipFactory(role=Role.OWNER, unit=UnitFactory(parent=owner.unit))

    remove_role(membership=below, by=owner.user, now=NOW)

    assert list(Membership.objects.all()) == [owner]


def test_units_are_added_renamed_and_closed(owner):
    unit = add_unit(name="Cục Công nghiệp", parent=owner.unit, by=owner.user, now=NOW)
    twin = add_unit(name="Cục Công nghiệp", parent=owner.unit, by=owner.user, now=NOW)
    rename_unit(unit=unit, name="Cục Công Thương", by=owner.user, now=NOW)

    assert unit.slug == "cuc-cong-nghiep"
    assert twin.slug != unit.slug
    assert Unit.objects.get(pk=unit.pk).name_search == "cuc cong thuong"
    assert (
        refusal(lambda: close_unit(unit=owner.unit, on=NOW.date(), by=owner.user, now=NOW))
        == "has_units"
    )
    close_unit(unit=unit, on=NOW.date(), by=owner.user, now=NOW)
    assert refusal(lambda: add_unit(name="x", parent=unit, by=owner.user, now=NOW)) == "unit_closed"
    reopen_unit(unit=unit, by=owner.user, now=NOW)
    assert list(Unit.objects.existing_on(NOW.date()).filter(pk=unit.pk)) == [unit]


def test_a_unit_is_closed_from_the_first_minute_of_its_day_here(owner):
    unit = add_unit(name="x", parent=owner.unit, by=owner.user, now=NOW)
    close_unit(unit=unit, on=date(2026, 12, 5), by=owner.user, now=NOW)
    past_midnight = datetime(2026, 12, 4, 17, 5, tzinfo=UTC)

    assert (
        refusal(lambda: add_unit(name="y", parent=unit, by=owner.user, now=past_midnight))
        == "unit_closed"
    )


def test_each_change_is_one_audit_row(owner):
    made = invited(owner)
    accept(made)

    assert list(AuditEntry.objects.order_by("pk").values_list("action", "unit_id")) == [
        ("invitation.made", owner.unit.pk),
        ("role.taken", owner.unit.pk),
    ]
