"""The invented brand: 雾汀咖啡, what it sells, who works there, and the communities it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

NAME = "雾汀咖啡"
TIMEZONE = "Asia/Shanghai"
UTC_OFFSET = 8 * 3600

PRODUCTS: tuple[tuple[str, int, float], ...] = (
    ("晨雾挂耳 10包装", 5900, 20),
    ("随身冻干 24颗", 8900, 16),
    ("夜航拼配 500g", 7900, 14),
    ("山岚冷萃液 12条", 6900, 10),
    ("保山日晒豆 200g", 6600, 10),
    ("奶咖浓缩液 15条", 5600, 9),
    ("月度豆盒", 12900, 7),
    ("周末大包装 1kg", 14900, 5),
    ("桂花拿铁粉 8条", 3900, 5),
    ("手冲入门套装", 26900, 3),
    ("雾汀随行杯", 9900, 3),
    ("瑰夏尝鲜装 60g", 15800, 2),
)
"""Name, price in fen, how often it is bought against the others."""

STAFF: tuple[str, ...] = (
    "小雾（雾汀主理人）", "雾汀福利官-阿桃", "客服小汀", "客服小岚", "郭老师｜手冲", "雾汀内容官Nico", "雾汀-售后阿正",
    "海外部Vera",
)  # fmt: skip
"""Names of the people who work for the brand; the first owns it."""


@dataclass(frozen=True)
class Plan:
    """What one community is like.

    ``joins`` and ``messages`` are shares of the people and of all messages. ``opens`` is when it is created and
    ``closes`` when it falls silent, both as shares of the whole time; ``trend`` is how many times as busy it is at its
    end as at its beginning, ``launch`` on the day something new comes out. ``episodes`` are kinds of talk by weight;
    ``hours`` are weights for the 24 hours of a day, ``week`` for Monday to Sunday. ``referral`` says that members bring
    the next ones, faster and faster; ``leaves`` is the share of those who came that went, where a file can tell;
    ``quotes`` says that its files can show which message another one answers. ``circles`` are the sizes of those who keep to
    themselves, which they do in episodes of ``company``.
    """

    slug: str
    title: str
    old_title: str
    type: str
    platform: str
    source: str
    owner: int
    staff: tuple[int, ...]
    joins: float
    messages: float
    hours: tuple[int, ...]
    week: tuple[float, ...]
    episodes: dict[str, float]
    opens: float = 0.0
    closes: float = 1.0
    trend: float = 1.0
    launch: float = 1.0
    referral: bool = False
    has_pillar: bool = False
    leaves: float = 0.0
    quotes: bool = True
    circles: tuple[int, ...] = ()
    layers: dict[str, float] = field(default_factory=dict)


_EVERY_LAYER: dict[str, float] = {"core": 4, "active": 16, "occasional": 28, "silent": 14, "lost": 10, "lurker": 28}

_ALL_DAY = (2, 1, 0, 0, 0, 1, 6, 22, 34, 30, 28, 26, 34, 26, 20, 20, 22, 26, 30, 34, 44, 46, 30, 10)
_EVENING = (2, 0, 0, 0, 0, 1, 8, 20, 18, 12, 12, 12, 20, 14, 10, 10, 12, 16, 24, 44, 70, 62, 30, 8)
_OFFICE = (1, 0, 0, 0, 0, 0, 2, 8, 26, 50, 54, 44, 30, 34, 46, 48, 44, 36, 24, 26, 28, 22, 10, 3)
_DEALS = (4, 1, 0, 0, 0, 0, 3, 14, 24, 36, 64, 40, 48, 24, 18, 26, 20, 26, 30, 44, 78, 60, 34, 12)
_NIGHT = (14, 5, 2, 1, 0, 0, 1, 6, 14, 16, 16, 14, 18, 14, 14, 14, 14, 16, 20, 28, 40, 50, 52, 36)

_EVEN_WEEK = (1.0, 1.0, 1.05, 1.0, 1.05, 0.95, 0.9)
_WEEKEND = (0.85, 0.8, 0.85, 0.85, 1.0, 1.4, 1.35)
_WORKDAYS = (1.25, 1.15, 1.1, 1.1, 1.1, 0.6, 0.55)
_FRIDAY = (0.9, 0.85, 1.0, 0.95, 1.7, 1.0, 0.8)

PLANS: tuple[Plan, ...] = (
    Plan(
        slug="fans", title="雾汀老友会", old_title="雾汀咖啡交流群", type="brand", platform="wechat",
        source="weflow_json", owner=0, staff=(1, 5), joins=0.16, messages=0.21, hours=_ALL_DAY, week=_EVEN_WEEK,
        launch=2.4, trend=1.3,
        episodes={"talk": 42, "brewing": 26, "question": 10, "morning": 7, "articles": 5, "showing": 6,
                  "red_packet": 2, "complaint": 1, "notice": 1},
    ),
    Plan(
        slug="learning", title="手冲训练营第7期", old_title="", type="learning", platform="wechat", quotes=False,
        source="wechat_csv", owner=4, staff=(5,), joins=0.12, messages=0.13, hours=_EVENING, week=_EVEN_WEEK, opens=0.05,
        episodes={"lesson": 14, "brewing": 30, "check_in": 26, "question": 14, "morning": 5, "talk": 10, "articles": 3},
    ),
    Plan(
        slug="deals", title="雾汀福利社", old_title="", type="deals", platform="qq", source="qq_txt", quotes=False,
        owner=1, staff=(2, 3), joins=0.5, messages=0.33, hours=_DEALS, week=_FRIDAY, trend=6.0, launch=3.2,
        referral=True, leaves=0.22, opens=0.02,
        episodes={"offer": 46, "talk": 16, "question": 12, "showing": 9, "red_packet": 5, "morning": 6, "complaint": 3,
                  "notice": 1},
    ),
    Plan(
        slug="gear", title="咖啡器材党", old_title="", type="interest", platform="telegram", source="telegram_json",
        owner=5, staff=(4,), joins=0.11, messages=0.09, hours=_NIGHT, week=_WEEKEND, has_pillar=True, leaves=0.16,
        opens=0.01,
        episodes={"gear": 50, "brewing": 20, "talk": 14, "question": 8, "articles": 8},
    ),
    Plan(
        slug="paid", title="雾汀品鉴私塾", old_title="", type="paid", platform="qq", source="qq_exporter_json",
        owner=4, staff=(0,), joins=0.07, messages=0.05, hours=_EVENING, week=_WEEKEND, opens=0.1, leaves=0.05, circles=(7, 5),
        layers={"core": 10, "active": 28, "occasional": 34, "silent": 10, "lost": 4, "lurker": 14},
        episodes={"lesson": 26, "brewing": 28, "question": 16, "check_in": 8, "talk": 8, "company": 14},
    ),
    Plan(
        slug="service", title="雾汀售后服务群", old_title="", type="service", platform="wechat", source="weflow_json",
        owner=6, staff=(2, 3), joins=0.16, messages=0.11, hours=_OFFICE, week=_WORKDAYS, launch=1.8, opens=0.03,
        layers={"core": 1, "active": 10, "occasional": 45, "silent": 14, "lost": 4, "lurker": 26},
        episodes={"question": 62, "complaint": 18, "talk": 12, "notice": 3, "morning": 5},
    ),
    Plan(
        slug="partners", title="雾汀海外合伙人", old_title="", type="partner", platform="whatsapp", source="whatsapp_txt",
        quotes=False, owner=7, staff=(0,), joins=0.045, messages=0.04, hours=_OFFICE, week=_WORKDAYS, trend=0.04,
        leaves=0.3,
        layers={"core": 10, "active": 22, "occasional": 24, "silent": 18, "lost": 14, "lurker": 12},
        episodes={"partnering": 66, "question": 14, "talk": 14, "articles": 6},
    ),
    Plan(
        slug="flash", title="瑰夏新豆闪购48h", old_title="", type="flash", platform="wechat", source="wechat_csv",
        quotes=False, owner=1, staff=(2,), joins=0.1, messages=0.04, hours=_DEALS, week=_EVEN_WEEK, opens=0.66,
        closes=0.76, trend=0.08,
        layers={"core": 3, "active": 22, "occasional": 30, "silent": 10, "lost": 5, "lurker": 30},
        episodes={"offer": 62, "question": 20, "talk": 12, "red_packet": 6},
    ),
)  # fmt: skip

LAUNCHES: tuple[float, ...] = (0.23, 0.52, 0.84)
"""When new products come out, as shares of the whole time; each is a burst of four days."""


LAUNCH_PLAY = "新豆首发"
FRIDAY_PLAY = "周五秒杀"
"""What the brand calls its sales: a launch's four days, and every Friday evening."""

CONTENTS: tuple[str, ...] = ("新豆试饮笔记", "直播：磨豆机怎么挑", "手冲三步入门", "老客晒单合集")
"""What the brand publishes that people buy after, what sells most first."""


def layers_of(plan: Plan) -> dict[str, float]:
    """Return how its people are shared out over the layers, by weight."""
    return plan.layers or _EVERY_LAYER
