"""Every address of the product, opened by everyone: nobody sees or does what they were not given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.html import escape

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import BUILT_IN_ROLES, COMMUNITIES_EDIT
from liuliang.alerting.models import Alert, Firing
from liuliang.commerce.models import CodeBatch, CouponRun, CouponTemplate, MallItem, Order, Product, Redemption, Variant
from liuliang.console import doors
from liuliang.console.doors import ConsoleDoorMiddleware, Door, door_of, finds, page, public
from liuliang.console.tables import XLSX
from liuliang.dashboards.models import Card, Dashboard
from liuliang.families.models import Family, Tier
from liuliang.importers.models import Import
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.models import Adjustment, Award, Badge, EarningRule, Penalty
from liuliang.partners.models import Material, Partner, TrainingItem
from liuliang.partners.models import Plan as PartnerPlan
from liuliang.people.access import Access
from liuliang.people.models import ApiKey, AttributeDefinition, Circle, Community, Identity, Member, Note, Tag, TagGroup
from liuliang.segments.models import Segment
from liuliang.subscriptions.models import Plan as PaidPlan
from liuliang.subscriptions.models import Term
from liuliang.testimonials import models as testimonials
from liuliang.ui.templatetags.ui import initials

# What guards itself and is meant for everyone. All else outside the console must turn a stranger away.
OPEN_TO_ALL = {"healthz", "readyz", "metrics", "ui:language", "ui:favicon", "ui:asset"}

# Where what was asked for leads a person who is signed in to the page of sign-in.
ENDS_SIGNED_OUT = {"console:sign-out", "console:second-step"}

# What the machinery writes for itself.
OWN_BOOKS = {"accounts_staffsession", "accounts_signinattempt", "accounts_auditentry", "procrastinate_jobs"}

# Reading the beginning of a file again changes nothing but what is proposed; the start, with all it was told, is recorded.
CHANGES_NOTHING_YET = {"console:import-examine"}

# What is called so in every language: Chinese itself, and a program.
NAMES_OF_THEIR_OWN = {"简体中文", "留痕"}

# Parameters that name what everybody shares: the words for members, and roles (whose permission holds everywhere or nowhere).
PLAIN = {"tag_id", "group_id", "field_id", "key", "metric", "dimension", "candidate_kind", "pattern", "adapter"}

# Parameters that name what one person may change alone, and owners of the installation: all of it is an owner's here.
OWN = {"own_dashboard", "own_card"}


@dataclass(frozen=True)
class Address:
    name: str
    view: Any
    parameters: tuple[str, ...]

    def url(self, world, parts) -> str:
        missing = set(self.parameters) - parts.keys()
        assert not missing, f"tests/console/conftest.py does not say how to fill {missing} of {self.name}"
        return reverse(self.name, kwargs={name: parts[name](world) for name in self.parameters})


def addresses(
    patterns: list[Any] | None = None, spaces: tuple[str, ...] = (), above: tuple[str, ...] = ()
) -> Iterator[Address]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        parameters = (*above, *pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from addresses(pattern.url_patterns, inner, parameters)
        else:
            assert isinstance(pattern, URLPattern)
            assert pattern.name, f"{pattern} has no name"
            yield Address(":".join((*spaces, pattern.name)), pattern.callback, parameters)


ALL = list(addresses())
BEHIND_DOORS = [address for address in ALL if not address.view.__module__.startswith(ConsoleDoorMiddleware.elsewhere)]


def takes_posts(address: Address) -> bool:
    door = door_of(address.view)
    return door is not None and not door.is_public and "POST" in door.methods


def by_name(address: Address) -> str:
    return address.name


def expected(access: Access, door: Door, address: Address, world) -> str:
    """Say what must happen, from nothing but the door's permission and the grants."""
    if door.is_public or not door.permission:
        return "open"
    if not access.may(door.permission):
        return "forbidden"
    if set(address.parameters) & OWN:
        return "open" if access.is_owner else "missing"
    names_something = set(address.parameters) - PLAIN
    return "open" if not names_something or access.may(door.permission, world.group) else "missing"


