"""Invent the people: their accounts on each platform, and the name they go by there."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from liuliang.simulator import brand, names
from liuliang.simulator.world import Person

_ABROAD_AT_MOST = 380
"""Only so many telephone numbers abroad are set apart for examples."""

_GROUPS = {"+86": (3, 3, 4, 4), "+44": (3, 4, 6), "+61": (3, 3, 3, 3), "+35": (4, 2, 3, 4)}
"""The length of a country code with its plus, and of the groups of digits after it."""

_TWINS = 6
"""Pairs of different people who bear the same name on different platforms: software must not take them for one."""


def invent_people(count: int, random: Random) -> tuple[Person, ...]:
    """Return ``count`` people, the brand's staff first. Nobody shares an account; no two share a name on one platform.

    Raises:
        ValueError: if there would be no room for members beside the staff.
    """
    if count < 3 * len(brand.STAFF):
        raise ValueError(f"a brand needs at least {3 * len(brand.STAFF)} people")
    namer = names.Namer(random)
    abroad = min(count // 25, _ABROAD_AT_MOST)
    people = [_staff(key, name, namer, random) for key, name in enumerate(brand.STAFF)]
    people.extend(
        _member(key, namer, random, is_abroad=key - len(brand.STAFF) < abroad) for key in range(len(people), count)
    )
    _twin(people, random)
    return tuple(people)


def _staff(key: int, name: str, namer: names.Namer, random: Random) -> Person:
    namer.reserve(name)
    platforms = ("wechat", "qq", "telegram", "whatsapp")
    return _person(key, dict.fromkeys(platforms, name), names.mobile_number(key), random, is_staff=True)


def _member(key: int, namer: names.Namer, random: Random, *, is_abroad: bool) -> Person:
    phone = names.number_abroad(key) if is_abroad else names.mobile_number(key)
    name = namer.take()
    shown: dict[str, str] = {}
    if is_abroad or random.random() < 0.03:
        shown["whatsapp"] = _whatsapp_name(name, phone, random)
    if random.random() < (0.3 if is_abroad else 0.88):
        shown["wechat"] = name
    if random.random() < (0.1 if is_abroad else 0.58):
        shown["qq"] = name if random.random() < 0.5 else namer.take()
    if random.random() < 0.15:
        shown["telegram"] = name if random.random() < 0.4 else namer.take()
    if not shown:
        shown["wechat"] = name
    return _person(key, shown, phone, random)


def _person(key: int, shown: dict[str, str], phone: str, random: Random, *, is_staff: bool = False) -> Person:
    return Person(
        key=key,
        names=shown,
        phone=phone,
        wxid=names.wxid(random) if "wechat" in shown else "",
        qq=names.qq_number(random) if "qq" in shown else "",
        telegram=str(random.randrange(100_000_000, 7_000_000_000)) if "telegram" in shown else "",
        real_name=names.real_name(random),
        gender=random.choice(("女", "女", "男", "")),
        city=names.city(random),
        birthday=date(1970, 1, 1) + timedelta(days=random.randrange(13_000)),
        is_staff=is_staff,
    )


def _whatsapp_name(name: str, phone: str, random: Random) -> str:
    """Return the name in the exporter's address book, or the number of somebody who is not in it, as iOS sets it."""
    if random.random() < 0.5:
        return name
    if phone.startswith("+1"):
        return f"\u202a+1 ({phone[2:5]}) {phone[5:8]}-{phone[8:]}\u202c"
    country, *groups = _GROUPS[phone[:3]]
    shown, rest = phone[:country], phone[country:]
    for length in groups:
        shown, rest = f"{shown} {rest[:length]}", rest[length:]
    return f"\u202a{shown}\u202c"


def _twin(people: list[Person], random: Random) -> None:
    """Give a few people on QQ the name that somebody else bears on WeChat only."""
    taken = {person.names["qq"] for person in people if "qq" in person.names}
    models = [person for person in people if "wechat" in person.names and person.names["wechat"] not in taken]
    copies = [
        person for person in people if "qq" in person.names and "wechat" not in person.names and not person.is_staff
    ]
    for model, copy in zip(random.sample(models, min(_TWINS, len(models))), copies[:_TWINS], strict=False):
        copy.names["qq"] = model.names["wechat"]
