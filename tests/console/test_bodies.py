from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db
MEGABYTE = 1024 * 1024


def post(client: Client, path: str, length: int):
    """Announce a body of ``length`` bytes; a refusal must come before any of it is sent."""
    return client.post(path, data=b"", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(length))


def test_a_stranger_cannot_send_more_than_a_form():
    assert post(Client(), reverse("console:import-upload"), 100 * MEGABYTE).status_code == 413


def test_a_file_of_staff_is_taken_where_files_are_taken(world):
    client = world.sign_in(world.owner)
    assert post(client, reverse("console:import-upload"), 100 * MEGABYTE).status_code != 413
    assert post(client, reverse("console:sign-out"), 100 * MEGABYTE).status_code == 413


def test_a_file_beyond_the_limit_is_refused_before_it_is_sent(world, settings):
    client = world.sign_in(world.owner)
    assert post(client, reverse("console:import-upload"), settings.UPLOAD_LIMIT + 2 * MEGABYTE).status_code == 413