def happened(response: HttpResponse) -> str:
    if response.status_code == 302 and response["Location"].startswith(reverse("console:sign-in")):
        return "sign-in"
    return {403: "forbidden", 404: "missing"}.get(
        response.status_code, "open" if response.status_code < 500 else "broken"
    )


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_every_view_of_the_console_has_a_door(address: Address) -> None:
    assert door_of(address.view), f"{address.name} needs @page or @public"


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_a_stranger_gets_to_sign_in_and_nowhere_else(address: Address, world, address_parts, read) -> None:
    door, url = door_of(address.view), address.url(world, address_parts)
    assert door
    for method in door.methods:
        with Undone():
            response = Client(raise_request_exception=False).generic(method, url)
            if door.is_public:
                assert response.status_code < 500
                continue
            assert happened(response) == "sign-in", (method, url)
            part = Client(raise_request_exception=False).generic(method, url, headers={"HX-Request": "true"})
            assert part["HX-Redirect"].startswith(reverse("console:sign-in"))
            assert not part.content


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_everyone_opens_what_they_were_given_and_nothing_else(address: Address, world, address_parts) -> None:
    door, url = door_of(address.view), address.url(world, address_parts)
    assert door
    wrong = []
    for who, staff in {**world.staff, "owner": world.owner}.items():
        for method in door.methods:
            with Undone():
                should = expected(Access(staff), door, address, world)
                did = happened(_ask(world, staff, method, url))
            if did == "sign-in" and address.name in ENDS_SIGNED_OUT:
                continue
            if did != should:
                wrong.append(f"{who}: {method} {url} was {did}, should be {should}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_staff_of_another_community_read_nothing_of_this_one(address: Address, world, address_parts, read) -> None:
    door, url = door_of(address.view), address.url(world, address_parts)
    assert door
    if "GET" not in door.methods or "token" in address.parameters:
        return
    for who in ("admin of 乙", "no role at all"):
        for query in ("", "?q=密", "?q=1390000", "?export=csv", "?q=密&export=csv"):
            with Undone():
                text = read(_ask(world, world.staff[who], "GET", f"{url}{query}"))
            leaked = [secret for secret in world.secrets if secret in text]
            assert not leaked, f"{who} reads {leaked} at {url}{query}"


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_every_page_speaks_english_when_asked(address: Address, world, address_parts, read) -> None:
    """Nothing but what somebody wrote is Chinese, and no full-width punctuation is left beside it."""
    door, url = door_of(address.view), address.url(world, address_parts)
    assert door
    if "GET" not in door.methods:
        return
    client = Client() if door.is_public else world.sign_in(world.owner)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    response = client.get(url)
    if response["Content-Type"].startswith(("image/", XLSX)):
        return
    text = read(response)
    for written in sorted(_written() | NAMES_OF_THEIR_OWN, key=len, reverse=True):
        text = text.replace(escape(written), "").replace(written, "")
    left = re.findall(r"[^<>\n]*[\u3001-\u303f\u4e00-\u9fff\uff00-\uffef][^<>\n]*", text)
    assert not left, f"{url} says {left}"


@pytest.mark.parametrize("address", [one for one in BEHIND_DOORS if takes_posts(one)], ids=by_name)
def test_what_staff_change_is_in_the_audit_log(address: Address, world, address_parts, filled_forms) -> None:
    """Post a form that does its work: whatever is written, besides sessions and counters, must be on the record."""
    assert address.name in filled_forms, (
        f"tests/console/conftest.py does not say how to fill the form of {address.name}"
    )
    form, url = filled_forms[address.name](world), address.url(world, address_parts)
    client = world.sign_in(world.owner)
    world.owner.refresh_from_db()
    before = AuditEntry.objects.count()
    written: set[str] = set()
    with connection.execute_wrapper(_note_writes(written)):
        response = client.post(url, form)
    assert response.status_code in {200, 204, 302}, f"{response.status_code}: the form did not do its work"
    if address.name in CHANGES_NOTHING_YET:
        return
    assert not written - OWN_BOOKS or AuditEntry.objects.count() > before, (
        f"{written} changed, and nobody knows by whom"
    )
    entry = AuditEntry.objects.order_by("id").last()
    assert entry is None or entry.staff == world.owner


@pytest.mark.parametrize("address", BEHIND_DOORS, ids=by_name)
def test_a_door_answers_only_the_methods_it_names(address: Address, rf: RequestFactory) -> None:
    """Before it asks who is there, so that no person and no database is needed to see it."""
    door = door_of(address.view)
    assert door
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - set(door.methods):
        refusal = address.view(rf.generic(method, "/"), **dict.fromkeys(address.parameters, "x"))
        assert refusal.status_code == 405, method


@pytest.mark.parametrize("address", [one for one in ALL if one not in BEHIND_DOORS], ids=by_name)
def test_doors_for_machines_turn_strangers_away_unless_they_are_meant_for_all(
    address: Address, world, address_parts
) -> None:
    url = address.url(world, address_parts)
    response = Client(raise_request_exception=False).get(url)
    assert response.status_code < 500
    if address.name not in OPEN_TO_ALL:
        assert response.status_code in {401, 403, 405}


def test_a_view_without_a_door_cannot_be_opened(rf: RequestFactory) -> None:
    from django.core.exceptions import PermissionDenied

    def forgotten(request: Any) -> HttpResponse:
        return HttpResponse("secret")

    middleware = ConsoleDoorMiddleware(forgotten)
    with pytest.raises(PermissionDenied, match="forgotten has no door"):
        middleware.process_view(rf.get("/"), forgotten, (), {})
    assert middleware.process_view(rf.get("/"), public()(forgotten), (), {}) is None


def test_a_door_with_a_permission_that_does_not_exist_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"members\.burn"):
        page(permission="members.burn")


