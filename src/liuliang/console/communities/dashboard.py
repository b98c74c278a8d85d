"""One community's board: what is shown at once, and the cards that follow by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, COMMUNITIES_VIEW, MEMBERS_VIEW, ORDERS_VIEW
from liuliang.analytics import conversation as conversation_story
from liuliang.analytics import links as links_story
from liuliang.analytics import orders as orders_story
from liuliang.analytics import presence as presence_story
from liuliang.analytics import speakers as speakers_story
from liuliang.analytics import traffic
from liuliang.analytics import words as words_story
from liuliang.analytics.definitions import COMPARED
from liuliang.analytics.hours import hours as when_it_talks
from liuliang.analytics.newcomers import NEWCOMERS
from liuliang.analytics.newcomers import newcomers as who_came
from liuliang.analytics.overview import overview
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.scopes import Scope
from liuliang.console import boards
from liuliang.console.communities import dashboard_charts
from liuliang.console.communities.dashboard_people import face_of, faces, member_list
from liuliang.console.communities.editing import tabs
from liuliang.console.doors import StaffRequest, page
from liuliang.console.figures import kept_context
from liuliang.console.periods import PeriodChoice, choose
from liuliang.kernel import clock
from liuliang.people.models import Community

FOLDER = "console/communities/dashboard"


@dataclass(frozen=True, slots=True)
class Board:
    """One community and the period to speak of."""

    community: Community
    scope: Scope
    choice: PeriodChoice

    @property
    def period(self) -> Period:
        """Return the period in force."""
        return self.choice.period

    @property
    def log_ends(self) -> datetime:
        """Return the instant up to which the log knows what happened: now, or the end of the last day of an old export."""
        known = self.choice.known
        if known is None or known.last >= self.choice.today - ONE_DAY:
            return clock.now()
        return Period(known.last, known.last).instants(self.community.timezone)[1]


def board_of(request: StaffRequest, community: Community) -> Board:
    """Return the community with the period that the address asks for."""
    scope = Scope.of([(community.id, community.timezone)], robots=presence_story.robots())
    today = clock.local_day(clock.now(), community.timezone)
    return Board(community, scope, choose(request, traffic.coverage(scope), today))


@page(permission=ANALYTICS_VIEW)
def board(request: StaffRequest, community: Community) -> HttpResponse:
    """Show how a community does: its figures, its days, and places for what takes longer to count."""
    if not community.is_group and request.access.may(COMMUNITIES_VIEW, community):
        return redirect("console:community-plan", community.public_id)
    here = board_of(request, community)
    context = {**tabs(request, community, "community"), "choice": here.choice}
    if here.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", context)
    totals = overview(here.scope, here.period, today=here.choice.today, known=here.choice.known).totals
    return render(
        request,
        f"{FOLDER}/page.html",
        {
            **context,
            **kept_context(totals, here.choice.versus),
            "figures": boards.figures(totals, here.choice.versus),
            "activity": boards.activity(totals.activity.now),
            "growth": dashboard_charts.growth(totals.activity.now, _behind_the_flow(request, here)),
            "compared": COMPARED,
            "may_see_orders": request.access.may(ORDERS_VIEW, community),
        },
    )


def _behind_the_flow(request: StaffRequest, here: Board) -> list[tuple[str, str]]:
    """Return the ways to those who came in the period, and to those who are gone."""
    may_see = _may_see_members(request, here.community)
    first, last = here.period.first.isoformat(), here.period.last.isoformat()
    ways = [
        (_("进来的人"), member_list(here.community, may_see=may_see, joined_from=first, joined_to=last, presence="")),
        (_("退群的人"), member_list(here.community, may_see=may_see, presence="left")),
    ]
    return [(words, url) for words, url in ways if url]


@page(permission=ORDERS_VIEW)
def sold(request: StaffRequest, community: Community) -> HttpResponse:
    """Show what the community's members paid: a figure of its board that takes longer to count."""
    here = board_of(request, community)
    sales = orders_story.sales(here.scope, here.period, community.timezone)
    return render(request, "console/sold.html", boards.sold_context(sales, here.choice))


@page(permission=ANALYTICS_VIEW)
def hours(request: StaffRequest, community: Community) -> HttpResponse:
    """Show when the community talks."""
    here = board_of(request, community)
    chart = dashboard_charts.busy_hours(when_it_talks(here.scope, here.period))
    return render(request, f"{FOLDER}/chart.html", {"chart": chart})


@page(permission=ANALYTICS_VIEW)
def speakers(request: StaffRequest, community: Community) -> HttpResponse:
    """Show who speaks, and how much of the talk a few of them carry."""
    here = board_of(request, community)
    spread = speakers_story.concentration(here.scope, here.period)
    top = speakers_story.top_speakers(here.scope, here.period, 10)
    may_see = _may_see_members(request, community)
    known = faces([each.member for each in top], may_see=may_see)
    rows = [(known[each.member], each, each.messages / spread.messages) for each in top if each.member in known]
    context = {
        "rows": rows,
        "spread": spread,
        "behind": member_list(community, may_see=may_see, spoke_from=here.period.first.isoformat(), sort="-messages"),
        "top": speakers_story.TOP,
        "concentration": speakers_story.CONCENTRATION,
    }
    return render(request, f"{FOLDER}/speakers.html", context)


