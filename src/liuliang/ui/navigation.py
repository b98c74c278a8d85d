"""The frame's contents: sections of the sidebar, and where search, bell and account lead.

The console declares them once, in its ``AppConfig.ready``::

    MEMBERS = Section(_("成员"), (Entry(_("全部成员"), "console:members", MEMBERS_VIEW),), icon="users", go="m")
    navigation.install(Shell(sections=(MEMBERS,), may=may))

An entry appears only when the person may see it; a section only when one of its entries does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of a section. ``permission`` is asked of ``Shell.may``; an empty one lets everybody in.

    ``prefix`` is the path under which the entry is the current one; without it, the entry's own address.
    """

    title: str | Promise
    url_name: str
    permission: str = ""
    prefix: str = ""
    count: Callable[[HttpRequest], int] | None = None

    @property
    def url(self) -> str:
        """Return the address."""
        return reverse(self.url_name)


@dataclass(frozen=True, slots=True)
class Section:
    """A line of the sidebar; with several entries, they show while one of them is current. ``go`` is the key after ``g``."""

    title: str | Promise
    entries: Sequence[Entry]
    _: KW_ONLY
    icon: str
    go: str = ""


def everybody(request: HttpRequest, permission: str) -> bool:
    """Let everybody see everything: the rule of a shell that was given none."""
    del request, permission
    return True


@dataclass(frozen=True, slots=True)
class Shell:
    """What the frame shows. Names are URL names; an empty one leaves its part out.

    ``search`` answers ``?q=`` with links for the panel under the box. ``bell`` is a page for whom ``bell_permission`` lets in;
    ``bell_count`` what waits there.
    ``account`` and ``sign_out`` (a POST) fill the user menu.
    """

    sections: Sequence[Section] = ()
    may: Callable[[HttpRequest, str], bool] = everybody
    home: str = ""
    search: str = ""
    bell: str = ""
    bell_permission: str = ""
    bell_count: Callable[[HttpRequest], int] | None = None
    account: str = ""
    sign_out: str = ""
    brand: Callable[[HttpRequest], str | Promise] = field(default=lambda _request: pgettext_lazy("brand", "留量"))


@dataclass(frozen=True, slots=True)
class Line:
    """An entry or a section as the sidebar draws it."""

    title: str | Promise
    url: str
    icon: str = ""
    go: str = ""
    count: int = 0
    is_current: bool = False
    lines: Sequence[Line] = ()


class _Installed:
    """The shell in force; one for the process, set when the apps are ready."""

    shell = Shell()


def install(shell: Shell) -> None:
    """Put a shell in force."""
    _Installed.shell = shell


def installed() -> Shell:
    """Return the shell in force."""
    return _Installed.shell


def lines(request: HttpRequest) -> list[Line]:
    """Return the sidebar for this person on this page."""
    shell = installed()
    visible = [
        (section, [entry for entry in section.entries if not entry.permission or shell.may(request, entry.permission)])
        for section in shell.sections
    ]
    current = _current([entry for _section, entries in visible for entry in entries], request.path)
    return [_section_line(request, section, entries, current) for section, entries in visible if entries]


def _current(entries: Sequence[Entry], path: str) -> Entry | None:
    """Return the entry whose prefix is the longest that the path starts with."""
    holding = [entry for entry in entries if path.startswith(entry.prefix or entry.url)]
    return max(holding, key=lambda entry: len(entry.prefix or entry.url), default=None)


def _section_line(request: HttpRequest, section: Section, entries: Sequence[Entry], current: Entry | None) -> Line:
    is_here = current in entries
    below = [
        Line(entry.title, entry.url, count=entry.count(request) if entry.count else 0, is_current=entry is current)
        for entry in entries
    ]
    return Line(
        section.title,
        entries[0].url,
        icon=section.icon,
        go=section.go,
        count=sum(line.count for line in below),
        is_current=is_here,
        lines=below if is_here and len(entries) > 1 else (),
    )
