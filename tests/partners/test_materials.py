"""What partners send on: words with their own code, posters that phones can read, pictures and products kept or taken off."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pylopdf_fonts_zh_cn import sans_path

from liuliang.accounts.models import AuditEntry
from liuliang.commerce.products import create_product
from liuliang.kernel.errors import Refused
from liuliang.partners.links import checked_link
from liuliang.partners.materials import NewMaterial, filled, library, save_material
from liuliang.partners.models import Material
from liuliang.partners.posters import WIDTH, Poster, _lines, draw_poster
from liuliang.people.pictures import made_anew

POSTER = Poster("秋天的第一杯", "报 XIAOLI8 就是我的老朋友", "李店长", "XIAOLI8", "下单报专属码")


def opened(poster: Poster) -> Image.Image:
    return Image.open(io.BytesIO(draw_poster(poster)))


def test_each_partner_has_their_own_name_and_code_in_the_words(ledger, make_partner):
    first, second = make_partner(code="XIAOLI8"), make_partner(code="XIAOWU6")
    assert filled("我是{name}，报 {code} 有礼，{code} 记好", first) == "我是导购0，报 XIAOLI8 有礼，XIAOLI8 记好"
    assert filled("{code}{other}", second) == "XIAOWU6{other}"


@pytest.mark.django_db
def test_a_picture_stays_until_it_is_replaced_or_taken_off_and_the_log_says_what_changed(at, make_picture):
    picture = made_anew(make_picture()).data
    product = create_product("挂耳咖啡", at=at)
    made = save_material(NewMaterial("上新", "报 {code}", picture, product), at=at)
    save_material(NewMaterial("上新了", "报 {code}", None, product), at=at, material=made)
    assert bytes(Material.objects.get().picture) == picture
    save_material(NewMaterial("上新了", "来报 {code}", b"", None, is_active=False), at=at, material=made)
    kept = library().get()
    assert (kept.has_picture, kept.product, kept.is_active) == (False, None, False)
    last, second, first = AuditEntry.objects.filter(action="partner.material_saved").order_by("-pk")
    assert first.changes["product"] == [None, "挂耳咖啡"]
    assert second.changes == {"title": ["上新", "上新了"]}
    assert last.changes == {
        "text": None, "product": ["挂耳咖啡", ""], "picture": [True, False], "is_active": [True, False]
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("told", [NewMaterial(" ", "报 {code}"), NewMaterial("上新", " \n ")])
def test_a_material_without_a_title_or_words_is_refused(at, told):
    with pytest.raises(Refused, match=r"partner\.material"):
        save_material(told, at=at)
    assert not Material.objects.exists()


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "weixin://dl", "小店", "https://", "https://a.cn/" + "长" * 500]
)
def test_a_link_that_a_phone_would_not_open_is_refused(text):
    with pytest.raises(Refused, match=r"partner\.link"):
        checked_link(text)


def test_a_link_is_kept_as_it_is_and_none_is_none():
    assert checked_link(" https://shop.example.cn/p?id=8 ") == "https://shop.example.cn/p?id=8"
    assert checked_link("  ") == ""


def test_a_poster_grows_with_its_words_up_to_a_bound(make_picture):
    short, long = opened(POSTER), opened(Poster("题", "好喝" * 1_000, "李", "XIAOLI8", "报码"))
    longest = opened(Poster("题", "好喝\n" * 2_000, "李", "XIAOLI8", "报码"))
    assert short.format == "PNG"
    assert short.width == long.width == WIDTH
    assert short.height < long.height == longest.height
    wide, tall = made_anew(make_picture(1_600, 800)).data, made_anew(make_picture(100, 1_600)).data
    with_picture = Poster("题", "好", "李", "XIAOLI8", "报码", picture=wide)
    assert opened(with_picture).getpixel((WIDTH // 2, 100))[0] > 200, "the picture stands at the top"
    assert opened(Poster("题", "好", "李", "XIAOLI8", "报码", picture=tall)).height < 2 * WIDTH


@pytest.mark.parametrize(
    "text", ["", "🎉", "A" * 3_000, "https://" + "x" * 400, "第一行\r\n\r\n第二行", "👨‍👩‍👧 全家 ☕️", "\u200b", "a\tb"]
)
def test_any_words_can_be_drawn(text):
    drawn = opened(Poster(text, text, text[:80], "A" * 20, "报码", product=text[:120], price="¥1,234,567.00 起"))
    assert drawn.width == WIDTH


def test_the_code_on_a_poster_leads_where_the_partner_says():
    link = "https://shop.example.cn/p?from=XIAOLI8&n=" + "8" * 120
    poster = opened(Poster("题", "好", "李", "XIAOLI8", "报码", link=link, hint="扫码查看")).convert("L")
    plain = opened(Poster("题", "好", "李", "XIAOLI8", "报码")).convert("L")
    assert poster.size == plain.size
    place = (WIDTH - 72 - 264, poster.height - 420 + 40 + 24, WIDTH - 72, poster.height - 420 + 40 + 24 + 264)
    assert read_back(poster.crop(place), link) == [[bool(one) for one in row] for row in made(link)]
    assert plain.crop(place).getextrema() == (255, 255), "without a link there is nothing to scan"


@given(text=st.text("好喝，。！“”（）《》ab 1", max_size=120))
def test_no_line_begins_with_a_mark_that_ends_one_and_nothing_is_lost(text):
    # A mark after a space belongs to no character.
    text = re.sub(r"\s+(?=[，。！”）》])", "", text)
    lines = _lines(text, sans_path(), 38, most=100)
    kept = "".join(text.split())
    assert "".join("".join(lines).split()) == kept
    for before, line in pairwise(lines):
        assert not (line[0] in "，。！”）》" and before[-1] in "好喝"), (
            "no mark is parted from the character it belongs to"
        )


def made(link: str) -> list[bytearray]:
    return list(segno.make(link, error="m", micro=False).matrix)


def read_back(code: Image.Image, link: str) -> list[list[bool]]:
    """Look at the middle of every module in the picture, beyond the quiet zone of four: whether it is dark."""
    size = len(made(link))
    step = code.width // (size + 8)
    start = (code.width - step * (size + 8)) // 2 + 4 * step + step // 2
    middles = range(start, start + size * step, step)
    return [[code.getpixel((x, y)) < 128 for x in middles] for y in middles]
