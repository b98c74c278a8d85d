"""Parts of pages that somebody opens by themselves."""

from __future__ import annotations

from django.urls import reverse


def test_a_dialog_opened_in_the_address_bar_is_a_whole_page_with_a_way_on(world):
    alone = world.sign_in(world.owner).get(reverse("console:new-goal")).content.decode()
    assert alone.lstrip().startswith("<!doctype html>")
    assert alone.count("<h1") == 1
    assert 'id="sidebar"' in alone
    assert 'name="target"' in alone


def test_a_dialog_that_a_page_asks_for_is_the_dialog_alone(world):
    part = world.sign_in(world.owner).get(reverse("console:new-goal"), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<form")
    assert "<html" not in part


def test_whole_pages_and_strangers_get_nothing_around_them(world, client):
    page = world.sign_in(world.owner).get(reverse("console:goals")).content.decode()
    assert page.count("<html") == 1
    assert client.get(reverse("console:sign-in")).content.count(b"<html") == 1
