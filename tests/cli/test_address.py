from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from liuliang.cli.address import own_address

STARTED = """
import json
from liuliang.cli.address import make_known
make_known("127.0.0.1", 8931)
import os
from liuliang.kernel import environment
print(json.dumps([environment.variable("LIULIANG_URL"), os.environ.get("LIULIANG_URL", "")]))
from liuliang.project import settings
print(settings.PUBLIC_URL)
"""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://localhost:8931"),
        ("0.0.0.0", "http://localhost:8931"),  # noqa: S104
        ("10.1.2.3", "http://10.1.2.3:8931"),
        ("fe80::1", "http://[fe80::1]:8931"),
    ],
)
def test_an_address_is_one_that_a_browser_opens(host, address):
    assert own_address(host, 8931) == address


def started(tmp_path, **variables: str) -> list[str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("LIULIANG_URL")}
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        env={**known, "LIULIANG_HOME": str(tmp_path), **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    first, public = done.stdout.splitlines()
    return [*json.loads(first), public]


def test_letters_carry_the_address_it_was_started_with(tmp_path):
    assert started(tmp_path) == ["http://localhost:8931"] * 3


def test_an_address_that_was_set_stays(tmp_path):
    assert started(tmp_path, LIULIANG_URL="https://club.example.com")[2] == "https://club.example.com"
    file = tmp_path / "address"
    file.write_text("https://file.example.com\n")
    assert started(tmp_path, LIULIANG_URL_FILE=str(file))[2] == "https://file.example.com"
