"""What a page asks about the person who looks at it: ``{% load doors %}``."""

from __future__ import annotations

from django import template
from django.template.context import RequestContext

from liuliang.accounts.permissions import PERMISSIONS
from liuliang.console.doors import access_of
from liuliang.people.models import Community

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: RequestContext, permission: str, community: Community | None = None) -> bool:
    """Tell whether a button belongs on the page: ``{% may "members.edit" community as can_edit %}``.

    Without a community it asks whether the permission holds anywhere at all. The button's own view asks again.
    """
    if permission not in PERMISSIONS:
        raise template.TemplateSyntaxError(f"{permission!r} is not in liuliang.accounts.permissions")
    access = access_of(context["request"])
    return access is not None and access.may(permission, community)
