"""What is said when the product has started."""

from __future__ import annotations

from django.urls import reverse
from rich.console import Console
from rich.panel import Panel

from liuliang.accounts.services import owners
from liuliang.cli.demo import sign_in

out = Console()


def welcome(host: str, port: int) -> None:
    """Print the address, and how to sign in for the first time."""
    address = f"http://{'localhost' if host in {'127.0.0.1', '0.0.0.0', '::', '::1'} else host}:{port}"  # noqa: S104
    lines = [f"[bold]{address}[/bold]"]
    sample = sign_in()
    if sample is not None:
        lines.append(f"sign in as [bold]{sample[0]}[/bold] with [bold]{sample[1]}[/bold]")
    out.print(Panel("\n".join(lines), title="留量 Liuliang", expand=False, padding=(1, 2)), soft_wrap=True)
    if sample is None and owners.needs_owner():
        path = reverse("console:set-up", args=[owners.setup_token()])
        # In the frame it would be cut off where a narrow terminal ends.
        out.print(f"Open this once to make the first owner:\n[bold]{address}{path}[/bold]\n", soft_wrap=True)
    out.print("Stop with Ctrl-C.")
