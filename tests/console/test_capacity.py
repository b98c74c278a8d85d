"""人手: who carries how much, who may see and change it, and the warning before it is too much."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.analytics.workload import Asking
from liuliang.console.capacity.listing import Line, evidence
from liuliang.kernel import clock
from liuliang.people.capacity import READY, Load, limits
from liuliang.people.models import Capacity, Community, Grant
from reading import text_of

GROUPS = READY.groups


@pytest.fixture
def hire(db):
    def hired(name: str, *places: Community, role: str = "community_owner") -> Staff:
        ensure_built_in_roles(Role)
        count = Staff.objects.count()
        staff = Staff.objects.create(email=f"colleague{count}@example.com", name=name, created_at=clock.now())
        for place in places:
            Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=place)
        return staff

    return hired


def branch(told, name: str = "华东") -> Community:
    made = told.community(name)
    Community.objects.filter(pk=made.pk).update(is_group=False)
    made.refresh_from_db()
    return made


def below(parent: Community, told, name: str) -> Community:
    made = told.community(name)
    made.parent, made.path = parent, [*parent.path, made.id]
    made.save()
    return made


def page(client, name="capacity", **asked) -> str:
    return text_of(client.get(reverse(f"console:{name}"), asked))


def new_group(parent: Community, **more) -> dict[str, str]:
    return {"name": "新群", "type": "learning", "is_group": "1", "parent": parent.public_id, **more}


def warning(response) -> str:
    """Return the words of a page that asks first: nothing was done yet."""
    assert response.status_code == 422
    return response.content.decode()


def accepted_in(response) -> dict[str, str]:
    """Return all that the form of a warning would send, as a browser reads it."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def test_with_nothing_at_all_the_page_says_how_to_begin(told, browser):
    owner = browser()
    assert "还没有人负责社群" in page(owner)
    assert "没有在运营的群" in page(owner, "capacity-groups")

    told.community()
    assert "还没有点名的负责人，按一个人算" in page(owner)


def test_who_is_over_who_has_room_and_what_nobody_has(told, browser, hire):
    places = [told.community(f"群{n}") for n in range(GROUPS + 3)]
    ann, ben = hire("安", *places[: GROUPS + 1]), hire("本", places[GROUPS + 1])
    for n in range(40):
        told.joins(told.member(), places[n % 3], clock.now() - timedelta(days=9))
    told.settle()
    owner = browser()

    text = page(owner)

    assert f"{GROUPS + 1} / {GROUPS}" in text
    assert "40 / 1,500" in text
    assert "安" in page(owner, state="over")
    assert "本" not in page(owner, state="over").split("data-table")[-1]
    assert "本" in page(owner, state="room")
    nobody = page(owner, "capacity-groups", charge="nobody")
    assert places[-1].name in nobody
    assert places[0].name not in nobody
    assert places[0].name in page(owner, "capacity-groups", charge=ann.pk)
    assert places[0].name not in page(owner, "capacity-groups", charge=ben.pk)
    for name in ("capacity", "capacity-groups"):
        for kind, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
            response = owner.get(reverse(f"console:{name}"), {"export": kind})
            assert b"".join(response.streaming_content).startswith(begins)


def test_archived_groups_are_no_work(told, browser, hire):
    places = [told.community(f"群{n}") for n in range(GROUPS + 1)]
    hire("安", *places)
    owner = browser()
    assert f"{GROUPS + 1} / {GROUPS}" in page(owner)

    Community.objects.filter(pk=places[0].pk).update(archived_at=clock.now())

    assert f"{GROUPS} / {GROUPS}" in page(owner)


def test_an_area_lead_sees_the_people_of_their_area_alone(told, browser, hire):
    mine, other = branch(told), branch(told, "华南")
    hire("安", below(mine, told, "甲群"), below(other, told, "乙群"))
    hire("外人", below(other, told, "丙群"))

    lead = browser("admin", mine)

    text = page(lead)
    assert "安" in text
    assert f"1 / {GROUPS}" in text
    assert "外人" not in text
    assert "只算分给你看的社群" in text
    groups = page(lead, "capacity-groups")
    assert "甲群" in groups
    assert "乙群" not in groups
    assert lead.get(reverse("console:capacity-limits")).status_code == 409


