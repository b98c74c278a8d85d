"""How pages and built files go out: packed, and files for good."""

from __future__ import annotations

import gzip
import re

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from liuliang.ui import assets
from liuliang.ui.compression import CompressionMiddleware

PAGE = "<p>留量</p>" * 100


def address(name: str = "console.css") -> str:
    return assets.asset_url(name)


def stored(url: str) -> bytes:
    return (assets.FOLDER / url.rpartition("/")[2]).read_bytes()


@pytest.mark.parametrize("name", ["console.css", "console.js", "icons.svg"])
def test_a_built_file_goes_out_packed_and_is_kept_for_good(name):
    url = address(name)
    response = Client().get(url, headers={"Accept-Encoding": "gzip, deflate"})
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.content) == stored(url)
    assert len(response.content) < len(stored(url)) / 2
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Accept-Encoding" in response["Vary"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.0, gzip;q=0", ""),
        ("GZIP", "gzip"),
        ("", ""),
        ("identity", ""),
        ("*", ""),
        (";;,=q,", ""),
    ],
)
def test_a_built_file_is_packed_only_as_the_browser_takes_it(accepted, coding):
    response = Client().get(address(), headers={"Accept-Encoding": accepted})
    assert response.get("Content-Encoding", "") == coding
    assert int(response["Content-Length"]) == len(response.content)
    if not coding:
        assert response.content == stored(address())


@pytest.mark.parametrize(
    "name", ["manifest.json", "sources.sha256", "console.css", "console-AAAAAAAA.css", "..%2Fassets.py", "%2e%2e"]
)
def test_nothing_but_what_was_built_under_a_hashed_name_is_given_out(name):
    assert Client().get(f"/static/liuliang/{name}").status_code == 404


def test_every_icon_on_a_page_can_be_asked_for(db):
    page = Client().get("/sign-in/").content.decode()
    for url in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page)):
        assert Client().get(url).status_code == 200, url


def answered(response: HttpResponse | StreamingHttpResponse, accepted: str = "gzip") -> HttpResponse:
    request = RequestFactory().get("/", headers={"Accept-Encoding": accepted})
    return CompressionMiddleware(lambda _request: response)(request)


def test_pages_go_out_packed_and_never_twice_of_one_length():
    lengths = {len(answered(HttpResponse(PAGE)).content) for _ in range(40)}
    assert len(lengths) > 1, "the length of a page must not tell what is in it"
    assert gzip.decompress(answered(HttpResponse(PAGE)).content).decode() == PAGE
    assert answered(HttpResponse(PAGE), "br").content.decode() == PAGE


def test_spreadsheets_are_not_packed_again_and_lists_of_text_are():
    sheet = answered(HttpResponse(b"PK" * 500, content_type="application/vnd.ms-excel"))
    assert "Content-Encoding" not in sheet
    lines = answered(StreamingHttpResponse(iter(["甲,乙\n"] * 500), content_type="text/csv; charset=utf-8"))
    assert lines["Content-Encoding"] == "gzip"
    assert gzip.decompress(b"".join(lines.streaming_content)).decode() == "甲,乙\n" * 500


def test_a_page_of_the_product_goes_out_packed(db):
    response = Client().get("/sign-in/", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
