"""The pages about partners, as tabs above each of them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def partner_tabs() -> list[tuple[str | Promise, str, None]]:
    """Return the pages about partners; whoever may see one of them may see all."""
    return [
        (pgettext_lazy("several", "合伙人"), reverse("console:partners"), None),
        (_("排行"), reverse("console:partner-ranking"), None),
        (_("素材"), reverse("console:partner-materials"), None),
        (_("培训"), reverse("console:partner-training"), None),
        (_("佣金方案"), reverse("console:partner-plans"), None),
        (_("结算"), reverse("console:settlements"), None),
    ]
