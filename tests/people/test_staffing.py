"""What staff may do to each other."""

from __future__ import annotations

import pytest

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Role, Staff, StaffSession
from liuliang.accounts.permissions import (
    BUILT_IN_ROLES,
    COMMUNITIES_VIEW,
    MEMBERS_VIEW,
    ROLES_MANAGE,
    STAFF_MANAGE,
    ensure_built_in_roles,
)
from liuliang.accounts.services import links
from liuliang.kernel.errors import Refused
from liuliang.people import roles, staffing
from liuliang.people.access import Access
from liuliang.people.models import Grant


@pytest.fixture(autouse=True)
def _built_in_roles(db):
    """Put back what a test with real transactions may have emptied."""
    ensure_built_in_roles(Role)


@pytest.fixture
def make_staff(db, at):
    def make(name: str, **fields: object) -> Staff:
        staff = Staff(email=f"{name}@example.com", name=name, created_at=at, **fields)
        staff.set_password("a long enough pass phrase")
        staff.save()
        return staff

    return make


@pytest.fixture
def role(db):
    return lambda key: Role.objects.get(key=key)


@pytest.fixture
def owner(make_staff):
    return Access(make_staff("owner", is_owner=True))


@pytest.fixture
def places(make_community):
    north, south = make_community("北"), make_community("南")
    return {"北": north, "北一": make_community("北一", north), "南": south}


@pytest.fixture
def admin_of_north(make_staff, role, places):
    """Someone who may do everything in one brand, and nothing beyond it."""
    staff = make_staff("north")
    Grant.objects.create(staff=staff, role=role("admin"), community=places["北"])
    return Access(staff)


def test_the_built_in_roles_are_there_from_the_first_day(db):
    assert {one.key for one in BUILT_IN_ROLES} <= set(Role.objects.values_list("key", flat=True))


def test_an_invited_person_waits_with_a_role_and_joins_by_the_link(owner, role, places):
    with audit.acting(owner.staff):
        invited = staffing.invite_staff(
            owner, email=" New@Example.com", name="小李", role=role("service"), community=places["北"]
        )
    assert not invited.staff.has_usable_password()
    assert Access(invited.staff).community_ids(MEMBERS_VIEW) == {places["北"].id, places["北一"].id}
    told = list(AuditEntry.objects.order_by("id").values_list("action", "staff", "community"))
    assert told == [
        ("staff.invited", owner.staff.pk, places["北"].pk),
        ("grant.given", owner.staff.pk, places["北"].pk),
    ]
    assert links.accept_link(invited.token, name="小李", password="a long enough pass phrase") == invited.staff


def test_inviting_someone_with_an_account_gives_them_the_role_and_no_link(owner, role, places, make_staff):
    known = make_staff("known")
    invited = staffing.invite_staff(owner, email=known.email, name="别名", role=role("service"), community=places["南"])
    assert (invited.staff, invited.token) == (known, "")
    assert Staff.objects.get(pk=known.pk).name == "known"
    gone = make_staff("gone", is_active=False)
    with pytest.raises(Refused, match=r"staff\.deactivated"):
        staffing.invite_staff(owner, email=gone.email, name="", role=role("service"), community=None)


def test_an_invitation_that_others_gave_is_not_opened_by_a_smaller_one(owner, admin_of_north, role, places):
    waiting = staffing.invite_staff(
        owner, email="boss@example.com", name="boss", role=role("admin"), community=None
    ).staff
    again = staffing.invite_staff(
        admin_of_north, email="boss@example.com", name="b", role=role("helper"), community=places["北"]
    )
    assert (again.staff, again.token) == (waiting, "")
    assert waiting.grants.count() == 2


def test_who_waits_with_no_role_is_not_taken_over_by_giving_them_one(owner, admin_of_north, role, places, at):
    waiting = Staff(email="idle@example.com", name="idle", created_at=at)
    waiting.set_unusable_password()
    waiting.save()
    invite = {"email": waiting.email, "name": "i", "role": role("helper"), "community": places["北"]}
    assert staffing.invite_staff(admin_of_north, **invite).token == ""
    assert staffing.invite_staff(owner, **invite).token


