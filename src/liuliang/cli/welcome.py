"""What is said when the product has started."""

from __future__ import annotations

from django.urls import reverse
from rich.console import Console
from rich.panel import Panel

from liuliang.accounts.services import owners
from liuliang.cli.address import own_address
from liuliang.cli.demo import sign_in
from liuliang.cli.words import in_shell
from liuliang.cli.words import marked as _

out = Console()


def welcome(host: str, port: int) -> None:
    """Print the address, and how to sign in for the first time."""
    address = own_address(host, port)
    lines = [f"[bold]{address}[/bold]"]
    sample = sign_in()
    # Asked before anything is said: the database may go away, and then this begins again.
    is_first = sample is None and owners.needs_owner()
    if sample is not None:
        who = in_shell(
            _("用 {email} 登录，密码 {password}"),
            email=f"[bold]{sample[0]}[/bold]",
            password=f"[bold]{sample[1]}[/bold]",
        )
        lines.append(who)
    out.print(Panel("\n".join(lines), title="留量 Liuliang", expand=False, padding=(1, 2)), soft_wrap=True)
    if is_first:
        path = reverse("console:set-up", args=[owners.setup_token()])
        # In the frame it would be cut off where a narrow terminal ends.
        first = in_shell(_("打开这个链接，创建第一位所有者（只能用一次）："))
        out.print(f"{first}\n[bold]{address}{path}[/bold]\n", soft_wrap=True)
    out.print(in_shell(_("按 Ctrl-C 停止。")))
