"""Addresses of sign-in, one's own account, staff, roles and the audit log."""

from __future__ import annotations

from django.urls import path

from liuliang.console.accounts import account, audit, keys, refusals, roles, signin, staff

refusals.install()

urlpatterns = [
    path("sign-in/", signin.sign_in, name="sign-in"),
    path("sign-in/code/", signin.second_step, name="second-step"),
    path("sign-out/", signin.sign_out, name="sign-out"),
    path("setup/<str:setup_token>/", signin.set_up, name="set-up"),
    path("welcome/<str:token>/", signin.welcome, name="welcome"),
    path("account/", account.account, name="account"),
    path("account/profile/", account.change_profile, name="change-profile"),
    path("account/password/", account.change_password, name="change-password"),
    path("account/second-factor/", account.enable_second_factor, name="enable-second-factor"),
    path("account/second-factor/off/", account.disable_second_factor, name="disable-second-factor"),
    path("account/second-factor/codes/", account.renew_recovery_codes, name="renew-recovery-codes"),
    path("account/sessions/end/", account.end_session, name="end-session"),
    path("account/sessions/end-others/", account.end_other_sessions, name="end-other-sessions"),
    path("staff/", staff.staff_list, name="staff"),
    path("staff/invite/", staff.invite, name="invite"),
    path("staff/grants/<str:grant>/revoke/", staff.revoke, name="revoke-grant"),
    path("staff/<str:colleague>/", staff.colleague, name="colleague"),
    path("staff/<str:colleague>/grant/", staff.grant, name="grant-role"),
    path("staff/<str:colleague>/link/", staff.make_link, name="make-link"),
    path("staff/<str:colleague>/deactivate/", staff.deactivate, name="deactivate-staff"),
    path("staff/<str:colleague>/reactivate/", staff.reactivate, name="reactivate-staff"),
    path("staff/<str:colleague>/ownership/", staff.change_ownership, name="change-ownership"),
    path("roles/", roles.role_list, name="roles"),
    path("roles/new/", roles.new_role, name="new-role"),
    path("roles/<str:role>/", roles.edit_role, name="role"),
    path("roles/<str:role>/delete/", roles.delete_role, name="delete-role"),
    path("keys/", keys.key_list, name="keys"),
    path("keys/new/", keys.new_key, name="new-key"),
    path("keys/<str:api_key>/revoke/", keys.revoke_key, name="revoke-key"),
    path("audit/", audit.audit_log, name="audit"),
]
