"""`liuliang demo`: a sample brand, made of files in the real formats that go through the same importers a user uses."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console

from liuliang import simulator
from liuliang.accounts.services import owners
from liuliang.cli.importing import import_all
from liuliang.kernel import clock, environment
from liuliang.kernel.errors import Refused
from liuliang.people.communities import create_community
from liuliang.people.models import Community
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
    with out.status("Inventing a brand, its communities and half a year of talk…"):
        world = simulator.simulate(ending=today)
        files = simulator.write(world, environment.home() / "sample-files")
    out.print(
        f"[green]✓[/green] {world.brand}: {len(world.communities)} communities, {len(world.people):,} people,"
        f" {len(world.messages):,} messages, written as {len(files)} exported files in {files[-1].parent}"
    )
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
    targets: list[Community | None] = [*communities, *[None] * (len(files) - len(communities))]
    if not import_all(list(zip(files, targets, strict=True))):
        raise Refused("demo.incomplete")
    password = secrets.token_urlsafe(9)
    owners.create_first_owner(owners.setup_token(), email=EMAIL, name="雾汀运营", password=password)
    _write(record, {"email": EMAIL, "password": password})


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
