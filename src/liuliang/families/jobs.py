"""What is done for families from time to time."""

from __future__ import annotations

from liuliang.families.belonging import look_through
from liuliang.families.models import Family
from liuliang.kernel import clock
from liuliang.kernel.jobs import job


@job("families.look", every="41 * * * *", lock="families.look")
def look(timestamp: int) -> None:
    """Count who is to be asked over in each family, for the overview: there it must not be worked out while somebody waits."""
    del timestamp
    for family in Family.objects.filter(dissolved_at=None).order_by("pk"):
        at = clock.now()
        to_invite = look_through(family, at=at).to_invite
        Family.objects.filter(pk=family.pk, dissolved_at=None).update(to_invite=to_invite, looked_at=at)
