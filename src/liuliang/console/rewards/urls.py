"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.rewards import (
    account,
    adjusting,
    badges,
    boards,
    honour,
    levels,
    overview,
    penalties,
    programme,
    refusals,
    rules,
)

refusals.install()

urlpatterns = [
    path("", overview.overview, name="points"),
    path("settings/", programme.settings, name="points-programme"),
    path("settings/budget/", programme.budget, name="points-budget"),
    path("season/", programme.season, name="points-season"),
    path("rules/", rules.rules, name="earning-rules"),
    path("rules/new/", rules.new, name="new-earning-rule"),
    path("rules/<str:rule>/", rules.rule, name="earning-rule"),
    path("rules/<str:rule>/edit/", rules.edit, name="edit-earning-rule"),
    path("rules/<str:rule>/stop/", rules.stop, name="stop-earning-rule"),
    path("rules/<str:rule>/start/", rules.start, name="start-earning-rule"),
    path("levels/", levels.levels, name="levels"),
    path("levels/edit/", levels.edit_levels, name="edit-levels"),
    path("adjustments/", adjusting.adjustments, name="adjustments"),
    path("adjustments/<int:adjustment_id>/approve/", adjusting.approve_adjustment, name="approve-adjustment"),
    path("adjustments/<int:adjustment_id>/reject/", adjusting.reject_adjustment, name="reject-adjustment"),
    path("members/<str:member>/", account.account, name="points-account"),
    path("members/<str:member>/adjust/", adjusting.adjust_points, name="adjust-points"),
]

honour_patterns = [
    path("", honour.wall, name="honour"),
    path("boards/", boards.boards, name="boards"),
    path("badges/new/", badges.new_badge, name="new-badge"),
    path("badges/<str:badge>/", badges.badge, name="badge"),
    path("members/<str:member>/give/", honour.give, name="give-badge"),
    path("awards/<str:award>/revoke/", honour.revoke, name="revoke-badge"),
    path("awards/<str:award>/certificate.png", honour.certificate, name="certificate"),
]

penalty_patterns = [
    path("", penalties.penalties, name="penalties"),
    path("members/<str:member>/", penalties.punish, name="punish"),
    path("<str:penalty>/", penalties.penalty, name="penalty"),
    path("<str:penalty>/appeal/", penalties.appeal_penalty, name="appeal-penalty"),
    path("<str:penalty>/decide/", penalties.decide_penalty, name="decide-penalty"),
]