@page(permission=ANALYTICS_VIEW)
def silence(request: StaffRequest, community: Community) -> HttpResponse:
    """Show who is there and says nothing."""
    here = board_of(request, community)
    found = presence_story.silence(here.scope, here.period, examples=12)
    may_see = _may_see_members(request, community)
    rows = [(face_of(each.name, each.public_id), each) for each in found.examples] if may_see else []
    until = (here.period.first - ONE_DAY).isoformat()
    context = {
        "community": community,
        "silence": found,
        "rows": rows,
        "never": member_list(community, may_see=may_see, silent="1"),
        "fell_silent": member_list(community, may_see=may_see, spoke_to=until),
        "definition": presence_story.SILENT,
    }
    return render(request, f"{FOLDER}/silence.html", context)


@page(permission=ANALYTICS_VIEW)
def newcomers(request: StaffRequest, community: Community) -> HttpResponse:
    """Show what became of those who came."""
    here = board_of(request, community)
    found = who_came(here.scope, here.period, here.log_ends)
    may_see = _may_see_members(request, community)
    known = faces([each[0] for each in found.inviters], may_see=may_see)
    first, last = here.period.first.isoformat(), here.period.last.isoformat()
    context = {
        "newcomers": found,
        "behind": member_list(community, may_see=may_see, joined_from=first, joined_to=last),
        "chart": dashboard_charts.newcomers(found),
        "definition": NEWCOMERS,
        "inviters": [(known[member], invited, stayed) for member, invited, stayed in found.inviters if member in known],
    }
    return render(request, f"{FOLDER}/newcomers.html", context)


@page(permission=ANALYTICS_VIEW)
def words(request: StaffRequest, community: Community) -> HttpResponse:
    """Show what is talked about."""
    here = board_of(request, community)
    found = words_story.words(here.scope, here.period)
    changed = [word for word in found.words if word.is_beyond_chance and word.comparison and here.choice.is_comparable]
    context = {
        "words": found,
        "sized": _sized(found.words) if found.words else [],
        "risen": [word for word in changed if word.comparison and word.comparison.difference > 0],
        "fallen": [word for word in changed if word.comparison and word.comparison.difference < 0],
        "is_comparable": here.choice.is_comparable,
        "definition": words_story.WORDS,
    }
    return render(request, f"{FOLDER}/words.html", context)


def _sized(found: tuple[words_story.Word, ...]) -> list[tuple[words_story.Word, int]]:
    """Return each word with its size from 1 to 5, by the square root of its messages: areas are what the eye compares."""
    most, least = found[0].messages ** 0.5, found[-1].messages ** 0.5
    span = (most - least) or 1.0
    return [(word, 1 + round(4 * (word.messages**0.5 - least) / span)) for word in found]


@page(permission=ANALYTICS_VIEW)
def links(request: StaffRequest, community: Community) -> HttpResponse:
    """Show which links were shared."""
    here = board_of(request, community)
    context = {"links": links_story.links(here.scope, here.period), "definition": links_story.LINKS}
    return render(request, f"{FOLDER}/links.html", context)


@page(permission=ANALYTICS_VIEW)
def conversation(request: StaffRequest, community: Community) -> HttpResponse:
    """Show the busiest conversations, and how soon questions are answered."""
    here = board_of(request, community)
    # An hour is exact enough for what is still pending, and lets the answer be remembered.
    until = here.log_ends.replace(minute=0, second=0, microsecond=0)
    found = conversation_story.conversation(here.scope, here.period, until)
    may_see = _may_see_members(request, community)
    people = [thread.opener for thread in found.threads] + [each.member for each in found.response.unanswered]
    known = faces(people, may_see=may_see)
    context = {
        "threads": [(known.get(thread.opener), thread) for thread in found.threads],
        "response": found.response,
        "unanswered": [(known.get(each.member), each) for each in found.response.unanswered],
        "since": found.since,
        "may_see": may_see,
        "zone": community.timezone,
        "thread_definition": conversation_story.THREADS,
        "response_definition": conversation_story.RESPONSE,
    }
    return render(request, f"{FOLDER}/conversation.html", context)


@page(permission=ORDERS_VIEW)
def orders(request: StaffRequest, community: Community) -> HttpResponse:
    """Show what the community's members bought."""
    here = board_of(request, community)
    paid = orders_story.sales(here.scope, here.period, community.timezone)
    found = orders_story.basket(here.scope, here.period, top=8)
    may_see = _may_see_members(request, community)
    context = {
        "sales": paid,
        "basket": found,
        "chart": dashboard_charts.sales(paid),
        "behind": member_list(community, may_see=may_see, orders_from="1", sort="-paid"),
        "buyers": [(face_of(each.name, each.public_id), each) for each in found.top_buyers] if may_see else [],
        "definition": orders_story.OF_MEMBERS,
    }
    return render(request, f"{FOLDER}/orders.html", context)


def _may_see_members(request: StaffRequest, community: Community) -> bool:
    return request.access.may(MEMBERS_VIEW, community)
