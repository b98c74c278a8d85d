"""Looking colleagues up by what files and other programs call them."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet

from liuliang.accounts.models import Staff
from liuliang.accounts.words import normal, normal_email


def colleagues_called(words: Collection[str], among: QuerySet[Staff]) -> dict[str, int]:
    """Return the ids of those among some staff by their e-mail or their name; a name that two of them have is nobody's."""
    wanted = {each: (normal_email(each), normal(each)) for each in words if each.strip()}
    known = among.filter(
        Q(email__in=[email for email, _name in wanted.values()])
        | Q(name__in=[name for _email, name in wanted.values()])
    )
    rows = list(known.values_list("pk", "email", "name"))
    found: dict[str, int] = {}
    for each, (email, name) in wanted.items():
        same = {pk for pk, its_email, its_name in rows if its_email == email} or {
            pk for pk, _email, its_name in rows if its_name == name
        }
        if len(same) == 1:
            found[each] = same.pop()
    return found
