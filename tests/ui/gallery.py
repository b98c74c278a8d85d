"""The gallery: pages that show every component with plausible contents. Hosted by the browser tests alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import include, path

from liuliang.kernel import clock
from liuliang.ui import charts
from liuliang.ui.figures import Change, Figure
from liuliang.ui.listing import (
    Boolean,
    BulkAction,
    Choice,
    Column,
    DateRange,
    Empty,
    Listing,
    MultiChoice,
    NumberRange,
    Option,
    Text,
    View,
    cells,
)
from liuliang.ui.navigation import Entry, Section, Shell
from liuliang.ui.progress import Progress
from liuliang.ui.toasts import close_dialog, refresh_lists, toast


class Person(models.Model):
    """A row of the gallery's list; its table is made by the tests."""

    name = models.CharField(max_length=100)
    layer = models.CharField(max_length=10)
    messages = models.IntegerField()
    gmv = models.BigIntegerField(null=True)
    score = models.FloatField(null=True)
    joined_on = models.DateField()
    last_seen_at = models.DateTimeField(null=True)
    is_seed = models.BooleanField(default=False)

    class Meta:
        app_label = "ui"
        managed = False
        db_table = "gallery_person"

    def __str__(self) -> str:
        return self.name


LAYERS = {
    "new": ("新", "act"),
    "active": ("活跃", "good"),
    "core": ("核心", "good"),
    "silent": ("沉默", "warn"),
    "lost": ("流失", "bad"),
}
_FAMILY = "陈李王张刘周赵吴徐孙"
_GIVEN = ("立", "敏", "晓", "航", "倩", "子涵", "雨桐", "浩然", "思琪", "明轩")


