"""What people send as a picture: made anew, or refused with a word."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from liuliang.kernel.errors import Refused
from liuliang.people.pictures import LARGEST, LONGEST_EDGE, made_anew


def test_a_picture_is_made_anew_upright_bounded_and_without_metadata(make_picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "相机"
    kept = made_anew(make_picture(3_000, 1_000, exif=exif))
    assert (kept.width, kept.height) == (LONGEST_EDGE // 3, LONGEST_EDGE), "turned by the camera's note, then bounded"
    with Image.open(io.BytesIO(kept.data)) as again:
        assert again.format == "JPEG"
        assert not again.getexif()
        assert again.size == (kept.width, kept.height)
    assert made_anew(make_picture(kind="PNG")).width == 40
    assert made_anew(make_picture(kind="WEBP")).width == 40


@pytest.mark.parametrize("sent", [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff" + b"\0" * 100, b"%PDF-1.4"])
def test_what_is_no_picture_is_refused(sent):
    with pytest.raises(Refused, match=r"picture\.unreadable"):
        made_anew(sent)


def test_large_files_and_large_pictures_are_refused(make_picture):
    with pytest.raises(Refused, match=r"picture\.large"):
        made_anew(b"\0" * (LARGEST + 1))
    with pytest.raises(Refused, match=r"picture\.large"):
        made_anew(make_picture(8_000, 6_000, kind="PNG"))
