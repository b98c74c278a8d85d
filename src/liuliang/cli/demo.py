"""`liuliang demo`: a sample brand, made of files in the real formats that go through the same importers a user uses.

What no file tells, its shop and its rules, is set up through the same services as from the console.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from liuliang import simulator
from liuliang.accounts.services import owners
from liuliang.cli.importing import import_all
from liuliang.cli.sample_company import keep_company
from liuliang.cli.sample_shop import open_shop, set_rewards
from liuliang.cli.sample_team import appoint_team, tell_colleagues_apart
from liuliang.cli.sample_watch import keep_an_eye
from liuliang.cli.words import in_shell
from liuliang.cli.words import marked as _
from liuliang.kernel import clock, environment
from liuliang.kernel.errors import Refused
from liuliang.people.communities import create_community
from liuliang.people.models import Community, Member, MergeProposal
from liuliang.simulator import brand

out = Console()
EMAIL = "demo@liuliang.example"


def create_sample_brand() -> None:
    """Create the sample brand, unless this installation already holds it.

    Raises:
        Refused: ``demo.not_empty`` when it holds data of its own.
    """
    record = environment.home() / "demo.json"
    if record.exists():
        return
    if Community.objects.exists() or not owners.needs_owner():
        raise Refused("demo.not_empty")
    today = clock.now().astimezone(ZoneInfo(brand.TIMEZONE)).date()
    with out.status(in_shell(_("正在虚构一个品牌、它的社群和半年的聊天……"))):
        world = simulator.simulate(ending=today)
        files = simulator.write(world, environment.home() / "sample-files")
    made = in_shell(
        _("{brand}：虚构了 {people} 个人、{communities} 个群、{messages} 条消息，写成 {files} 个导出文件，放在 {folder}"),
        brand=world.brand, people=f"{len(world.people):,}", communities=len(world.communities),
        messages=f"{len(world.messages):,}", files=len(files), folder=files[-1].parent,
    )  # fmt: skip
    out.print(f"[green]✓[/green] {made}")
    top = create_community(name=world.brand, type_key="brand", is_group=False, at=clock.now())
    communities = [
        create_community(
            name=each.title,
            type_key=each.type,
            parent=top,
            timezone=each.timezone,
            at=clock.now(),
            platform=each.platform,
        )
        for each in world.communities
    ]
    set_rewards(at=clock.now())
    targets: list[Community | None] = [*communities, *[None] * (len(files) - len(communities))]
    if not import_all(list(zip(files, targets, strict=True))):
        raise Refused("demo.incomplete")
    out.print(f"[green]✓[/green] {_who_is_known(world)}")
    password = secrets.token_urlsafe(9)
    owner = owners.create_first_owner(owners.setup_token(), email=EMAIL, name="雾汀运营", password=password)
    # At once: nobody else ever hears the password.
    _write(record, {"email": EMAIL, "password": password})
    open_shop(top, communities[0], at=clock.now())
    appoint_team(top, communities, owner)
    tell_colleagues_apart(owner, at=clock.now())
    keep_company(dict(zip((each.slug for each in brand.PLANS), communities, strict=True)), at=clock.now())
    keep_an_eye(communities[0], owner, at=clock.now())


def _who_is_known(world: simulator.World) -> str:
    """Return how many members the files make of the people, and why: nobody can know more of a person than the files say."""
    return in_shell(
        _("从文件里认出 {members} 位成员：同一个人在几个平台之间没有共同的账号或手机号时算几位，另有 {strangers} 位买家不在任何群。{proposals} 对可能是同一个人，在控制台 成员 → 疑似同一人 里等人确认。"),
        members=f"{Member.objects.filter(canonical=None, erased_at=None).count():,}",
        strangers=f"{len({order.phone for order in world.orders if order.person is None}):,}",
        proposals=f"{MergeProposal.objects.filter(decided_at=None).count():,}",
    )  # fmt: skip


def sign_in() -> tuple[str, str] | None:
    """Return e-mail and password of the sample brand's owner; None when this is no sample installation."""
    record = environment.home() / "demo.json"
    if not record.exists():
        return None
    known = json.loads(record.read_text(encoding="utf-8"))
    return known["email"], known["password"]


def _write(path: Path, record: dict[str, str]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(record), encoding="utf-8")
