"""Registries of plug-ins: one file each, found in a folder or offered by another package's entry point."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, Protocol, TypeVar


class Keyed(Protocol):
    """Anything with a stable key."""

    @property
    def key(self) -> str:
        """Stable name, unique in its registry."""
        ...


P = TypeVar("P", bound=Keyed)


class Registry(Generic[P]):
    """Plug-ins by key, in alphabetical order of their keys."""

    def __init__(self, plugins: dict[str, P]) -> None:
        self._plugins = dict(sorted(plugins.items()))

    @classmethod
    def discover(cls, package: str, *, attribute: str) -> Registry[P]:
        """Import every module of ``package`` and every entry point of the group of that name; take ``attribute`` of each.

        Raises:
            ValueError: two plug-ins have one key, or a module of the folder lacks the attribute.
        """
        found: dict[str, P] = {}
        folder = importlib.import_module(package)
        modules = [importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(folder.__path__)]
        offered = [(module.__name__, getattr(module, attribute, None)) for module in modules]
        offered += [(point.value, point.load()) for point in entry_points(group=package)]
        for origin, plugin in offered:
            if plugin is None:
                msg = f"{origin} defines no {attribute}"
                raise ValueError(msg)
            if plugin.key in found:
                msg = f"two plug-ins of {package} have the key {plugin.key!r}; the second is {origin}"
                raise ValueError(msg)
            found[plugin.key] = plugin
        return cls(found)

    def __getitem__(self, key: str) -> P:
        """Return the plug-in with this key; KeyError when there is none."""
        return self._plugins[key]

    def get(self, key: str) -> P | None:
        """Return the plug-in with this key, or None."""
        return self._plugins.get(key)

    def __iter__(self) -> Iterator[P]:
        """Iterate over the plug-ins."""
        return iter(self._plugins.values())

    def __len__(self) -> int:
        """Count the plug-ins."""
        return len(self._plugins)
