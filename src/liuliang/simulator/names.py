"""Nicknames as people in Chinese groups choose them, and the telephone numbers and account ids behind them."""

from __future__ import annotations

from random import Random

_QUALITIES = (
    "失眠的", "爱喝拿铁的", "不加糖的", "慢半拍的", "晒太阳的", "熬夜的", "赶地铁的", "会发光的", "迷路的", "躺平的",
    "早起的", "南方的", "骑车的", "爱笑的", "半糖", "微醺", "低调的", "路过的", "认真的", "软软的", "孤独的", "快乐的",
    "加班的", "隔壁",
)  # fmt: skip
_THINGS = (
    "橘猫", "鹿", "云朵", "柚子", "小熊", "土豆", "月亮", "鲸鱼", "阿柴", "番茄", "海盐", "松鼠", "布丁", "企鹅", "石榴",
    "风筝", "麻薯", "山雀", "拿铁", "可颂", "蘑菇", "小满", "星星", "桂花", "豆包", "汤圆", "水獭", "薄荷", "木鱼", "萝卜",
    "刺猬", "芒果",
)  # fmt: skip
_SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
    "汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
)
_GIVEN = (
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀兰", "霞",
    "平", "刚", "桂英", "子涵", "雨桐", "浩然", "梓萱", "思远", "一诺", "晓彤", "嘉怡", "俊熙", "宇航", "欣妍", "若曦",
    "泽宇", "佳琪", "文博", "诗雅", "志远", "慧敏",
)  # fmt: skip
_ENGLISH = (
    "Kevin", "Mia", "Coco", "Lynn", "Jason", "Amy", "Leo", "Vivi", "Tony", "Echo", "Sunny", "Ryan", "Yoyo", "Ivy", "Max",
    "Luna", "Frank", "Zoe", "Oscar", "Nana", "Eric", "Doris", "Hugo", "Cici", "Ken", "Momo", "Bella", "Aaron", "Tina",
    "Jojo",
)  # fmt: skip
_EMOJI = (
    "🍊", "🌙", "🐳", "☕", "🌿", "🍀", "✨", "🦌", "🐱", "🌻", "🍑", "🐻", "🌊", "⛰️", "🎧", "📷", "🍃", "❄️", "🔥",
    "🐼", "🇨🇳", "👩‍🍳",
)  # fmt: skip
_CHILDREN = (
    "果果", "小满", "豆豆", "糖糖", "一一", "乐乐", "安安", "米粒", "可可", "小宇", "朵朵", "石头", "跳跳", "团子",
)  # fmt: skip
_POEMS = (
    "且听风吟", "山有木兮", "半夏微凉", "人间烟火", "见字如面", "一蓑烟雨", "云深不知处", "有风自南", "浅草", "旧时光",
    "长安故人", "星辰大海", "岁月静好", "知足常乐",
)  # fmt: skip
_CITIES = (
    "上海", "成都", "杭州", "广州", "北京", "昆明", "厦门", "西安", "武汉", "长沙", "青岛", "南京", "苏州", "重庆",
)  # fmt: skip
_SHAPES = ("꧁{}꧂", "｡{}｡", "✿{}✿", "『{}』", "{}ღ", "ζ{}", "*{}*", "{}°", "_{}_", "«{}»", "={}=")


def nickname(random: Random) -> str:
    """Return one nickname; it may have been returned before."""
    return random.choice(_KINDS)(random)


def _creature(random: Random) -> str:
    return random.choice(_QUALITIES) + random.choice(_THINGS)


def _real(random: Random) -> str:
    return random.choice(_SURNAMES) + random.choice(_GIVEN)


def _english(random: Random) -> str:
    return random.choice(_ENGLISH) + random.choice(("", ".", "-", "_", " ")) + random.choice(_SURNAMES)


def _english_emoji(random: Random) -> str:
    return random.choice(_ENGLISH) + random.choice(_EMOJI) + random.choice(("", random.choice(_EMOJI)))