def test_what_one_can_run_is_changed_by_who_manages_staff(told, browser, hire):
    mine = branch(told)
    ann, other = hire("安", below(mine, told, "甲群")), hire("外人", below(branch(told, "华南"), told, "丙群"))
    owner, lead, helper = browser(), browser("admin", mine), browser("helper", mine)
    everybody = reverse("console:capacity-limits")

    assert owner.post(everybody, {"groups": "0", "members": "9"}).status_code == 422
    assert owner.post(everybody, {"groups": "3", "members": "900"}).status_code == 302
    assert limits().usual == Load(3, 900)
    assert owner.post(everybody, {"restore": "1"}).status_code == 302
    assert limits().usual == READY
    assert lead.post(everybody, {"groups": "3", "members": "900"}).status_code == 409
    assert limits().usual == READY

    own = reverse("console:colleague-capacity", args=[ann.pk])
    assert lead.post(own, {"groups": "2", "members": "300"}).status_code == 302
    assert "单独设置" in page(lead)
    assert AuditEntry.objects.get(action="capacity.own_changed").target_name == "安"
    assert "和大家一样" in text_of(lead.get(own))
    assert lead.post(own, {"restore": "1"}).status_code == 302
    assert not Capacity.objects.filter(staff=ann).exists()
    assert helper.post(own, {"groups": "2", "members": "300"}).status_code == 403
    assert lead.post(reverse("console:colleague-capacity", args=[other.pk]), {"groups": "2"}).status_code == 404


def test_who_manages_staff_without_seeing_figures_is_led_where_they_may_go(told, hire, browser):
    ensure_built_in_roles(Role)
    Role.objects.create(key="hr", name="人事", permissions=["staff.manage", "communities.view"])
    ann, personnel = hire("安"), browser("hr")
    address = reverse("console:colleague-capacity", args=[ann.pk])

    assert personnel.get(reverse("console:capacity")).status_code == 403
    assert personnel.post(address, {"groups": "2", "members": "300"}, follow=True).status_code == 200


def test_a_new_group_asks_exactly_when_it_is_one_too_many_and_lets_one_go_on(told, browser, hire):
    area = branch(told)
    for n in range(GROUPS - 1):
        below(area, told, f"群{n}")
    hire("安", area)
    hire("本", told.community("别处"))
    owner = browser()
    address = reverse("console:new-community")
    assert owner.post(address, new_group(area, name="刚好")).status_code == 302

    asked = owner.post(address, new_group(area, name="多的"))

    text = warning(asked)
    assert f"带了 {GROUPS + 1} 个群，超出能带的 {GROUPS} 个" in text
    assert "还能带 4 个群" in text
    assert not Community.objects.filter(name="多的").exists()
    assert owner.post(address, accepted_in(asked)).status_code == 302
    assert Community.objects.filter(name="多的").exists()
    # To have gone on once is not to have gone on for ever.
    again = owner.post(address, {**accepted_in(asked), "name": "更多的"})
    assert f"带了 {GROUPS + 2} 个群" in warning(again)


def test_the_first_group_of_a_branch_asks_whoever_is_named_there(told, browser, hire):
    empty = branch(told, "华南")
    places = [told.community(f"群{n}") for n in range(GROUPS)]
    hire("安", empty, *places)

    asked = browser().post(reverse("console:new-community"), new_group(empty, name="多的"))

    assert f"带了 {GROUPS + 1} 个群，超出能带的 {GROUPS} 个" in warning(asked)


def test_a_branch_is_no_group_to_run(told, browser, hire):
    area = branch(told)
    for n in range(GROUPS + 2):
        below(area, told, f"群{n}")
    hire("安", area)

    made = browser().post(reverse("console:new-community"), new_group(area, is_group="0"))

    assert made.status_code == 302


def test_all_together_are_asked_about_where_nobody_is_named(told, browser):
    for n in range(GROUPS):
        told.community(f"群{n}")

    asked = browser().post(reverse("console:new-community"), {**new_group(told.community()), "parent": ""})

    assert "所有人加起来" in warning(asked)
    assert "没有谁还有余力" in warning(asked)


def test_giving_a_group_asks_and_a_role_that_runs_nothing_does_not(told, browser, hire):
    places = [told.community(f"群{n}") for n in range(GROUPS + 1)]
    ann = hire("安", *places[:GROUPS])
    owner = browser()
    address = reverse("console:grant-role", args=[ann.pk])
    to = {"where": places[-1].public_id}

    assert owner.post(address, {**to, "role": Role.objects.get(key="analyst").pk}).status_code == 302
    asked = owner.post(address, {**to, "role": Role.objects.get(key="community_owner").pk})

    assert f"带了 {GROUPS + 1} 个群" in warning(asked)
    assert not Grant.objects.filter(staff=ann, community=places[-1], role__key="community_owner").exists()
    assert owner.post(address, accepted_in(asked)).status_code == 302
    assert Grant.objects.filter(staff=ann, community=places[-1], role__key="community_owner").exists()


