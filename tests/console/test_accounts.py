"""Sign-in, invitations, one's own account and the pages about staff, through the browser's eyes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django_otp.oath import totp

from liuliang.accounts import second_factor, signin
from liuliang.accounts.models import AuditEntry, Role, Staff, StaffSession
from liuliang.accounts.services import links, owners
from liuliang.kernel import clock
from liuliang.people.models import Grant

PASSWORD = "a long enough pass phrase"


def text_of(response) -> str:
    return response.content.decode()


def signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def sign_in(email: str, password: str = PASSWORD, **more: str):
    client = Client()
    return client, client.post("/sign-in/", {"email": email, "password": password, **more})


@pytest.fixture
def owner(world):
    return world.owner


def test_signing_in_leads_to_where_one_wanted_to_go_with_a_new_session(owner):
    client = Client()
    client.get("/sign-in/?next=/staff/")
    before = client.cookies.get("sessionid")
    response = client.post("/sign-in/", {"email": owner.email.upper(), "password": PASSWORD, "next": "/staff/"})
    assert response.headers["Location"] == "/staff/"
    assert before is None or client.cookies["sessionid"].value != before.value
    assert signed_in(client)
    assert AuditEntry.objects.filter(action="staff.signed_in", staff=owner, address="127.0.0.1").count() == 1


def test_the_same_sentence_for_an_unknown_email_a_wrong_password_and_an_open_invitation(world, owner):
    pages = [
        text_of(sign_in(email, password)[1])
        for email, password in (("nobody@example.com", PASSWORD), (owner.email, "wrong"), (world.colleague.email, "!"))
    ]
    assert all("邮箱或密码不对。" in page for page in pages)
    told = {re.sub(r'value="[^"]*"|csrf-token" content="[^"]*"|data:[^"]*', "", page) for page in pages}
    assert len(told) == 1


def test_too_many_attempts_wait_and_say_how_long(owner):
    for _attempt in range(signin.PER_EMAIL):
        sign_in(owner.email, "wrong")
    client, response = sign_in(owner.email)
    assert "请 15 分钟后再试" in text_of(response)
    assert not signed_in(client)


def test_a_browser_that_was_signed_in_before_is_not_locked_out_by_strangers(owner):
    known, _response = sign_in(owner.email)
    known.post("/sign-out/")
    assert not signed_in(known)
    for _attempt in range(signin.PER_EMAIL + 1):
        sign_in(owner.email, "wrong")
    known.post("/sign-in/", {"email": owner.email, "password": PASSWORD})
    assert signed_in(known)


def test_signing_out_needs_a_post_and_ends_the_session(owner):
    client, _response = sign_in(owner.email)
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert not signed_in(client)
    assert not StaffSession.objects.filter(staff=owner).exists()


def test_forms_without_the_token_of_the_page_are_refused(owner):
    client = Client(enforce_csrf_checks=True)
    assert client.post("/sign-in/", {"email": owner.email, "password": PASSWORD}).status_code == 403


class TestSecondFactor:
    @pytest.fixture
    def codes(self, owner):
        with time_machine.travel(clock.now() - timedelta(minutes=5)):
            device = second_factor.prepare(owner)
            return second_factor.enable(owner, f"{totp(device.bin_key):06d}")

    def code(self, owner) -> str:
        return f"{totp(second_factor.device_of(owner).bin_key):06d}"

    def test_the_password_alone_opens_nothing(self, owner, codes):
        client, response = sign_in(owner.email, next="/staff/")
        assert response.headers["Location"] == "/sign-in/code/"
        for url in ("/", "/account/", "/staff/", "/audit/", "/account/second-factor/"):
            assert client.get(url).headers["Location"].startswith("/sign-in/")

    def test_the_code_completes_it_and_leads_on(self, owner, codes):
        client, _response = sign_in(owner.email, next="/staff/")
        assert client.post("/sign-in/code/", {"code": "000000"}).status_code == 422
        assert not signed_in(client)
        client, _response = sign_in(owner.email, next="/staff/")
        with time_machine.travel(clock.now() + timedelta(minutes=2)):
            assert client.post("/sign-in/code/", {"code": self.code(owner)}).headers["Location"] == "/staff/"
            assert signed_in(client)

    def test_a_recovery_code_does_too(self, owner, codes):
        client, _response = sign_in(owner.email)
        client.post("/sign-in/code/", {"code": codes[0]})
        assert signed_in(client)

    def test_the_second_step_waits_ten_minutes_and_ends_with_a_new_password(self, owner, codes):
        client, _response = sign_in(owner.email)
        with time_machine.travel(clock.now() + signin.PENDING_FOR + timedelta(seconds=1)):
            assert client.get("/sign-in/code/").headers["Location"] == "/sign-in/"
        client, _response = sign_in(owner.email)
        owner.set_password("quite another pass phrase")
        owner.save()
        assert client.get("/sign-in/code/").headers["Location"] == "/sign-in/"

    def test_switching_it_on_ends_sessions_that_had_the_password_alone(self, owner):
        other, _response = sign_in(owner.email)
        client, _response = sign_in(owner.email)
        shown = text_of(client.get("/account/second-factor/"))
        assert 'src="data:image/svg+xml' in shown
        device = second_factor.prepare(owner)
        response = client.post("/account/second-factor/", {"code": f"{totp(device.bin_key):06d}"})
        assert len(re.findall(r"\b\w{4}-\w{4}-\w{4}\b", text_of(response))) == second_factor.RECOVERY_CODES
        assert signed_in(client)
        assert not signed_in(other)

    def test_switching_it_off_asks_for_the_password(self, owner, codes):
        client = Client()
        client.force_login(owner)
        assert client.post("/account/second-factor/off/", {"password": "wrong"}).status_code == 422
        assert second_factor.device_of(owner)
        client.post("/account/second-factor/off/", {"password": PASSWORD})
        assert second_factor.device_of(owner) is None


def test_the_first_owner_is_made_by_the_link_and_is_signed_in(db):
    shown = text_of(Client().get("/sign-in/"))
    assert "还没有任何账号" in shown
    client, url = Client(), f"/setup/{owners.setup_token()}/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"email": "o@example.com", "name": "老板", "password": "12345"}).status_code == 422
    client.post(url, {"email": "o@example.com", "name": "老板", "password": PASSWORD})
    assert signed_in(client)
    assert Staff.objects.get().is_owner
    again = Client().get(url)
    assert again.status_code == 409
    assert "直接登录" in text_of(again)
    assert Client().get("/setup/guess/").status_code == 409


def test_an_invitation_goes_from_the_form_to_a_new_colleague(world, owner):
    client = world.sign_in(owner)
    service = Role.objects.get(key="service")
    form = {"email": "New@example.com", "name": "小李", "role": service.pk, "where": world.group.public_id}
    page = client.post("/staff/invite/", form, follow=True)
    link = re.search(r"http://testserver(/welcome/[^\"]+)", text_of(page))
    assert link, "the link is shown"
    assert "/welcome/" not in text_of(client.get(page.request["PATH_INFO"])), "and only once"

    newcomer = Client()
    assert "小李" in text_of(newcomer.get(link[1]))
    newcomer.post(link[1], {"name": "李小", "password": PASSWORD})
    assert signed_in(newcomer)
    staff = Staff.objects.get(email="new@example.com")
    assert staff.name == "李小"
    assert [(grant.role, grant.community) for grant in staff.grants.all()] == [(service, world.group)]
    assert Client().get(link[1]).status_code == 409


def test_inviting_someone_whom_others_invited_shows_no_link(world):
    waiting = world.staff["admin everywhere"]
    Staff.objects.filter(pk=waiting.pk).update(password="!")
    form = {
        "email": waiting.email,
        "name": "x",
        "role": Role.objects.get(key="helper").pk,
        "where": world.other.public_id,
    }
    page = world.sign_in(world.staff["admin of 乙"]).post("/staff/invite/", form, follow=True)
    assert "已有别人发出的邀请" in text_of(page)
    assert "/welcome/" not in text_of(page)


def test_admins_of_a_brand_are_offered_their_own_brand_and_nothing_else(world):
    admin = world.sign_in(world.staff["admin of 乙"])
    shown = text_of(admin.get("/staff/invite/"))
    assert "乙品牌" in shown
    assert "everywhere" not in shown
    form = {"email": "x@example.com", "name": "x", "role": Role.objects.get(key="helper").pk}
    for where in (world.group.public_id, "everywhere"):
        assert admin.post("/staff/invite/", {**form, "where": where}).status_code == 422
    assert not Staff.objects.filter(email="x@example.com").exists()


def test_a_colleague_with_roles_in_two_brands_shows_each_admin_only_theirs(world):
    Grant.objects.create(staff=world.colleague, role=Role.objects.get(key="expert"), community=world.other)
    seen = text_of(world.sign_in(world.staff["admin of 乙"]).get(f"/staff/{world.colleague.pk}/"))
    assert "乙品牌" in seen
    assert world.group.name not in seen
    listed = text_of(world.sign_in(world.staff["admin of 乙"]).get("/staff/"))
    assert world.colleague.name in listed
    assert world.group.name not in listed
    answer = world.sign_in(world.staff["admin of 乙"]).post(f"/staff/{world.colleague.pk}/deactivate/")
    assert answer.status_code == 409


def test_filtering_by_role_says_nothing_about_grants_elsewhere(world):
    Grant.objects.create(staff=world.colleague, role=Role.objects.get(key="expert"), community=world.other)
    helper = Role.objects.get(key="helper")
    listed = text_of(world.sign_in(world.staff["admin of 乙"]).get(f"/staff/?role={helper.pk}"))
    assert world.colleague.name not in listed


def test_deactivation_works_from_the_next_request_on(world):
    colleague = world.sign_in(world.colleague)
    assert signed_in(colleague)
    world.sign_in(world.owner).post(f"/staff/{world.colleague.pk}/deactivate/")
    assert not signed_in(colleague)
    stale = Client()
    stale.force_login(world.colleague)
    assert not signed_in(stale)


def test_a_reset_link_sets_a_password_but_the_second_factor_stays(world, owner):
    device = second_factor.prepare(owner)
    second_factor.enable(owner, f"{totp(device.bin_key):06d}")
    client = Client()
    answer = client.post(f"/welcome/{links.link_token(owner)}/", {"name": "老板", "password": "quite another phrase"})
    assert answer.headers["Location"] == "/sign-in/code/"
    assert not signed_in(client)


def test_taking_back_a_role_counts_from_the_next_request_on(world):
    colleague = world.sign_in(world.colleague)
    assert colleague.get("/members/").status_code == 200
    world.sign_in(world.owner).post(f"/staff/grants/{world.colleague.grants.get().pk}/revoke/")
    assert colleague.get("/members/").status_code == 403


def test_ownership_changes_hands_only_with_the_password(world, owner):
    Staff.objects.filter(pk=world.colleague.pk).update(password=owner.password)
    client, url = world.sign_in(owner), f"/staff/{world.colleague.pk}/ownership/"
    assert client.post(url, {"password": "wrong"}).status_code == 422
    assert not Staff.objects.get(pk=world.colleague.pk).is_owner
    client.post(url, {"password": PASSWORD})
    assert Staff.objects.get(pk=world.colleague.pk).is_owner
    client.post(f"/staff/{owner.pk}/ownership/", {"password": PASSWORD})
    assert not Staff.objects.get(pk=owner.pk).is_owner


def test_the_last_owner_is_told_why_they_stay(world, owner):
    answer = world.sign_in(owner).post(f"/staff/{owner.pk}/ownership/", {"password": PASSWORD})
    assert answer.status_code == 409
    assert "最后一位所有者" in text_of(answer)


def test_my_sessions_show_device_and_address_and_end_one_by_one(owner):
    phone = Client(headers={"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0"})
    phone.post("/sign-in/", {"email": owner.email, "password": PASSWORD})
    client, _response = sign_in(owner.email)
    shown = text_of(client.get("/account/"))
    assert "微信 · iPhone" in shown
    assert "127.0.0.1" in shown
    assert phone.cookies["sessionid"].value not in shown
    name = re.search(r'name="session" value="(\w+)"', shown)
    assert name
    client.post("/account/sessions/end/", {"session": name[1]})
    assert signed_in(client)
    assert not signed_in(phone)


def test_last_used_is_kept_within_minutes_without_writing_on_every_request(owner, django_assert_max_num_queries):
    client, _response = sign_in(owner.email)
    first = StaffSession.objects.get(staff=owner).seen_at
    client.get("/account/")
    assert StaffSession.objects.get(staff=owner).seen_at == first
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        client.get("/account/")
    assert StaffSession.objects.get(staff=owner).seen_at > first


def test_my_language_is_remembered_by_the_account_and_the_browser(owner):
    client, _response = sign_in(owner.email)
    client.post("/account/profile/", {"name": "老板", "language": "en"})
    owner.refresh_from_db()
    assert owner.language == "en"
    other, _response = sign_in(owner.email)
    assert other.cookies["django_language"].value == "en"


def test_the_way_in_leads_everyone_to_a_page_they_may_open(world):
    for name, staff in world.staff.items():
        client = world.sign_in(staff)
        page = client.get("/", follow=True)
        assert page.status_code == 200, name


def test_a_role_is_edited_in_the_matrix_and_what_one_lacks_stays(world, owner):
    client = world.sign_in(owner)
    client.post(f"/roles/{world.role.pk}/", {"name": "夜班", "permissions": ["members.view"]})
    assert Role.objects.get(pk=world.role.pk).permissions == ["members.view"]
    clerk = world.staff["no role at all"]
    Grant.objects.create(staff=clerk, role=Role.objects.create(name="文员", permissions=["roles.manage"]))
    edited = world.sign_in(clerk).post(f"/roles/{world.role.pk}/", {"name": "夜班 2"})
    assert edited.status_code == 302
    assert Role.objects.get(pk=world.role.pk).permissions == ["members.view"]
    refused = world.sign_in(clerk).post(f"/roles/{world.role.pk}/", {"name": "夜班", "permissions": ["audit.view"]})
    assert refused.status_code == 422


def test_the_audit_log_filters_and_exports_without_formulas(world, owner):
    client = world.sign_in(owner)
    client.post("/roles/new/", {"name": "=1+1", "permissions": ["members.view"]})
    client.post("/account/profile/", {"name": "老板二", "language": ""})
    assert "=1+1" in text_of(client.get("/audit/?action=role.created"))
    assert "=1+1" not in text_of(client.get("/audit/?action=staff.profile_changed"))
    assert "=1+1" in text_of(client.get(f"/audit/?staff={owner.pk}&q=1%2B1"))
    exported = b"".join(client.get("/audit/?export=csv").streaming_content).decode()
    assert "查看成员" in exported
    assert re.findall(r"[^,\n]*=1\+1", exported) == ["'=1+1"]


def test_the_audit_log_of_a_brand_shows_only_that_brand(world, owner):
    client = world.sign_in(owner)
    client.post(f"/staff/{world.colleague.pk}/grant/", {"role": world.role.pk, "where": world.group.public_id})
    client.post(f"/staff/{world.colleague.pk}/grant/", {"role": world.role.pk, "where": "everywhere"})
    ours = text_of(world.sign_in(world.staff["supervisor of 甲"]).get("/audit/"))
    assert ours.count("授予角色") >= 1
    assert world.group.name in ours
    theirs = text_of(world.sign_in(world.staff["admin of 乙"]).get("/audit/"))
    assert "密" not in theirs.partition("<main")[2]
