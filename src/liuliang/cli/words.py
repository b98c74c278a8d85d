"""What a refusal means in a shell."""

from __future__ import annotations

from liuliang.kernel.errors import Refused

_WORDS = {
    "up.running": "Liuliang already runs on {home}. Stop it first, or set LIULIANG_HOME to another folder.",
    "up.port_taken": "Port {port} of {host} is taken by another program, or not for you. Choose another with --port.",
    "up.address_unknown": "{host} is no address of this machine. Choose another with --host.",
    "import.format_unknown": "{name}: the format is not known. Name it with --source; nothing was changed.",
    "import.failed": "{name}: something in it was not foreseen. What was imported stays; the log names the place.",
    "import.file_empty": "{name}: the file is empty.",
    "import.file_missing": "{name}: there is no such file.",
    "import.file_unreadable": "{name}: cannot be read ({reason}). What was imported before stays; run the import again.",
    "import.encoding_unknown": "{encoding}: no such encoding.",
    "import.too_large": "{name}: larger than {limit} bytes. Raise LIULIANG_UPLOAD_BYTES, or cut the export into pieces.",
    "import.zone_unknown": "{zone}: no such time zone. Use a name such as Asia/Shanghai.",
    "import.no_chat": "{name}: holds no chat.",
    "import.archive_broken": "{name}: a broken archive. Export it again, or unpack it and import what is inside.",
    "import.archive_too_large": "{name}: unpacks to more than is safe. Nothing was read; unpack it and import the pieces.",
    "postgres.not_started": "PostgreSQL did not start within half a minute. Its log says why: {log}",
    "demo.not_empty": "This installation has data of its own. Set LIULIANG_HOME to an empty folder for the sample brand.",
    "demo.incomplete": "A sample file could not be imported; see above.",
    "bench.unknown": "{name}: no such benchmark. There are {known}.",
    "bench.size": "{size}: not a size of this benchmark. Sizes are whole numbers, 10m or 50m events, 200k or 1m members.",
    "rebuild.unknown": "{name}: no such projection. There are {known}.",
}


def explain(refusal: Refused) -> str:
    """Return one English sentence; a code without words is shown with its data, so that nothing is hidden."""
    words = _WORDS.get(refusal.code)
    try:
        return words.format(**refusal.data) if words else f"{refusal.code} {refusal.data or ''}".strip()
    except KeyError:
        return f"{refusal.code} {refusal.data}"