def people(number: int) -> list[Person]:
    """Make people, the same ones every time."""
    now = clock.now()
    return [
        Person(
            name="=SUM(A1:A9)" if n == 7 else f"{_FAMILY[n % 10]}{_GIVEN[n // 10 % 10]}{n if n >= 100 else ''}",
            layer=list(LAYERS)[(n * n + n // 3) % 5],
            messages=(n * 7919) % 997 // (1 + n % 4),
            gmv=None if n % 3 == 0 else (n * 104729) % 5_000_000,
            score=None if n % 5 == 0 else (n * 31 % 100) / 7,
            joined_on=(now - timedelta(days=n % 180)).date(),
            last_seen_at=None if n % 11 == 0 else now - timedelta(minutes=(n * n * 13) % 30_000),
            is_seed=n % 13 == 0,
        )
        for n in range(number)
    ]


PEOPLE = Listing(
    key="people",
    title="成员",
    columns=(
        Column("name", "昵称", sort="name", cell=lambda row: cells.person(row.name), is_fixed=True),
        Column("layer", "分层", sort="layer", show=cells.state(LAYERS)),
        Column("messages", "消息", sort="messages", show=cells.count, align="end", hint="近 30 天在所有社群里说的话"),
        Column("gmv", "成交额", sort="gmv", show=cells.money, align="end"),
        Column(
            "score", "贡献分", sort="score", align="end", show=lambda value: "–" if value is None else f"{value:.1f}"
        ),
        Column(
            "trend",
            "近 7 天",
            value=lambda row: [(row.messages * k) % 7 for k in range(7)],
            show=cells.spark,
            is_exported=False,
        ),
        Column("joined_on", "加入", sort="joined_on", show=cells.day),
        Column("last_seen_at", "最近发言", sort="last_seen_at", show=cells.ago),
        Column("seed", "种子用户", value="is_seed", show=cells.yes, is_default=False),
    ),
    filters=(
        Text("q", "搜索昵称", fields=("name",)),
        Choice(
            "layer", "分层", options=[Option(key, words) for key, (words, _tone) in LAYERS.items()], is_primary=True
        ),
        MultiChoice(
            "family",
            "姓氏",
            options=[Option(one, one) for one in _FAMILY],
            narrow=lambda queryset, values: queryset.filter(name__regex=f"^[{''.join(values)}]"),
        ),
        DateRange("joined", "加入时间", field="joined_on"),
        DateRange("seen", "最近发言", field="last_seen_at"),
        NumberRange("gmv", "成交额", unit="元", scale=100),
        Boolean("seed", "种子用户", field="is_seed"),
    ),
    default_sort="-messages",
    row_url=lambda row: f"/person/{row.pk}/",
    row_actions="gallery_actions.html",
    views=(View("沉默的客户", "layer=silent&gmv_from=1"), View("最近加入", "sort=-joined_on")),
    bulk=(
        BulkAction("tag", "打标签", "tag", icon="tag"),
        BulkAction("remove", "移出", "remove", icon="user-minus", is_danger=True, confirm="移出后他们会收到通知。"),
    ),
    export_name="成员",
    empty=Empty("还没有成员", "导入一个群的聊天记录，这里会列出每一个说过话的人。", "导入聊天记录", "/parts/"),
)


class ProfileForm(forms.Form):
    """One of each widget."""

    name = forms.CharField(label="社群名称", max_length=30, help_text="成员看到的名字，最多 30 个字。")
    kind = forms.ChoiceField(label="类型", choices=[("", "请选择"), ("brand", "品牌粉丝群"), ("deal", "福利群")])
    opens_on = forms.DateField(label="开始日期", widget=forms.DateInput(attrs={"type": "date"}), required=False)
    rules = forms.CharField(label="群规", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    days = forms.MultipleChoiceField(
        label="活动日",
        choices=[("1", "周一"), ("3", "周三"), ("5", "周五")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    gate = forms.ChoiceField(
        label="入群门槛", choices=[("low", "低"), ("middle", "中"), ("high", "高")], widget=forms.RadioSelect
    )
    is_open = forms.BooleanField(label="接受新成员", required=False)


def _wave(number: int, base: float, swing: float, beat: float) -> list[int]:
    return [round(base + swing * math.sin(k / beat) + swing * 0.4 * math.cos(k * 1.7)) for k in range(number)]


def _days(number: int) -> list[str]:
    today = clock.now().date()
    return [f"{today - timedelta(days=number - 1 - k):%m-%d}" for k in range(number)]


def board(request: HttpRequest) -> HttpResponseBase:
    """Show figures, charts and a list, as an overview would."""
    messages_ = _wave(14, 6800, 2000, 1.6)
    context = {
        "figures": [
            Figure("成员", 128_460, unit="人", period="现在", change=Change.between_counts(128_460, 114_300, versus="比上月"), trend=_wave(14, 120, 12, 4)),
            Figure("成交额", 86_231_000, "money", period="近 7 天", change=Change(0.081, 0.02, 0.14, "比上周"), trend=_wave(14, 80, 30, 3)),
            Figure("发言率", 0.097, "percent", period="近 7 天", change=Change(-0.006, -0.011, -0.002, "比上周", in_points=True), trend=_wave(14, 10, 3, 2), definition="近 7 天说过至少一句话的成员 ÷ 期末在群成员。"),
            Figure("首次响应", 1_140, "duration", period="近 7 天", change=Change(0.03, -0.08, 0.15, "比上周", good="down"), trend=[3, 4, None, 5, 4, 4, 3], href="/people/"),
        ],
        "activity": charts.Chart(
            "activity", "近 14 天有多少人在说话？", "area", _days(14),
            [charts.Series("messages", "消息", messages_), charts.Series("active", "活跃成员", [v // 3 for v in messages_]), charts.Series("orders", "订单", _wave(14, 900, 300, 2))],
            definition="按社群当地时间的一天计；机器人和系统消息不算。", label_title="日期", marks=[charts.Mark("新人周", _days(14)[5])],
        ),
        "growth": charts.Chart(
            "growth", "进来的人比离开的多吗？", "stacked", _days(14),
            [charts.Series("joined", "加入", _wave(14, 60, 20, 2)), charts.Series("left", "离开", [-v for v in _wave(14, 25, 10, 3)]), charts.Series("stay", "7 日留存", [0.5 + 0.02 * (k % 7) for k in range(14)], "percent", is_dashed=True)],
            label_title="日期",
        ),
        "hours": charts.Chart(
            "hours", "什么时候最热闹？", "heatmap", [str(hour) for hour in range(24)],
            [charts.Series(f"day{d}", name, [max(0, round(60 * math.sin((hour - 6) / 5) + 20 * math.sin(d + hour))) for hour in range(24)]) for d, name in enumerate(["周一", "周二", "周三", "周四", "周五", "周六", "周日"])],
            unit="条", definition="近 30 天每个小时的消息数。", label_title="小时",
        ),
        "talkers": charts.Chart(
            "talkers", "谁说得最多？", "ranking", ["陈立", "王敏", "李晓", "周航", "赵倩", "吴子涵", "一个名字特别特别长的成员昵称甲乙丙丁"],
            [charts.Series("messages", "消息", [12_840, 9_811, 7_420, 5_200, 3_100, 2_040, 1_024])], label_title="成员",
        ),
        "nothing": charts.Chart("nothing", "哪些链接被点开？", "bar", [], [charts.Series("value", "点击", [])], definition="短链的点击。"),
    }  # fmt: skip
    return PEOPLE.respond(request, Person.objects.all(), template="gallery_board.html", context=context)


def list_page(request: HttpRequest) -> HttpResponseBase:
    """Show the list alone."""
    return PEOPLE.respond(request, Person.objects.all(), template="gallery_people.html")


def parts(request: HttpRequest) -> HttpResponseBase:
    """Show everything else."""
    now = clock.now()
    form = ProfileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        messages.success(request, "已保存")
    context = {
        "form": form,
        "moments": [
            SimpleNamespace(at=now - timedelta(minutes=4), title="加入了 北京妈妈群", icon="user-plus", tone="good", text="由 陈立 邀请", url="/people/"),
            SimpleNamespace(at=now - timedelta(hours=5), title="说了 12 句话", icon="message", tone="", text="", url=""),
            SimpleNamespace(at=now - timedelta(days=40), title="退款 ¥128.00", icon="receipt-refund", tone="bad", text="订单 20261012-0031", url=""),
        ],
        "tabs": [("概览", "/parts/", None), ("成员", "/people/", 12_840), ("内容", "/board/", 0)],
        "progresses": [Progress("排队的导入", state="waiting"), Progress("群聊记录.txt", 31_240, 120_000, detail="已读 31,240 行，约还需 12 秒"), Progress("订单.xlsx", 10, 10, "done"), Progress("坏文件.json", 3, 9, "failed", "第 3 行之后不完整")],
        "now": now,
        "week_ago": now - timedelta(days=9),
    }  # fmt: skip
    return render(request, "gallery_parts.html", context, status=422 if form.errors else 200)


_steps = iter(range(0))


def progress(request: HttpRequest) -> HttpResponseBase:
    """Move a little further each time."""
    global _steps  # noqa: PLW0603 - a gallery of one process
    step = next(_steps, None)
    if step is None:
        _steps = iter(range(50, 101, 50))
        step = 25
    state = Progress("会动的导入", step, 100, "done" if step == 100 else "running")
    return render(request, "gallery_progress.html", {"progress": state})


def search(request: HttpRequest) -> HttpResponseBase:
    """Answer the global search."""
    found = Person.objects.filter(name__contains=request.GET.get("q", "?"))[:5]
    return render(request, "gallery_search.html", {"found": found})


def tag(request: HttpRequest) -> HttpResponseBase:
    """Ask for the tag, then do it."""
    chosen = PEOPLE.chosen(request, Person.objects.all())
    if "tag" in request.POST:
        done = toast(HttpResponse(), f"已给 {chosen.count()} 人打上标签", undo="/undo/")
        return refresh_lists(close_dialog(done))
    return render(request, "gallery_tag.html", {"number": chosen.count(), "fields": PEOPLE.chosen_fields(request)})


def remove(request: HttpRequest) -> HttpResponseBase:
    """Refuse, to show how a refusal looks."""
    raise PermissionDenied


def upload(request: HttpRequest) -> HttpResponseBase:
    """Say what was received."""
    file = request.FILES["file"]
    return render(request, "gallery_upload.html", {"file": file})


def plain(text: str) -> Callable[[HttpRequest], HttpResponse]:
    """Answer with a text."""
    return lambda _request: HttpResponse(text)


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Show a bare page."""
    return render(request, "gallery_sign_in.html", {"form": ProfileForm()})


def broken(request: HttpRequest) -> HttpResponseBase:
    """Fail."""
    raise RuntimeError


class SignedIn:
    """Middleware: everybody in the gallery is the same person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        """Sign in."""
        request.user = SimpleNamespace(is_authenticated=True, name="林晓", email="lin@example.com")
        return self.get_response(request)


SHELL = Shell(
    sections=(
        Section("总览", icon="gauge", entries=(Entry("总览", "board"),), go="o"),
        Section("社群", icon="users-group", entries=(Entry("社群", "parts", prefix="/communities/"),), go="c"),
        Section("成员", icon="users", entries=(Entry("全部成员", "people"), Entry("人群", "parts", prefix="/segments/", count=lambda _r: 3)), go="m"),
        Section("增长", icon="speakerphone", entries=(Entry("零件", "parts"),), go="g"),
        Section("内容", icon="calendar", entries=(Entry("日历", "sign_in"),)),
        Section("设置", icon="settings", entries=(Entry("员工", "sign_in", permission="staff.manage"), Entry("秘密", "sign_in", permission="never")), go="s"),
    ),
    may=lambda _request, permission: permission != "never",
    home="board",
    search="search",
    bell="parts",
    bell_count=lambda _request: 4,
    account="sign_in",
    sign_out="sign_in",
)  # fmt: skip

urlpatterns = [
    path("", include("liuliang.ui.urls")),
    path("board/", board, name="board"),
    path("people/", list_page, name="people"),
    path("parts/", parts, name="parts"),
    path("progress/", progress, name="progress"),
    path("search/", search, name="search"),
    path("tag/", tag, name="tag"),
    path("remove/", remove, name="remove"),
    path("upload/", upload, name="upload"),
    path("undo/", plain("undone"), name="undo"),
    path("person/<int:pk>/", lambda _request, pk: HttpResponse(f"person {pk}"), name="person"),
    path("sign-in/", sign_in, name="sign_in"),
    path("broken/", broken, name="broken"),
]
