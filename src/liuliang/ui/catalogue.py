"""Keep the English catalogue in step with the sources, without GNU gettext: ``python -m liuliang.ui.catalogue``.

Chinese is the source language: message ids are Chinese and stand in templates and Python. Run without arguments after
writing new words; ``--missing`` lists what has no English yet as JSON, ``--add FILE`` takes such a JSON back with the
English in it, and ``--check`` fails when a message has no English, is not in the catalogue, or has lost a placeholder.
A development tool: it needs Babel, which an installed product does not have.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent
CATALOGUE = PACKAGE / "locale" / "en" / "LC_MESSAGES" / "django.po"

_OF_ONE = ("_", "gettext", "gettext_lazy", "gettext_noop")
# What `templatize` makes of a template: calls whose arguments are Python literals, amid text blotted out with X.
_LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(n?p?gettext|_)\(\s*({_LITERAL})(?:\s*,\s*({_LITERAL}))?(?:\s*,\s*({_LITERAL}))?", re.DOTALL)
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%[sd]")
# Written into the head instead of the day of writing, so that the file changes only when words do.
_DATE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A message of a source file."""

    singular: str
    plural: str = ""
    context: str = ""
    file: str = ""

    @property
    def key(self) -> str:
        """Name the message as gettext does: the context, if any, and U+0004 before it."""
        return f"{self.context}\x04{self.singular}" if self.context else self.singular

    @property
    def id(self) -> str | tuple[str, str]:
        """Return the id as Babel wants it."""
        return (self.singular, self.plural) if self.plural else self.singular


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit status."""
    parser = argparse.ArgumentParser(description="Keep the English catalogue in step with the sources.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")
    parser.add_argument("--missing", action="store_true", help="print what has no English yet, as JSON")
    parser.add_argument("--add", type=Path, metavar="FILE", help="take English from a JSON of message to text")
    chosen = parser.parse_args(arguments)
    catalogue = merged(list(messages(PACKAGE)), read(CATALOGUE))
    if chosen.check:
        faults = [*problems(catalogue), *stale(catalogue, read(CATALOGUE))]
        sys.stdout.writelines(f"{fault}\n" for fault in faults)
        return 1 if faults else 0
    if chosen.add:
        add(catalogue, json.loads(chosen.add.read_text(encoding="utf-8")))
    write(catalogue, CATALOGUE)
    if chosen.missing:
        wanted = {name_of(message): "" for message in catalogue if message.id and not is_translated(message)}
        sys.stdout.write(f"{json.dumps(wanted, ensure_ascii=False, indent=1)}\n")
    return 0


def messages(folder: Path) -> Iterator[Found]:
    """Find every message in the templates and Python files under a folder."""
    for path in sorted(folder.rglob("*.html")):
        yield from _in_template(path, path.relative_to(folder).as_posix())
    for path in sorted(folder.rglob("*.py")):
        yield from _in_python(path, path.relative_to(folder).as_posix())


def _in_template(path: Path, name: str) -> Iterator[Found]:
    for function, *literals in _CALL.findall(templatize(path.read_text(encoding="utf-8"), origin=name)):
        texts = [ast.literal_eval(literal) for literal in literals if literal]
        yield _found(function, texts, name)


def _in_python(path: Path, name: str) -> Iterator[Found]:
    # Read as a tree: what reads tokens, as Babel does, passes over the calls inside f-strings.
    tree = list(ast.walk(ast.parse(path.read_bytes())))
    functions = _functions(tree)
    for node in tree:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            function = functions[node.func.id]
            texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if len(texts) >= (1 if function in _OF_ONE else 2):
                yield _found(function, texts, name)


def _functions(tree: Sequence[ast.AST]) -> dict[str, str]:
    """Return Django's functions that a file imports, by what it calls them: ``from … import gettext_noop as noop``."""
    imported = [(node.module, alias) for node in tree if isinstance(node, ast.ImportFrom) for alias in node.names]
    functions = {
        alias.asname or alias.name: alias.name for module, alias in imported if module == "django.utils.translation"
    }
    # The shell's own mark, where it is imported and where it is made.
    marks = {alias.asname or alias.name for _module, alias in imported if alias.name == "marked"}
    marks |= {
        target.id
        for node in tree
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == "marked"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return functions | dict.fromkeys(marks, "gettext_noop")


def _found(function: str, texts: list[str], file: str) -> Found:
    if "pgettext" in function:
        return Found(texts[1], texts[2] if function.startswith("n") else "", texts[0], file)
    if function.startswith("ngettext"):
        return Found(texts[0], texts[1], file=file)
    return Found(texts[0], file=file)


def read(path: Path) -> Catalog:
    """Read a catalogue; one that does not exist is empty."""
    if not path.exists():
        return Catalog(locale="en")
    with path.open("rb") as file:
        return read_po(file, locale="en", domain="django")


def merged(found: Sequence[Found], old: Catalog) -> Catalog:
    """Return a catalogue of what was found with the English there was; what is gone from the sources is gone here."""
    new = Catalog(locale="en", domain="django", project="Liuliang", version="1", fuzzy=False)
    new.header_comment = "# English words of Liuliang. The message ids are Chinese, the source language."
    new.msgid_bugs_address = ""
    new.creation_date = new.revision_date = _DATE
    new.last_translator = new.language_team = "Liuliang contributors"
    known = {name_of(message): message for message in old if message.id}
    for one in found:
        earlier = known.get(one.key)
        text = earlier.string if earlier and isinstance(earlier.id, str) == isinstance(one.id, str) else None
        new.add(one.id, text or None, [(one.file, 1)], context=one.context or None)
    return new


def add(catalogue: Catalog, texts: dict[str, str | list[str]]) -> None:
    """Give messages their English; a message with a plural takes a list of two.

    Raises:
        KeyError: the sources have no such message.
    """
    by_name = {name_of(message): message for message in catalogue if message.id}
    for name, text in texts.items():
        if text:
            by_name[name].string = tuple(text) if isinstance(text, list) else text


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue in a stable order, without what changes by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, sort_output=True, include_lineno=False, width=110)


def problems(catalogue: Catalog) -> Iterator[str]:
    """Say what is wrong with the English: missing, or with other placeholders than the Chinese."""
    for message in catalogue:
        if not message.id:
            continue
        if not is_translated(message):
            yield f"no English for: {name_of(message)}  ({', '.join(file for file, _line in message.locations)})"
            continue
        wanted = {place for text in _texts(message.id) for place in _PLACE.findall(text)}
        for text in _texts(message.string):
            if set(_PLACE.findall(text)) - wanted:
                yield f"placeholders that are not in the Chinese: {text}"
        if wanted - {place for text in _texts(message.string) for place in _PLACE.findall(text)}:
            yield f"placeholders of the Chinese are lost: {message.string}"


def stale(fresh: Catalog, written: Catalog) -> Iterator[str]:
    """Say which messages of the sources are not in the written catalogue."""
    there = {name_of(message) for message in written if message.id}
    for message in fresh:
        if message.id and name_of(message) not in there:
            yield f"not in the catalogue, run python -m liuliang.ui.catalogue: {name_of(message)}"


def name_of(message: Message) -> str:
    """Name a message as `Found.key` does."""
    singular = _texts(message.id)[0]
    return f"{message.context}\x04{singular}" if message.context else singular


def is_translated(message: Message) -> bool:
    """Tell whether every form has its words."""
    texts = _texts(message.string)
    return bool(texts) and all(texts)


def _texts(value: str | Sequence[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


if __name__ == "__main__":
    sys.exit(main())