def test_who_may_manage_all_of_a_waiting_account_gets_its_link_again(admin_of_north, role, places):
    invite = {"email": "a@example.com", "name": "a", "community": places["北"]}
    assert staffing.invite_staff(admin_of_north, **invite, role=role("helper")).token
    assert staffing.invite_staff(admin_of_north, **invite, role=role("service")).token


def test_within_their_brand_admins_invite_and_grant(admin_of_north, role, places):
    invited = staffing.invite_staff(
        admin_of_north, email="a@example.com", name="a", role=role("admin"), community=places["北一"]
    )
    staffing.grant_role(admin_of_north, invited.staff, role("analyst"), places["北"])
    assert invited.staff.grants.count() == 2


@pytest.mark.parametrize("where", ["南", None])
def test_nobody_grants_outside_their_scope(admin_of_north, role, places, where):
    place = places[where] if where else None
    with pytest.raises(Refused, match=r"grant\.beyond_you"):
        staffing.invite_staff(admin_of_north, email="a@example.com", name="a", role=role("helper"), community=place)
    with pytest.raises(Refused, match=r"grant\.beyond_you"):
        staffing.grant_role(admin_of_north, admin_of_north.staff, role("helper"), place)
    assert not Staff.objects.filter(email="a@example.com").exists()
    assert Grant.objects.count() == 1


def test_nobody_grants_what_they_do_not_have(make_staff, places, role):
    hr = make_staff("hr")
    Grant.objects.create(
        staff=hr, role=Role.objects.create(name="人事", permissions=[STAFF_MANAGE, COMMUNITIES_VIEW, MEMBERS_VIEW])
    )
    access = Access(hr)
    staffing.grant_role(access, make_staff("new"), role("expert"), None)
    for key in ("admin", "service", "analyst", "supervisor"):
        with pytest.raises(Refused, match=r"grant\.beyond_you"):
            staffing.grant_role(access, hr, role(key), None)


def test_without_the_permission_to_manage_staff_nothing_can_be_given(make_staff, places, role):
    analyst = make_staff("analyst")
    Grant.objects.create(staff=analyst, role=role("analyst"))
    with pytest.raises(Refused, match=r"grant\.beyond_you"):
        staffing.grant_role(Access(analyst), make_staff("other"), role("analyst"), None)


def test_a_role_given_twice_is_given_once(owner, role, places, make_staff):
    staff = make_staff("a")
    for _time in range(2):
        staffing.grant_role(owner, staff, role("helper"), None)
    assert Grant.objects.count() == 1
    assert AuditEntry.objects.count() == 1


def test_a_grant_is_taken_back_by_whoever_could_have_given_it(admin_of_north, owner, role, places, make_staff):
    staff = make_staff("a")
    near = Grant.objects.create(staff=staff, role=role("helper"), community=places["北一"])
    far = Grant.objects.create(staff=staff, role=role("helper"), community=places["南"])
    of_owner = Grant.objects.create(staff=owner.staff, role=role("helper"), community=places["北"])
    staffing.revoke_grant(admin_of_north, near)
    for grant in (far, of_owner):
        with pytest.raises(Refused, match=r"grant\.beyond_you"):
            staffing.revoke_grant(admin_of_north, grant)
    staffing.revoke_grant(owner, far)
    assert list(Grant.objects.filter(staff=staff)) == []
    assert AuditEntry.objects.latest("id").changes == {"role": ["小助手 · 南", None]}


def test_deactivation_ends_every_session_at_once(owner, make_staff, at):
    staff = make_staff("a")
    StaffSession.objects.create(session_key="x", session_data="", expire_date=at, seen_at=at, staff=staff)
    staffing.deactivate_staff(owner, staff)
    assert not StaffSession.objects.exists()
    assert not Staff.objects.get(pk=staff.pk).is_active
    staffing.reactivate_staff(owner, staff)
    assert Staff.objects.get(pk=staff.pk).is_active
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["staff.deactivated", "staff.reactivated"]


def test_nobody_deactivates_themselves_or_an_owner(owner, make_staff):
    with pytest.raises(Refused, match=r"staff\.is_oneself"):
        staffing.deactivate_staff(owner, owner.staff)
    with pytest.raises(Refused, match=r"staff\.is_owner"):
        staffing.deactivate_staff(owner, make_staff("other", is_owner=True))


