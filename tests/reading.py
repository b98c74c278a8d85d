"""Reading pages as a person does: their text, and how many people a list counts.

For the tests of pages: put this folder on the path and import from here.
"""

from __future__ import annotations

import re


def text_of(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def people_in(client, url: str) -> int:
    found = re.search(r'listing-count"[^>]*>([\d,]+)\+?<', text_of(client.get(url)))
    assert found
    return int(found[1].replace(",", ""))
