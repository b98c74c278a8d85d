"""The survey of the invented brand: the same for the same seed, and with something to be found in it."""

from __future__ import annotations

from datetime import timedelta

from liuliang.simulator import surveys
from liuliang.simulator.world import World


def test_the_same_world_gives_the_same_answers_in_the_order_of_time(small_world: World) -> None:
    said = surveys.answers(small_world)
    assert said == surveys.answers(small_world)
    assert list(said) == sorted(said, key=lambda answer: (answer.at, answer.person))
    assert all(0 <= answer.score <= 10 and answer.at < small_world.exported_at for answer in said)


def test_only_those_who_have_registered_are_asked_and_some_answer_again(small_world: World) -> None:
    said = surveys.answers(small_world)
    registered = {registration.person: registration.at for registration in small_world.registrations}
    assert all(registered[answer.person] < answer.at for answer in said)
    assert len({answer.person for answer in said}) < len(said)


def test_those_who_speak_would_rather_recommend_the_brand(demo_world: World) -> None:
    last = demo_world.starting + timedelta(days=demo_world.days)
    groups = surveys.groups(demo_world, demo_world.starting, last)
    speakers = {message.person for message in demo_world.messages}
    promoters, detractors = ({person in speakers for person in groups[name]} for name in ("promoter", "detractor"))
    assert promoters == detractors == {True, False}

    def balance(people: set[int]) -> float:
        said = sum(len(group & people) for group in groups.values())
        return (len(groups["promoter"] & people) - len(groups["detractor"] & people)) / said

    everybody = set().union(*groups.values())
    assert balance(everybody & speakers) > 0.3 > balance(everybody - speakers)