def test_a_parameter_is_found_in_one_way() -> None:
    with pytest.raises(ValueError, match="community"):
        finds("community")(lambda access, permission, value: None)


def test_what_the_address_names_comes_as_an_object_within_scope(rf: RequestFactory, world) -> None:
    seen: list[Any] = []

    @page(permission=COMMUNITIES_EDIT)
    def edit(request: Any, community: Any) -> HttpResponse:
        seen.append(community)
        return HttpResponse()

    def open_as(staff: Staff, public_id: str) -> None:
        request = rf.get("/")
        request.user, request.session = staff, {}
        edit(request, community=public_id)

    open_as(world.staff["community_owner of 甲"], world.group.public_id)
    assert seen == [world.group]
    for nowhere in (world.other.public_id, "nothing", ""):
        with pytest.raises(Http404):
            open_as(world.staff["community_owner of 甲"], nowhere)
    assert seen == [world.group]


def test_a_nul_names_nothing_and_is_taken_out_of_what_is_typed(rf: RequestFactory, world) -> None:
    seen: list[Any] = []

    @page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
    def edit(request: Any, **named: Any) -> HttpResponse:
        seen.append((request.GET.getlist("a"), request.POST.getlist("b")))
        return HttpResponse()

    request = rf.post("/?a=x%00y&a=z", {"b": ["u\0v", "w"]})
    request.user, request.session = world.owner, {}
    edit(request)
    assert seen == [(["xy", "z"], ["uv", "w"])]
    with pytest.raises(Http404):
        edit(request, community=f"{world.group.public_id}\0")
    client = world.sign_in(world.owner)
    assert client.get("/health/%00/").status_code == 404
    assert client.get("/analysis/funnel/?segment=%00nothing").status_code == 409


def test_an_old_link_to_a_merged_record_leads_to_the_person(world) -> None:
    from liuliang.people.models import Member

    merged = Member.objects.create(name="马甲", canonical=world.member, created_at=world.member.created_at)
    found = doors.find_member(Access(world.owner), "members.view", merged.public_id)
    assert found == world.member


def test_after_sign_in_the_person_gets_back_to_the_page_but_never_to_another_site(world) -> None:
    assert Client().get("/account/?tab=a").headers["Location"] == "/sign-in/?next=%2Faccount%2F%3Ftab%3Da"
    for evil in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"):
        shown = Client().get("/sign-in/", {"next": evil}).content.decode()
        assert "evil" not in shown
        assert "alert(1)" not in shown


def test_opening_a_page_costs_a_bounded_number_of_queries_for_access(world, django_assert_max_num_queries) -> None:
    client = world.sign_in(world.staff["admin of 乙"])
    client.get("/account/")
    with django_assert_max_num_queries(11):
        client.get("/account/")


def _written() -> set[str]:
    """Return every text that stands in the database, and the first letters of names that faces show."""
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, str) and not value.isascii():
            found.update({value, initials(value), *value.splitlines()})
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                collect(one)

    for model in (
        Circle,
        Community,
        Family,
        Tier,
        Member,
        Segment,
        Staff,
        Role,
        Tag,
        TagGroup,
        Note,
        Import,
        ApiKey,
        AttributeDefinition,
        AuditEntry,
        Identity,
        EarningRule,
        Adjustment,
        Badge,
        Award,
        Penalty,
        Product,
        Variant,
        CouponTemplate,
        CodeBatch,
        Order,
        CouponRun,
        MallItem,
        Redemption,
        Partner,
        PartnerPlan,
        PaidPlan,
        Term,
        LoggedEvent,
        Material,
        TrainingItem,
        testimonials.Testimonial,
        Dashboard,
        Card,
        Alert,
        Firing,
    ):
        for row in model.objects.values():
            collect(dict(row))
    # Roles that come with the product are stored in Chinese, and shown in the reader's language.
    return found - {text for role in BUILT_IN_ROLES for text in (role.name, role.description)}


def _note_writes(written: set[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found = re.match(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', str(sql))
        if found:
            written.add(found[1])
        return execute(sql, params, many, context)

    return note


def _ask(world, staff: Staff, method: str, url: str) -> HttpResponse:
    return world.sign_in(staff).generic(method, url, content_type="application/x-www-form-urlencoded")


class Undone:
    """Whatever happens inside is taken back, so that every request finds the same organisation."""

    def __enter__(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()

    def __exit__(self, *error: object) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(*error)
