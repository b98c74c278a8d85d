from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024


def post(client: Client, path: str, length: int | str, **headers: str):
    """Announce a body of ``length`` bytes; a refusal must come before any of it is sent."""
    headers = headers or {"x-csrftoken": "token"}
    told = {"content_type": "multipart/form-data; boundary=x", "CONTENT_LENGTH": str(length)}
    return client.post(path, data=b"", headers=headers, **told)


def test_a_stranger_cannot_send_more_than_a_form():
    assert post(Client(), reverse("console:import-upload"), 100 * MEGABYTE).status_code == 413


def test_a_file_of_staff_is_taken_where_files_are_taken(world):
    client = world.sign_in(world.owner)
    assert post(client, reverse("console:import-upload"), 100 * MEGABYTE).status_code != 413
    assert post(client, reverse("console:sign-out"), 100 * MEGABYTE).status_code == 413


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(world, settings):
    client = world.sign_in(world.owner)
    assert post(client, reverse("console:import-upload"), settings.UPLOAD_LIMIT + 2 * MEGABYTE).status_code == 413


@pytest.mark.parametrize("who", ["no role at all", "helper of 甲", "service of 甲"])
def test_who_may_not_import_cannot_send_a_large_file(world, who):
    client = world.sign_in(world.staff[who])
    assert post(client, reverse("console:import-upload"), 100 * MEGABYTE).status_code == 413


def test_who_may_import_somewhere_sends_large_files(world):
    client = world.sign_in(world.staff["analyst of 甲"])
    assert post(client, reverse("console:import-upload"), 100 * MEGABYTE).status_code != 413


def test_a_large_file_needs_the_header_that_another_site_cannot_set(world):
    client = world.sign_in(world.owner)
    path = reverse("console:import-upload")
    assert post(client, path, 100 * MEGABYTE, accept="text/html").status_code == 413
    assert post(client, path, MEGABYTE, accept="text/html").status_code != 413


@pytest.mark.parametrize("length", ["many", "-1", "1e9", "１２", "9" * 5000])
def test_a_length_that_is_none_is_refused(length):
    assert post(Client(), reverse("console:sign-in"), length).status_code == 400
