"""The benchmark's questions asked of pandas, all events in memory, sorted by time once."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from liuliang.bench.analytics_data import ZONE, Log
from liuliang.bench.analytics_peers import FUNNELS, KIND, Answer, Ask
from liuliang.lake import engine
from liuliang.lake.catalogue import read_files, take_snapshot
from liuliang.lake.tables import EVENT


def pandas_frames(log: Log) -> dict[str, Ask]:
    """Return how to ask pandas."""
    pandas = importlib.import_module("pandas")
    stored = read_files(EVENT, take_snapshot().files[EVENT.name])
    table = engine.client().query_arrow(
        "SELECT toString(kind) AS kind, member, community, toUnixTimestamp64Milli(occurred_at) AS ms,"
        f" toInt32(toDate(occurred_at, '{ZONE}')) AS day, value, other FROM {stored} ORDER BY ms"
    )
    frame = table.to_pandas()
    frame["kind"] = frame["kind"].astype("category")
    of = {name: frame[frame["kind"] == kind].drop(columns="kind").reset_index(drop=True) for name, kind in KIND.items()}
    last = (log.end + timedelta(hours=8) - timedelta(days=1)).date().toordinal() - 719163
    acts = frame["kind"].isin(["message.sent", "order.paid"])
    asks: dict[str, Callable[[], Any]] = {
        "DAU, 90 days": lambda: _dau(frame[acts]),
        "retention matrix": lambda: _matrix(pandas, of["joined"], frame[acts]),
        "RFM": lambda: _rfm(pandas, of["bought"], last),
        "segment": lambda: _segment(of["checked"], of["bought"], last),
        "top inviters": lambda: _inviters(of["joined"], of["bought"]),
        "health of 1,000 groups": lambda: _health(pandas, frame, last),
    }
    for name, (steps, window) in FUNNELS.items():
        frames = [of[step][["member", "ms"]] for step in steps]
        asks[name] = _funnel(pandas, frames, int(window.total_seconds() * 1000))
    return {name: lambda ask=ask: [tuple(int(each) for each in row) for row in ask()] for name, ask in asks.items()}  # type: ignore[misc]


def _dau(acts: Any) -> Any:
    counts = acts[["day", "member"]].drop_duplicates().groupby("day").size()
    return list(counts.items())


def _matrix(pandas: Any, joined: Any, acts: Any) -> Any:
    came = joined.groupby("member")["day"].min()
    weeks = pandas.DataFrame({"member": acts["member"], "week": _week(acts["day"])}).drop_duplicates()
    weeks["came"] = _week(weeks["member"].map(came))
    return [(*key, count) for key, count in weeks.groupby(["came", "week"]).size().items()]


def _week(day: Any) -> Any:
    # Day 0 of 1970 was a Thursday.
    return day - (day + 3) % 7


def _rfm(pandas: Any, bought: Any, last: int) -> Any:
    by = bought.groupby("member").agg(day=("day", "max"), times=("ms", "size"), paid=("value", "sum"))
    age = last - by["day"]
    scored = pandas.DataFrame(
        {
            "r": 5 - (age > 7).astype(int) - (age > 14) - (age > 30) - (age > 60),
            "f": by["times"].clip(upper=5),
            "m": 1
            + (by["paid"] >= 5000).astype(int)
            + (by["paid"] >= 10000)
            + (by["paid"] >= 20000)
            + (by["paid"] >= 40000),
        }
    )
    return [(*key, count) for key, count in scored.groupby(["r", "f", "m"]).size().items()]


def _segment(checked: Any, bought: Any, last: int) -> Any:
    times = checked[checked["day"] > last - 14].groupby("member").size()
    chosen = set(times[times >= 5].index) - set(bought.loc[bought["day"] > last - 30, "member"])
    return [(len(chosen), sum(int(each) for each in chosen))]


def _inviters(joined: Any, bought: Any) -> Any:
    invited = joined[joined["other"] != 0]
    pairs = invited.merge(bought[["member", "ms"]], on="member", suffixes=("", "_bought"))
    soon = pairs[(pairs["ms_bought"] >= pairs["ms"]) & (pairs["ms_bought"] < pairs["ms"] + 2_592_000_000)]
    converted = set(soon["member"])
    by = invited.assign(bought=invited["member"].isin(converted)).groupby("other")["bought"].agg(["size", "sum"])
    top = by.reset_index().sort_values(["size", "other"], ascending=[False, True]).head(20)
    return top.itertuples(index=False)


def _health(pandas: Any, frame: Any, last: int) -> Any:
    recent = frame[(frame["day"] > last - 56) & (frame["day"] <= last)]
    recent = recent.assign(age=last - recent["day"])
    of = {name: recent[recent["kind"] == kind] for name, kind in KIND.items()}

    def people(events: Any) -> Any:
        return events[["community", "member"]].drop_duplicates()

    def counted(pairs: Any) -> Any:
        return pairs.groupby("community").size()

    said, paid = of["said"], of["bought"]
    now, before = said[said["age"] < 28], said[said["age"] >= 28]
    spoke, spoke_before = people(now), people(before)
    weeks = now.assign(week=now["age"] // 7)[["community", "member", "week"]].drop_duplicates()
    weeks = weeks.groupby(["community", "member"]).size()
    heads = now[["community", "age", "member"]].drop_duplicates().groupby(["community", "age"]).size()
    buyers, buyers_before = people(paid[paid["age"] < 28]), people(paid[paid["age"] >= 28])
    joined = of["joined"]
    replies = now[(now["other"] != 0) & (now["other"] != now["member"])]
    ways = (
        replies.assign(one=replies[["member", "other"]].min(axis=1), two=replies[["member", "other"]].max(axis=1))
        .groupby(["community", "one", "two"])["member"]
        .nunique()
    )
    columns = [
        now.groupby("community").size(), before.groupby("community").size(), counted(spoke), counted(spoke_before),
        counted(spoke.merge(spoke_before)), weeks[weeks > 1].groupby("community").size(), heads.groupby("community").size(),
        heads[heads > 1].groupby("community").size(), counted(people(joined[joined["age"] < 28])),
        counted(pandas.concat([spoke, buyers]).drop_duplicates()), counted(buyers), counted(buyers.merge(buyers_before)),
        ways.groupby("community").size(), ways[ways > 1].groupby("community").size(),
    ]  # fmt: skip
    return pandas.DataFrame(dict(enumerate(columns))).fillna(0).sort_index().itertuples()


def _funnel(pandas: Any, frames: list[Any], window: int) -> Callable[[], Answer]:
    def answer() -> Answer:
        chain = frames[0].assign(began=frames[0]["ms"])
        reached = [chain["member"].nunique()]
        for events in frames[1:]:
            met = pandas.merge_asof(events, chain, on="ms", by="member")
            chain = met[met["ms"] - met["began"] <= window]
            reached.append(chain["member"].nunique())
        after = [*reached[1:], 0]
        return [
            (step, here - then) for step, (here, then) in enumerate(zip(reached, after, strict=True), 1) if here > then
        ]

    return answer
