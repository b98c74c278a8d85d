"""Looking at alerts: each day once, what fires is what plain Python finds, whatever runs beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from statistics import mean

import pytest
from plainly import interval, without_odd_weeks

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.alerting import looking
from liuliang.alerting.looking import look_at, look_at_due
from liuliang.alerting.models import Alert, Firing
from liuliang.alerting.queries import visible, waiting, who_may_see
from liuliang.alerting.rehearsing import rehearse
from liuliang.alerting.rules import Condition
from liuliang.alerting.series import ground_of
from liuliang.alerting.services import (
    Wanted,
    acknowledge,
    change_alert,
    delete_alert,
    mute_alert,
    resume_alert,
    set_alert,
)
from liuliang.analytics.base import metrics
from liuliang.importers.models import Import
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant
from liuliang.simulator import truth
from liuliang.simulator.simulation import simulate
from telling import ENDING, FOUNDED, local, tell_world

FIRST = date(2026, 1, 5)
DOWN = Condition("unusual", direction="down")
LOW = Condition("below", threshold=1)


def noon(day: date):
    return local(day.year, day.month, day.day, 12)


def after(day: date):
    """Return an instant when ``day`` is over and settled."""
    following = day + timedelta(days=1)
    return local(following.year, following.month, following.day, 0, 30)


@pytest.fixture
def alert(owner) -> Callable[..., Alert]:
    def make(here: Community | None, condition: Condition, at, metric: str = "messages", **more) -> Alert:
        return set_alert(Wanted("安静了", metric, here, condition, [owner], **more), at=at)

    return make


def test_a_day_that_falls_short_fires_once_however_often_it_is_looked_at(told, speak, alert):
    here = told.community()
    speak(here, [20] * 63 + [2])
    fallen = FIRST + timedelta(days=63)
    made = alert(here, DOWN, noon(fallen))

    assert look_at(made, noon(fallen)) == 0
    for _again in range(3):
        made.refresh_from_db()
        look_at(made, after(fallen))

    firing = Firing.objects.get()
    assert (firing.day, firing.value, firing.expected, firing.community) == (fallen, 2, 20, here)
    assert 2 < firing.low < 20 < firing.high
    made.refresh_from_db()
    assert (made.outcome, made.looked_day, made.recent[-1]) == ("fired", fallen, 2)


def test_what_fires_in_a_brand_is_what_plain_python_finds(told, alert):
    """Day after day over the invented brand, every group by itself, beside the messages counted in the simplest way."""
    world = simulate(ending=ENDING, days=84, people=120, communities=3)
    simulated = tell_world(told, world)
    begin = ENDING - timedelta(days=20)
    asks = Condition("unusual", direction="either", sensitivity="keen", weeks=8)
    made = {key: alert(each, asks, noon(begin)) for key, each in simulated.communities.items()}
    for back in range(20, 0, -1):
        for each in made.values():
            each.refresh_from_db()
            look_at(each, after(ENDING - timedelta(days=back)))

    for key, each in made.items():
        by_day = truth.messages_per_day(world, key)
        entered = [
            truth.local_day(world, key, join.at) for join in world.joins if join.community == key and join.is_told
        ]
        first = min([*by_day, *entered])
        expected = set()
        for back in range(20, 0, -1):
            day = ENDING - timedelta(days=back)
            like = [day - timedelta(days=7 * week) for week in range(1, 9)]
            values = [by_day[one] for one in like if one >= first]
            if day < begin or len(values) < 4:
                continue
            usual = without_odd_weeks(values)
            low, high = interval(usual, 0.95)
            if not low <= by_day[day] <= high:
                expected.add((day, by_day[day], round(mean(usual), 6)))
        fired = each.firings.values_list("day", "value", "expected")
        assert {(day, value, round(usual, 6)) for day, value, usual in fired} == expected, key


def test_the_preview_says_what_then_happens(told, speak, alert):
    here = told.community()
    counts = [20 + (place * 7) % 5 for place in range(90)]
    for place in (70, 77, 85):
        counts[place] = 1
    speak(here, counts)
    start = FIRST + timedelta(days=60)
    made = alert(here, DOWN, noon(start))
    for place in range(60, 90):
        made.refresh_from_db()
        look_at(made, after(FIRST + timedelta(days=place)))

    last = FIRST + timedelta(days=89)
    found = rehearse(metrics()["messages"], ground_of(here, after(last)), DOWN, is_each=False, days=30)

    told_before = {(verdict.day, verdict.value, verdict.expected) for _key, verdict in found.fired}
    assert told_before == set(made.firings.values_list("day", "value", "expected"))
    assert {day for day, _value, _expected in told_before} >= {FIRST + timedelta(days=70), FIRST + timedelta(days=85)}


def test_workers_at_the_same_moment_fire_once(told, speak, alert, at_once):
    first, second = told.community("甲"), told.community("乙")
    speak(first, [20] * 63 + [2])
    speak(second, [20] * 63 + [3])
    fallen = FIRST + timedelta(days=63)
    both = alert(None, DOWN, noon(fallen), is_each=True)
    one = alert(first, Condition("below", 10), noon(fallen))
    stale = [Alert.objects.get(pk=each.pk) for each in (both, one)]

    results = at_once([lambda each=each: look_at(each, after(fallen)) for each in stale * 6], 4)

    assert sum(results) == 3, results
    assert sorted(Firing.objects.values_list("alert", "community", "day")) == sorted(
        [(both.pk, first.pk, fallen), (both.pk, second.pk, fallen), (one.pk, first.pk, fallen)]
    )


def test_a_rise_fires_before_its_day_is_over_and_not_again_after(told, speak, alert):
    here = told.community()
    speak(here, [20] * 63 + [90])
    today = FIRST + timedelta(days=63)
    made = alert(here, Condition("above", 50), noon(today))

    assert look_at(made, noon(today)) == 1
    made.refresh_from_db()
    assert made.due_at == noon(today) + looking.EARLY
    assert look_at(made, after(today)) == 0

    firing = Firing.objects.get()
    assert (firing.day, firing.is_early, firing.value) == (today, True, 90)
    down = alert(here, Condition("below", 500), noon(today))
    assert look_at(down, noon(today)) == 0


def test_days_missed_are_caught_up_with_and_those_long_past_are_left(told, speak, alert):
    here = told.community()
    speak(here, [20] * 20 + [1] * 20)
    made = alert(here, Condition("below", 5), noon(FIRST + timedelta(days=10)))

    look_at(made, after(FIRST + timedelta(days=39)))

    assert [day for (day,) in made.firings.order_by("day").values_list("day")] == [
        FIRST + timedelta(days=place) for place in range(33, 40)
    ]


def test_nothing_of_the_past_fires_when_an_alert_is_set_or_turned_to_another_metric(told, speak, alert, owner):
    here = told.community()
    speak(here, [1] * 30)
    made = alert(here, Condition("below", 5), after(FIRST + timedelta(days=29)))
    assert look_at(made, after(FIRST + timedelta(days=29))) == 0

    later = after(FIRST + timedelta(days=29)) + timedelta(hours=5)
    changed = change_alert(made, Wanted("没人", "speakers", here, Condition("below", 5), [owner]), at=later)

    assert look_at(changed, later) == 0


def test_a_group_where_nobody_says_a_word_is_told_of_while_others_talk(told, speak, alert):
    dead, alive = told.community("静"), told.community("闹")
    speak(dead, [20] * 30)
    speak(alive, [20] * 40)
    day = FIRST + timedelta(days=31)
    made = alert(dead, Condition("below", 1), noon(day))

    assert look_at(made, after(day)) == 1
    assert Firing.objects.get().value == 0


def test_an_alert_on_a_group_nobody_was_heard_of_in_has_no_data_until_somebody_is(told, speak, alert):
    speak(told.community(), [20] * 10)
    silent = told.community("新群")
    day = FIRST + timedelta(days=10)
    made = alert(silent, LOW, noon(day))
    other = alert(None, LOW, noon(day))
    assert (made.outcome, other.outcome) == ("nothing", "quiet")

    look_at(made, noon(day))

    made.refresh_from_db()
    assert made.outcome == "nothing"


def test_while_the_log_stops_nothing_is_judged(told, speak, alert):
    here = told.community()
    speak(here, [20] * 30)
    made = alert(here, Condition("below", 5), noon(FIRST + timedelta(days=29)))

    assert look_at(made, after(FIRST + timedelta(days=50))) == 0
    made.refresh_from_db()
    assert made.due_at == after(FIRST + timedelta(days=50)) + looking.WAITS


def test_while_a_file_is_imported_nothing_is_judged(told, speak, alert):
    here = told.community()
    speak(here, [20] * 30 + [1])
    day = FIRST + timedelta(days=30)
    alert(here, Condition("below", 5), noon(day))
    running = Import.objects.create(file_name="读书群.txt", size=1, state="running", created_at=after(day))

    assert look_at_due(after(day)) == 0
    running.delete()
    assert look_at_due(after(day)) == 1
    assert look_at_due(after(day)) == 0
    assert Firing.objects.count() == 1


def test_looking_costs_one_question_when_nothing_is_due(told, speak, alert, django_assert_num_queries):
    here = told.community()
    speak(here, [20] * 30)
    alert(here, Condition("below", 5), noon(FIRST + timedelta(days=29)))
    look_at_due(after(FIRST + timedelta(days=29)))

    with django_assert_num_queries(1):
        look_at_due(after(FIRST + timedelta(days=29)) + timedelta(minutes=5))


def test_muted_firings_are_kept_and_wait_for_nobody(told, speak, alert, owner):
    here = told.community()
    speak(here, [20] * 30 + [1, 1])
    day = FIRST + timedelta(days=30)
    made = alert(here, Condition("below", 5), noon(day))
    with pytest.raises(Refused):
        mute_alert(made, noon(day), at=noon(day))
    mute_alert(made, after(day) + timedelta(hours=1), at=noon(day))

    made.refresh_from_db()
    look_at(made, after(day))
    assert not waiting(Access(owner)).exists()
    resume_alert(made)
    made.refresh_from_db()
    look_at(made, after(day + timedelta(days=1)))

    assert list(made.firings.order_by("day").values_list("is_muted", flat=True)) == [True, False]
    assert waiting(Access(owner)).count() == 1


def test_a_firing_is_taken_once(told, speak, alert):
    here = told.community()
    speak(here, [20] * 30 + [1])
    day = FIRST + timedelta(days=30)
    look_at(alert(here, Condition("below", 5), noon(day)), after(day))
    firing = Firing.objects.get()

    acknowledge(firing, note=" 我去看 ", at=after(day))
    with pytest.raises(Refused) as refusal:
        acknowledge(firing, at=after(day))

    assert refusal.value.code == "alert.taken"
    firing.refresh_from_db()
    assert firing.note == "我去看"


def test_an_archived_group_is_not_looked_at(told, speak, alert):
    here = told.community()
    speak(here, [20] * 30 + [1])
    day = FIRST + timedelta(days=30)
    made = alert(here, Condition("below", 5), noon(day))
    Community.objects.filter(pk=here.pk).update(archived_at=noon(day))

    assert look_at(Alert.objects.select_related("community").get(pk=made.pk), after(day)) == 0
    made.refresh_from_db()
    assert made.outcome == "gone"


def test_every_metric_can_be_watched(told, alert):
    world = simulate(ending=ENDING, days=40, people=40, communities=2)
    simulated = tell_world(told, world)
    here = simulated.communities[0]
    ground = ground_of(here, after(ENDING))
    for metric in metrics():
        asks = Condition("below", 0.01 if metric.style == "percent" else 1.0)
        look_at(alert(None, asks, noon(ENDING), metric.key), after(ENDING))
        found = rehearse(metric, ground, asks, is_each=True)
        assert len(found.period) == 90, metric.key
    assert set(Alert.objects.values_list("outcome", flat=True)) <= {"fired", "quiet", "thin", "nothing"}


def test_alerts_are_set_changed_and_deleted_in_the_log(told, speak, alert, owner):
    here = told.community()
    speak(here, [20] * 30)
    made = alert(here, DOWN, noon(FIRST + timedelta(days=29)))
    wants = Wanted("更吵", "messages", here, Condition("above", 9), [owner], steps="一\n二")
    changed = change_alert(made, wants, at=noon(FIRST + timedelta(days=29)))
    delete_alert(changed)

    entries = AuditEntry.objects.order_by("id")
    assert [each.action for each in entries] == ["alert.set", "alert.changed", "alert.deleted"]
    assert entries[1].changes["alert_kind"] == ["unusual", "above"]
    for wrong in ({"name": " "}, {"metric": "luck"}, {"owners": []}, {"condition": Condition("below", 0)}):
        given = {"name": "好", "metric": "messages", "community": here, "condition": DOWN, "owners": [owner], **wrong}
        with pytest.raises(Refused):
            set_alert(Wanted(**given), at=noon(FIRST))


def test_alerts_are_seen_where_their_figures_are(told, alert, owner):
    ensure_built_in_roles(Role)
    here, there = told.community("甲"), told.community("乙")
    mine = Staff.objects.create(email="a@example.com", name="甲主", created_at=FOUNDED)
    partner = Staff.objects.create(email="p@example.com", name="合伙", created_at=FOUNDED)
    Grant.objects.create(staff=mine, role=Role.objects.get(key="community_owner"), community=here)
    Grant.objects.create(staff=partner, role=Role.objects.get(key="partner"), community=here)
    told.settle()
    at = noon(FIRST)
    for place, metric in ((here, "messages"), (here, "gmv"), (there, "messages"), (None, "messages")):
        alert(place, Condition("below", 5), at, metric)

    def seen(staff) -> set[tuple[int | None, str]]:
        return set(visible(Access(staff)).values_list("community", "metric"))

    assert seen(mine) == {(here.pk, "messages"), (here.pk, "gmv")}
    assert seen(partner) == {(here.pk, "messages")}
    assert len(seen(owner)) == 4
    assert who_may_see("gmv", here) == sorted([mine, owner], key=lambda each: each.name)
    assert who_may_see("messages", None) == [owner]
    with pytest.raises(Refused) as refusal:
        set_alert(Wanted("瞒", "gmv", here, DOWN, [partner]), at=at)
    assert refusal.value.code == "alert.blind"
