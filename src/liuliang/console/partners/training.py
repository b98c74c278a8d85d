"""培训: what partners are to learn, and the marks that staff make as they learn it."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import PARTNERS_MANAGE, PARTNERS_VIEW
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.leading import back
from liuliang.console.partners.tabs import partner_tabs
from liuliang.kernel import clock
from liuliang.partners.links import LONGEST
from liuliang.partners.models import Partner, TrainingItem
from liuliang.partners.training import NewTraining, curriculum, note_trained, save_item, take_back_training
from liuliang.people.access import Access


@finds("training_item")
def find_item(access: Access, permission: str, value: str) -> TrainingItem | None:
    """Find something to learn; whoever may see one sees all."""
    if not access.may(permission) or not value.isdecimal() or len(value) > 18:
        return None
    return TrainingItem.objects.filter(pk=int(value)).first()


class ItemForm(forms.Form):
    """Something to learn."""

    title = forms.CharField(label=gettext_lazy("学什么"), max_length=80)
    text = forms.CharField(
        label=gettext_lazy("要点"), max_length=2_000, required=False, widget=forms.Textarea({"rows": 5})
    )
    link = forms.CharField(
        label=gettext_lazy("在哪里学"), max_length=LONGEST, required=False,
        help_text=gettext_lazy("文章或视频的网址，以 https:// 开头；线下讲的就留空。"),
    )  # fmt: skip
    is_active = forms.BooleanField(label=gettext_lazy("还在教"), required=False, initial=True)


@page(permission=PARTNERS_VIEW)
def training(request: StaffRequest) -> HttpResponse:
    """Show what there is to learn, and how many have learnt it."""
    context = {
        "items": curriculum(),
        "people": Partner.objects.filter(is_active=True).count(),
        "may_manage": request.access.may(PARTNERS_MANAGE),
        "tabs": partner_tabs(),
    }
    return render(request, "console/partners/training.html", context)


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def new_item(request: StaffRequest) -> HttpResponse:
    """Write something to learn."""
    return _edited(request, None, _("添加培训"))


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def edit_item(request: StaffRequest, training_item: TrainingItem) -> HttpResponse:
    """Change something to learn."""
    return _edited(request, training_item, _("修改培训"))


def _edited(request: StaffRequest, known: TrainingItem | None, title: str) -> HttpResponse:
    fields = ("title", "text", "link", "is_active")
    form = ItemForm(request.POST or None, initial={one: getattr(known, one) for one in fields} if known else None)
    if done(form, lambda told: save_item(NewTraining(**told), at=clock.now(), item=known)):
        return back(request, reverse("console:partner-training"), _("培训已保存。谁学完了，在他的页面上勾。"))
    return dialog(request, form, title, _("保存"))


@page(permission=PARTNERS_MANAGE, methods=("POST",))
def note(request: StaffRequest, partner: Partner, training_item: TrainingItem) -> HttpResponse:
    """Note that a partner has learnt something."""
    note_trained(partner, training_item, at=clock.now())
    return back(request, _page(partner), _("已记下“{title}”学完了。").format(title=training_item.title))


@page(permission=PARTNERS_MANAGE, methods=("POST",))
def take_back(request: StaffRequest, partner: Partner, training_item: TrainingItem) -> HttpResponse:
    """Take back that a partner has learnt something."""
    take_back_training(partner, training_item)
    return back(request, _page(partner), _("已撤回“{title}”的记录。").format(title=training_item.title))


def _page(partner: Partner) -> str:
    return reverse("console:partner", args=[partner.public_id])
