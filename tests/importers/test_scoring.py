"""A list of answers from the file to the log: once, in the right group, and what is wrong said row by row."""

from __future__ import annotations

import io

import pytest

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import IMPORTS_RUN
from liuliang.importers import services
from liuliang.importers.models import Import, ImportProblem
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.people.identities import Known, resolve_members
from liuliang.people.models import Community, Grant, Member, Membership

pytestmark = pytest.mark.django_db

HEADER = "提交时间,姓名,手机号,评分,原因,社群,问卷名称"


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"


def community(name: str) -> Community:
    made = Community.objects.create(name=name, type="learning", created_at=clock.now())
    made.path = [made.pk]
    made.save()
    return made


def bring_in(*rows: str, into: Community | None = None, staff: Staff | None = None) -> Import:
    row = services.receive(io.BytesIO("\n".join((HEADER, *rows)).encode()), "答卷.csv", staff=staff)
    assert services.examine(row) is not None
    services.queue(row, community=into)
    done = services.run(row.pk)
    assert done.state == "done"
    return done


def problems(row: Import) -> list[tuple[int, str]]:
    return list(ImportProblem.objects.filter(import_run=row).order_by("line").values_list("line", "reason"))


def logged() -> list[tuple]:
    rows = LoggedEvent.objects.filter(kind="survey.answered").order_by("occurred_at", "position")
    return [(row.community, row.data["score"], row.data["survey"], row.data["comment"]) for row in rows]


def test_answers_come_once_however_often_they_are_imported():
    readers, runners = community("读书群"), community("跑步群")
    rows = (
        "2026-03-05 12:00:00,小明,13800000001,9,豆子好,,",
        "2026-03-05 12:01:00,小红,13800000002,3,,跑步群,三月",
        "2026-03-05 12:02:00,小明,13800000001,10,,,",
    )
    first, again = bring_in(*rows, into=readers), bring_in(*rows, into=readers)

    assert logged() == [(readers.pk, 9, "", "豆子好"), (runners.pk, 3, "三月", ""), (readers.pk, 10, "", "")]
    assert [each.counts[key] for each in (first, again) for key in ("scores", "added", "known")] == [3, 3, 0, 3, 0, 3]
    assert (first.counts["people"], first.unreadable, again.unreadable) == (2, 0, 0)
    assert Member.objects.count() == 2


def test_what_is_wrong_is_said_row_by_row_and_the_rest_is_imported():
    here = community("读书群")
    community("同名群")
    community("同名群")
    bring_in("2026-03-05 12:00:00,小明,13800000001,9,,,", into=here)
    row = bring_in(
        "2026-03-05 12:00:00,小明,13800000001,2,,,",
        "2026-03-05 12:00:00,小红,13800000002,11,,,",
        "2026-03-05 12:00:00,小红,13800000002,8,,没这个群,",
        "2026-03-05 12:00:00,小红,13800000002,8,,同名群,",
        "2026-03-05 12:00:00,只有名字,,8,,,",
        "2026-03-05 12:00:00,,,8,,,",
        "2199-03-05 12:00:00,小红,13800000002,8,,,",
        "2026-03-05 12:03:00,小红,,7,,读书群,",
    )
    assert problems(row) == [
        (2, "score_told_differently"), (3, "bad_score"), (4, "group_unknown"), (5, "group_unknown"), (6, "name_alone"),
        (7, "no_respondent"), (8, "date_out_of_range"),
    ]  # fmt: skip
    excerpts = dict(ImportProblem.objects.filter(import_run=row).values_list("line", "excerpt"))
    assert "没这个群" in excerpts[4]
    assert excerpts[6].startswith("2026-03-05 12:00:00, 只有名字")
    assert logged() == [(here.pk, 9, "", ""), (here.pk, 7, "", "")]
    assert (row.counts["scores"], row.counts["added"], row.counts["known"]) == (2, 1, 0)


def test_who_may_import_into_one_group_changes_nobody_and_reaches_no_group_elsewhere():
    here, other = community("读书群"), community("跑步群")
    staff = Staff.objects.create(email="wang@example.com", name="王", created_at=clock.now())
    Grant.objects.create(staff=staff, role=Role.objects.create(name="导入", permissions=[IMPORTS_RUN]), community=here)
    (known,) = resolve_members([Known("小雨", (("phone", "13900000001"),))], community=other.pk, at=clock.now())
    Membership.objects.create(member_id=known, community=other, first_seen_at=clock.now())
    row = bring_in(
        "2026-03-05 12:00:00,改名,13900000001,9,,,",
        "2026-03-05 12:00:00,新人,13900000002,9,,跑步群,",
        into=here,
        staff=staff,
    )
    assert problems(row) == [(3, "group_unknown")]
    assert logged() == [(here.pk, 9, "", "")]
    assert Member.objects.get(pk=known).name == "小雨"