def test_inviting_somebody_to_more_than_they_can_run_asks(told, browser):
    area = branch(told)
    for n in range(GROUPS + 1):
        below(area, told, f"群{n}")
    owner = browser()
    form = {"email": "new@example.com", "name": "新人", "where": area.public_id}
    form["role"] = str(Role.objects.get(key="community_owner").pk)

    asked = owner.post(reverse("console:invite"), form)

    assert "新人" in warning(asked)
    assert not Staff.objects.filter(email="new@example.com").exists()
    assert owner.post(reverse("console:invite"), accepted_in(asked)).status_code == 302
    assert Staff.objects.filter(email="new@example.com").exists()


def test_restoring_asks_with_everything_that_comes_back(told, browser, hire):
    area = branch(told)
    for n in range(GROUPS - 1):
        below(area, told, f"群{n}")
    closed = [below(area, told, f"旧群{n}") for n in range(2)]
    for at, group in enumerate(closed):
        Community.objects.filter(pk=group.pk).update(archived_at=clock.now() - timedelta(days=at))
    hire("安", area)
    owner = browser()
    first, second = (reverse("console:community-restore", args=[group.public_id]) for group in closed)

    assert owner.post(first).status_code == 302
    asked = owner.post(second)

    assert f"带了 {GROUPS + 1} 个群" in warning(asked)
    assert Community.objects.get(pk=closed[1].pk).archived_at is not None
    assert owner.post(second, accepted_in(asked)).status_code == 302
    assert Community.objects.get(pk=closed[1].pk).archived_at is None


def test_restoring_asks_whoever_was_named_in_the_closed_group_itself(told, browser, hire):
    places = [told.community(f"群{n}") for n in range(GROUPS + 1)]
    hire("安", *places)
    Community.objects.filter(pk=places[-1].pk).update(archived_at=clock.now())

    asked = browser().post(reverse("console:community-restore", args=[places[-1].public_id]))

    assert f"带了 {GROUPS + 1} 个群，超出能带的 {GROUPS} 个" in warning(asked)


def test_a_colleague_who_comes_back_to_too_much_is_asked_about(told, browser, hire):
    area = branch(told)
    for n in range(GROUPS + 1):
        below(area, told, f"群{n}")
    ann = hire("安", area)
    Staff.objects.filter(pk=ann.pk).update(is_active=False)
    owner = browser()
    address = reverse("console:reactivate-staff", args=[ann.pk])

    asked = owner.post(address)

    assert f"带了 {GROUPS + 1} 个群" in warning(asked)
    assert owner.post(address, accepted_in(asked)).status_code == 302
    assert Staff.objects.get(pk=ann.pk).is_active


@pytest.mark.parametrize(("over", "within", "said"), [(1, 2, "看不出：提问够多"), (4, 4, "带得多的人答得更慢")])
def test_the_page_says_whether_too_much_shows(over, within, said):
    def line(n: int, load: Load, median: float) -> Line:
        return Line(n, "安", load, READY, False, 1.0, 1.0, Asking(100, 20 + n % 3, median + n), False)

    lines = [line(n, Load(GROUPS + 1), 9_000) for n in range(over)] + [line(n, Load(1), 60) for n in range(within)]

    assert said in " ".join(evidence(lines))


def test_the_overview_names_who_carries_too_much(told, browser, hire):
    places = [told.community(f"群{n}") for n in range(GROUPS + 4)]
    hire("安", *places)
    told.says(told.member(), places[0], clock.now() - timedelta(days=2))
    told.settle()

    text = text_of(browser().get(reverse("console:attention")))

    assert "带得过多的人" in text
    assert f"带了 {GROUPS + 4} 个群，超出能带的 {GROUPS} 个" in text


def test_fifty_people_and_a_thousand_groups_ask_no_more_than_two(told, browser, hire):
    owner = browser()

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            for name in ("capacity", "capacity-groups"):
                assert owner.get(reverse(f"console:{name}")).status_code == 200
        return len(found)

    places = [told.community(f"群{n}") for n in range(2)]
    hire("安", *places)
    told.says(told.member(), places[0], clock.now() - timedelta(days=5), "在吗？")
    told.settle()
    few = asked()
    more = [
        Community(
            name=f"大群{n}",
            type="interest",
            timezone="Asia/Shanghai",
            created_at=clock.now(),
            path=[10_000 + n],
            id=10_000 + n,
        )
        for n in range(1_000)
    ]
    Community.objects.bulk_create(more)
    for n in range(50):
        hire(f"同事{n}", *more[n * 20 : n * 20 + 3])
    told.settle()

    assert asked() <= few
    assert page(owner, "capacity-groups", charge="nobody").count("大群") >= 20