@pytest.mark.parametrize(
    "act", [staffing.deactivate_staff, staffing.reactivate_staff, staffing.make_reset_link, staffing.renew_invitation]
)
def test_whoever_has_more_or_elsewhere_is_out_of_reach(act, admin_of_north, *, owner, make_staff, role, places):
    both = make_staff("both")
    Grant.objects.create(staff=both, role=role("helper"), community=places["北"])
    Grant.objects.create(staff=both, role=role("helper"), community=places["南"])
    nowhere = make_staff("nowhere")
    for target in (both, nowhere, owner.staff):
        with pytest.raises(Refused, match=r"staff\.beyond_you"):
            act(admin_of_north, target)


def test_a_renewed_invitation_ends_the_old_link(owner, role):
    old = staffing.invite_staff(owner, email="a@example.com", name="a", role=role("helper"), community=None)
    token = staffing.renew_invitation(owner, old.staff)
    with pytest.raises(Refused, match=r"link\.invalid"):
        links.holder_of(old.token)
    assert links.holder_of(token) == old.staff


def test_a_reset_link_is_for_those_who_joined_and_an_invitation_for_those_who_did_not(owner, role, make_staff):
    joined = make_staff("joined")
    waiting = staffing.invite_staff(owner, email="a@example.com", name="a", role=role("helper"), community=None).staff
    assert links.holder_of(staffing.make_reset_link(owner, joined)) == joined
    with pytest.raises(Refused, match=r"staff\.has_joined"):
        staffing.renew_invitation(owner, joined)
    with pytest.raises(Refused, match=r"staff\.not_joined"):
        staffing.make_reset_link(owner, waiting)


def test_roles_are_made_changed_and_deleted_on_the_record(owner):
    made = roles.create_role(owner, name=" 夜班 ", description="", permissions={MEMBERS_VIEW, COMMUNITIES_VIEW})
    assert (made.name, made.permissions) == ("夜班", [COMMUNITIES_VIEW, MEMBERS_VIEW])
    roles.change_role(owner, made, name="夜班", description="晚上", permissions={COMMUNITIES_VIEW})
    assert AuditEntry.objects.latest("id").changes == {
        "description": ["", "晚上"],
        "permissions": [[COMMUNITIES_VIEW, MEMBERS_VIEW], [COMMUNITIES_VIEW]],
    }
    roles.delete_role(owner, made)
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == [
        "role.created",
        "role.changed",
        "role.deleted",
    ]


def test_a_role_keeps_its_name_to_itself_and_stays_while_it_is_used(owner, role, make_staff):
    with pytest.raises(Refused, match=r"role\.name_taken"):
        roles.create_role(owner, name="客服", description="", permissions=[])
    made = roles.create_role(owner, name="夜班", description="", permissions=[])
    Grant.objects.create(staff=make_staff("a"), role=made)
    with pytest.raises(Refused, match=r"role\.in_use"):
        roles.delete_role(owner, made)
    with pytest.raises(Refused, match=r"role\.built_in"):
        roles.delete_role(owner, role("service"))


def test_nobody_puts_into_a_role_or_takes_from_it_what_they_do_not_have_everywhere(make_staff, role, places):
    clerk = make_staff("clerk")
    mine = Role.objects.create(name="文员", permissions=[ROLES_MANAGE, COMMUNITIES_VIEW])
    Grant.objects.create(staff=clerk, role=mine)
    Grant.objects.create(staff=clerk, role=role("admin"), community=places["北"])
    access = Access(clerk)
    with pytest.raises(Refused, match=r"role\.beyond_you"):
        roles.change_role(access, mine, name="文员", description="", permissions=[*mine.permissions, MEMBERS_VIEW])
    with pytest.raises(Refused, match=r"role\.beyond_you"):
        roles.create_role(access, name="新", description="", permissions=[STAFF_MANAGE])
    service = role("service")
    with pytest.raises(Refused, match=r"role\.beyond_you"):
        roles.change_role(access, service, name="客服", description="", permissions=[COMMUNITIES_VIEW])
    roles.change_role(access, service, name="客服 2", description="", permissions=service.permissions)
    roles.create_role(access, name="新", description="", permissions=[COMMUNITIES_VIEW])


def test_an_admin_of_one_brand_changes_no_roles(admin_of_north, role):
    with pytest.raises(Refused, match=r"role\.beyond_you"):
        roles.change_role(admin_of_north, role("helper"), name="x", description="", permissions=[])