def _parent(random: Random) -> str:
    return random.choice(_CHILDREN) + random.choice(("妈妈", "爸爸", "麻麻", "他爹", "妈", "姥姥"))


def _from_city(random: Random) -> str:
    between = random.choice(("-", "｜", "·", " "))
    return random.choice(_CITIES) + between + random.choice(("阿", "小", "老")) + random.choice(_SURNAMES)


def _thing_emoji(random: Random) -> str:
    return random.choice(_EMOJI) + random.choice(_THINGS) + random.choice(("", random.choice(_EMOJI)))


def _poem(random: Random) -> str:
    return random.choice(_POEMS) + random.choice(("", "", random.choice(_EMOJI), str(random.randrange(100))))


def _fancy(random: Random) -> str:
    return random.choice(_SHAPES).format(random.choice(_THINGS) + random.choice(("", "儿", "酱")))


def _trade(random: Random) -> str:
    trade = random.choice(("咖啡批发", "烘焙材料", "房产", "保险", "美甲", "摄影"))
    title = random.choice(("姐", "哥", "总", "老师"))
    return random.choice(("A", "AA", "")) + trade + random.choice(_SURNAMES) + title


def _aside(random: Random) -> str:
    aside = random.choice(("(不加糖)", "（勿扰）", "(代购版)", "(换号了)", "（上海）", "(备考中)"))
    return random.choice(_THINGS) + aside


def _digits(random: Random) -> str:
    return random.choice(("用户", "momo", "wx_", "Q友", "微友")) + str(random.randrange(1000, 10_000_000))


def _letter(random: Random) -> str:
    letter = random.choice("ABCDEFGHJKLMNQRSTVWXYZ")
    return letter + random.choice((".", "", "。", "~", "'")) + random.choice(_SURNAMES + _THINGS)


_KINDS = (
    _creature, _creature, _creature, _real, _real, _english, _english_emoji, _parent, _from_city, _thing_emoji, _poem,
    _fancy, _trade, _aside, _digits, _letter,
)  # fmt: skip


class Namer:
    """Hands out nicknames of which no two are alike."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._given: set[str] = set()

    def take(self) -> str:
        """Return a nickname nobody has yet."""
        while True:
            name = nickname(self._random)
            for _ in range(3):
                if name not in self._given:
                    self._given.add(name)
                    return name
                name += self._random.choice((*_EMOJI, *"123456789"))

    def reserve(self, name: str) -> str:
        """Return ``name``, and hand it out to nobody else."""
        self._given.add(name)
        return name


def real_name(random: Random) -> str:
    """Return a family and a given name."""
    return _real(random)


def city(random: Random) -> str:
    """Return a city somebody may live in."""
    return random.choice(_CITIES)


def mobile_number(number: int) -> str:
    """Return a Chinese mobile number (E.164) that is different for each ``number`` below a million."""
    return f"+86{(166, 191, 195, 198, 199)[number % 5]}00{number:06d}"


def number_abroad(number: int) -> str:
    """Return a number from a range set apart for films and examples (E.164), different for each ``number`` below 400."""
    place, rest = number % 4, number // 4
    return (f"+1202555{100 + rest:04d}", f"+447700900{rest:03d}", f"+61491570{rest:03d}", f"+35320910{rest:04d}")[place]


def qq_number(random: Random) -> str:
    """Return a QQ number of nine or ten digits."""
    return str(random.randrange(100_000_000, 3_900_000_000))


def wxid(random: Random) -> str:
    """Return an id in the two shapes WeChat has: given by the system, or chosen by the person."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    if random.random() < 0.85:
        return "wxid_" + "".join(random.choices(letters, k=12)) + "2" + random.choice("12")
    return random.choice("abcdefghijklm") + "".join(random.choices(letters, k=random.randrange(6, 12)))
