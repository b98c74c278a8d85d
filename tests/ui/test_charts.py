from __future__ import annotations

import json

import pytest
from django.template import Context, Template

from liuliang.ui.charts import ACCENT, COLOURS, MUTED, Chart, Series, colours_for


def test_the_same_thing_has_the_same_colour_in_every_chart():
    assert colours_for(["left", "joined"])["left"] == colours_for(["messages", "left"])["left"]


def test_no_two_series_of_a_chart_share_a_colour_while_there_are_colours():
    keys = ["members", *(f"thing{n}" for n in range(len(MUTED)))]
    assert len(set(colours_for(keys).values())) == len(keys)


def test_a_single_unknown_series_takes_the_accent():
    assert colours_for(["anything"]) == {"anything": ACCENT}


def _contrast_with_white(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("colour", sorted({ACCENT, *MUTED, *COLOURS.values()}))
def test_every_colour_can_be_seen_on_white(colour):
    assert _contrast_with_white(colour) > 1.7


def test_a_series_must_have_a_value_for_each_label():
    with pytest.raises(ValueError, match="2 values for 3 labels"):
        Chart("c", "?", "line", ["a", "b", "c"], [Series("value", "数", [1, 2])])


def test_a_chart_comes_with_its_definition_its_table_and_json_that_cannot_end_its_script():
    series = [Series("gmv", "成交额", [123_450], "money")]
    chart = Chart("c", "谁？", "bar", ["</script><b>"], series, definition="按付款日")
    html = Template("{% load ui %}{% chart chart %}").render(Context({"chart": chart}))
    assert "按付款日" in html
    assert "¥1,234.50" in html
    assert "</script><b>" not in html
    data = json.loads(html.split('type="application/json">')[1].split("</script>")[0])
    assert data["labels"] == ["</script><b>"]
    assert data["currency"] == "¥"


def test_an_empty_chart_says_so_and_draws_nothing():
    html = Template("{% load ui %}{% chart chart %}").render(Context({"chart": Chart("c", "?", "line", [], [])}))
    assert "还没有数据" in html
    assert "chart-canvas" not in html
