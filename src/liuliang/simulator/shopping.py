"""Let people register with the shop, buy, and send back."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Literal

from liuliang.simulator import brand, names
from liuliang.simulator.crowd import DAY, Crowd
from liuliang.simulator.world import Order, Person, Registration

_ORDERS_PER_PERSON_DAY = 2.2 / 180
_QUIET_CUSTOMERS = 0.14
"""How likely somebody who never spoke is to register or to buy. Nobody could tell: their chats show no account."""

_HOURS = (2, 1, 0, 0, 0, 0, 1, 4, 8, 12, 22, 18, 22, 14, 10, 10, 10, 11, 12, 16, 30, 28, 16, 6)
_FRIDAY = 4
_EVENING = 18
_LEVELS = ("新客", "银卡", "金卡", "黑金卡")
_TAGS = (
    "老客", "手冲爱好者", "企业采购", "学生", "宝妈", "高客单", "奶咖党", "价格敏感", "爱晒单", "礼品客",
)  # fmt: skip
_NOTES = (
    "", "", "", "", "", "", "不要打电话", "周末收货", "发票抬头已存", "对坚果过敏", "推荐过3位朋友",
)  # fmt: skip

_Status = Literal["已完成", "已发货", "部分退款", "已退款", "已取消"]


def register(
    people: tuple[Person, ...], speakers: set[int], *, ending: int, random: Random
) -> tuple[Registration, ...]:
    """Return the member list: most of those who speak and few of the others, with what the shop happens to know."""
    chosen = [
        person
        for person in people
        if not person.is_staff and random.random() < (0.85 if person.key in speakers else _QUIET_CUSTOMERS)
    ]
    moments = sorted(ending - 1 - int(random.random() ** 1.4 * 400 * DAY) for _ in chosen)
    return tuple(
        Registration(
            person=person.key,
            number=f"WT{number:06d}",
            at=at,
            level=random.choices(_LEVELS, (50, 30, 15, 5))[0],
            tags=tuple(random.sample(_TAGS, random.choices((0, 1, 2, 3), (30, 40, 20, 10))[0])),
            note=random.choice(_NOTES),
            knows_wxid=bool(person.wxid) and random.random() < 0.96,
            knows_qq=bool(person.qq) and random.random() < 0.92,
        )
        for number, (at, person) in enumerate(zip(moments, random.sample(chosen, len(chosen)), strict=True), start=1)
    )


def buy(
    people: tuple[Person, ...], crowds: list[Crowd], speakers: set[int], *, between: tuple[int, int], random: Random
) -> tuple[Order, ...]:
    """Return every order ``between`` two instants, members' and strangers', in the order of time."""
    starting, ending = between
    first = _first_seen(crowds)
    buyers = [
        key
        for key in first
        if not people[key].is_staff and random.random() < (0.58 if key in speakers else _QUIET_CUSTOMERS)
    ]
    eager = [random.lognormvariate(0, 0.9) for _ in buyers]
    count = round(len(people) * _ORDERS_PER_PERSON_DAY * (ending - starting) / DAY)
    launches = [starting + int(share * (ending - starting)) for share in brand.LAUNCHES]
    drafts: list[tuple[int, int | None, int]] = []
    for number in range(count):
        is_stranger = not buyers or random.random() < 0.02
        key = None if is_stranger else random.choices(buyers, eager)[0]
        at = _moment(starting if key is None else first[key], ending, launches, random)
        drafts.append((at, key, number))
    drafts.sort(key=lambda draft: (draft[0], draft[2]))
    return tuple(
        _order(place, at, None if key is None else people[key], ending, launches, random=random)
        for place, (at, key, _) in enumerate(drafts, start=1)
    )


def _first_seen(crowds: list[Crowd]) -> dict[int, int]:
    first: dict[int, int] = {}
    for crowd in crowds:
        for join in crowd.joins:
            first[join.person] = min(join.at, first.get(join.person, join.at))
    return first


def _moment(earliest: int, ending: int, launches: list[int], random: Random) -> int:
    ahead = [launch for launch in launches if launch > earliest]
    if ahead and random.random() < 0.25:
        at = random.choice(ahead) + int(random.expovariate(0.7) * DAY)
    else:
        at = earliest + int(random.random() * (ending - earliest))
    midnight = at - (at + brand.UTC_OFFSET) % DAY
    at = midnight + random.choices(range(24), _HOURS)[0] * 3600 + random.randrange(3600)
    return min(max(at, earliest), ending - 1)


def _order(place: int, at: int, person: Person | None, ending: int, launches: list[int], *, random: Random) -> Order:
    product, price, _ = random.choices(brand.PRODUCTS, [product[2] for product in brand.PRODUCTS])[0]
    quantity = random.choices((1, 2, 3, 5), (74, 18, 6, 2))[0]
    amount = price * quantity - random.choice((0, 0, 0, 500, 1000, 1500, 2000))
    status, amount, refunded = _outcome(amount, at, ending, random)
    day = datetime.fromtimestamp(at + brand.UTC_OFFSET, UTC)
    return Order(
        number=f"{day:%Y%m%d}{place:08d}",
        at=at,
        person=person.key if person else None,
        nickname=_shop_name(person, random),
        phone=person.phone if person else names.mobile_number(900_000 + place),
        wxid=person.wxid if person and random.random() < 0.6 else "",
        product=product,
        quantity=quantity,
        amount=amount,
        refunded=refunded,
        status=status,
        content=_content(place),
        play=_play(day, at, launches),
    )


def _content(place: int) -> str:
    """Return what an order is known to come from: of two in five orders nobody knows."""
    shelf = (0, 0, 0, 1, 1, 2, *[None] * 4)
    known = shelf[place * 7 % len(shelf)]
    return "" if known is None else brand.CONTENTS[known + (place % 11 == 0)]


def _play(day: datetime, at: int, launches: list[int]) -> str:
    """Return the sale that an order belongs to, if there was one."""
    if any(0 <= at - launch < 4 * DAY for launch in launches):
        return brand.LAUNCH_PLAY
    return brand.FRIDAY_PLAY if day.weekday() == _FRIDAY and day.hour >= _EVENING else ""


def _shop_name(person: Person | None, random: Random) -> str:
    if person is None:
        return names.nickname(random)
    return person.names.get("wechat") or person.real_name


def _outcome(amount: int, at: int, ending: int, random: Random) -> tuple[_Status, int, int]:
    chance = random.random()
    if chance < 0.03:
        return "已取消", 0, 0
    if chance < 0.07:
        return "已退款", amount, amount
    if chance < 0.085:
        return "部分退款", amount, amount // 200 * 100
    return ("已发货" if ending - at < 5 * DAY else "已完成"), amount, 0
