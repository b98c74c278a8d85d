"""Pages go out packed; what is packed already does not go through it again."""

from __future__ import annotations

import re

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import patch_vary_headers

_NOTHING = re.compile(r"0(\.0*)?")
_WORDS = ("text/", "application/json", "application/problem+json")


class CompressionMiddleware(GZipMiddleware):
    """Pack answers of words with gzip; spreadsheets and pictures stay as they are, and keep their length.

    A page that holds both a secret and what a stranger may have put into its address could be guessed at by how small it
    gets (BREACH). Here the stranger must send the person to the page in a window of their own for every guess, because
    the cookie of the session does not travel otherwise (SameSite); the token against forgery is masked anew in every
    page; and Django adds up to a hundred random bytes, so that one guess takes very many pages ("Heal the Breach").
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Pack the answer if it is words and the browser takes gzip."""
        is_welcome = "gzip" in welcome_codings(request.headers.get("Accept-Encoding", ""))
        if not is_welcome or not response.get("Content-Type", "").startswith(_WORDS):
            patch_vary_headers(response, ("Accept-Encoding",))
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed


def welcome_codings(accepted: str) -> set[str]:
    """Return the codings of an Accept-Encoding header (RFC 9110, section 12.5.3) that are not refused by a weight of 0."""
    welcome = set()
    for part in accepted.lower().split(","):
        coding, _, weight = (piece.strip() for piece in part.partition(";"))
        if not _NOTHING.fullmatch(weight.removeprefix("q=")):
            welcome.add(coding)
    return welcome
