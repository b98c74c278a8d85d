"""One run of one import: where it reads, whom it knows, and how far the log has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import IMPORTS_RUN, MEMBERS_MERGE
from liuliang.importers import storage
from liuliang.importers.base import Chat, Inspection, Options, Read, Source, sources
from liuliang.importers.models import Import, ImportProblem
from liuliang.importers.records import Joined, Left, MemberRow, Message, OrderRow, ScoreRow, Unreadable
from liuliang.importers.scoring import Row as Score
from liuliang.importers.scoring import bring_in_scores
from liuliang.importers.tabling import Brought, bring_in_members, bring_in_orders, counts_of, wrong_with
from liuliang.importers.text import unreadable
from liuliang.importers.translating import ChatRecord, Translator, clean, instant_of, is_of_chat, last_possible
from liuliang.kernel import clock, log
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.logs import get_logger
from liuliang.people.access import Access
from liuliang.people.communities import chat_community, remember_chat
from liuliang.people.models import Community
from liuliang.people.names import clean_name

logger = get_logger(__name__)

BATCH = 10_000
"""Records per transaction: long enough for COPY to pay, short enough that readers are never held back for long."""

PROBLEMS_KEPT = 10_000
"""Unreadable places of one import that are kept for its error file; all are counted."""

CELL_KEPT = 2_000
"""Characters of a cell that are kept with an unreadable row."""

TELLINGS = 100
"""How often one batch may tell of one order; each telling is brought in by itself, as if it came in a file of its own."""

_Telling = dict[str, tuple[OrderRow, datetime, int]]
"""Orders by number, no number twice: each with its instant and its line."""

_CHATS = 0x696E
"""First half of PostgreSQL's advisory locks; the second half is the chat."""

_NAMES: dict[type, str] = {Message: "messages", Joined: "joins", Left: "leaves"}


class Superseded(Exception):  # noqa: N818 - an answer to another run, not a fault
    """Somebody else runs this import, or it was cancelled: this run ends without a trace."""


class Run:
    """A run in this process; the row in the database decides whether it may go on."""

    def __init__(self, row: Import) -> None:
        self.row = row
        self._source: Source = sources()[row.source]
        self._inspection = msgspec.convert(row.inspection, Inspection)
        self._options = msgspec.convert(row.options, Options)
        self._latest = last_possible(clock.now())
        self._translators: dict[Chat, Translator] = {}

    def batches(self) -> Iterator[list[Read]]:
        """Yield what is still to be imported, after passing over what an earlier run has brought into the log."""
        reads = self._source.read(Path(self.row.path), self._inspection, self._options)
        passed = 0
        while passed < self.row.checkpoint:
            behind = list(islice(reads, min(BATCH, self.row.checkpoint - passed)))
            if not behind:
                return
            passed += len(behind)
            for chat, said in self._by_chat(behind).items():
                self._translator(chat).skip(record for _, record in said)
        while batch := list(islice(reads, BATCH)):
            yield batch

    def commit(self, batch: Sequence[Read]) -> None:
        """Bring one batch into the log, with the mark of how far it reaches, in one transaction.

        Raises:
            Superseded: nothing was changed.
        """
        chats = self._by_chat(batch)
        spoken = sum(is_of_chat(read.record) for read in batch)
        counts = Counter(read=len(batch), private=spoken - sum(map(len, chats.values())))
        problems = [read.record for read in batch if isinstance(read.record, Unreadable)]
        facts: list[Fact] = []
        for chat, said in chats.items():
            translated = self._translator(chat).translate(said)
            facts += translated.facts
            problems += translated.refused
            named = {_NAMES[kind]: number for kind, number in translated.kinds.items() if kind in _NAMES}
            counts.update(named, others=len(translated.facts) - sum(named.values()))
            counts.update(counts_of(translated.people))
        rows, doubtful = self._bring_in_rows(batch)
        answered, unanswered = self._bring_in_scores(batch)
        rows.append(answered)
        problems += [*doubtful, *unanswered]
        with transaction.atomic():
            row = Import.objects.select_for_update().get(pk=self.row.pk)
            if row.state != "running" or row.checkpoint != self.row.checkpoint:
                raise Superseded
            _hold_chats(facts, *(brought.facts for brought in rows))
            added = log.append(facts)
            counts.update(added=added, known=len(facts) - added)
            for brought in rows:
                # A row of a list counts once, whatever it has to log.
                log.append(brought.facts)
                counts.update(brought.counts)
            self._keep_problems(row, problems, {read.line: read.cells for read in batch if read.cells})
            row.checkpoint += len(batch)
            row.progress = batch[-1].position
            counts.update(row.counts)
            row.counts = dict(counts)
            row.save(update_fields=["checkpoint", "progress", "counts", "unreadable"])
        self.row = row

    def pause(self) -> Import:
        """Leave the import to a later run, because this process stops.

        Raises:
            Superseded: it was cancelled, or another run has gone on.
        """
        mine = Import.objects.filter(pk=self.row.pk, state="running", checkpoint=self.row.checkpoint)
        if not mine.update(state="queued"):
            raise Superseded
        self.row.state = "queued"
        return self.row

    def fail(self, refusal: Refused) -> Import:
        """End the import with a reason that a person can act on; the file is kept, so that it can be started again.

        Raises:
            Superseded: it was cancelled, or another run has gone on.
        """
        mine = Import.objects.filter(pk=self.row.pk, state="running", checkpoint=self.row.checkpoint)
        told = {key: str(value) for key, value in refusal.data.items()}
        if not mine.update(state="failed", error=refusal.code, error_data=told, finished_at=clock.now()):
            raise Superseded
        self.row.refresh_from_db()
        return self.row

    def finish(self) -> Import:
        """Close the import and drop the file: what it said is in the log, and people's words are not kept twice."""
        with transaction.atomic():
            row = Import.objects.select_for_update().get(pk=self.row.pk)
            if row.state != "running":
                raise Superseded
            path, row.path = row.path, ""
            row.state, row.finished_at, row.progress = "done", clock.now(), row.size
            row.inspection = storage.without_samples(row.inspection)
            row.save(update_fields=["state", "finished_at", "progress", "path", "inspection"])
        storage.drop(path)
        logger.info("import done", import_id=row.pk, source=row.source, **row.counts)
        return row

    def _by_chat(self, batch: Sequence[Read]) -> dict[Chat, list[tuple[int, ChatRecord]]]:
        """Return what was said in each group, with its lines.

        Private chats are nobody's community and are passed over. But where a group has two who speak, a file may look like a
        private chat: then whoever imports it says so by naming its community.
        """
        is_named = self.row.community_id is not None and len(self._inspection.chats) <= 1
        chats: dict[Chat, list[tuple[int, ChatRecord]]] = {}
        # Record after record is of one chat: only a change of chat is looked up.
        for chat, reads in groupby(batch, attrgetter("chat")):
            if is_named or chat.is_group:
                said = [(read.line, read.record) for read in reads if is_of_chat(read.record)]
                if said:
                    chats.setdefault(chat, []).extend(said)
        return chats

    def _translator(self, chat: Chat) -> Translator:
        known = self._translators.get(chat)
        if known is None:
            alone = len(self._inspection.chats) <= 1
            community = self.row.community if alone else None
            if community is None:
                community = chat_community(chat.platform, chat.key or chat.title, chat.title, at=clock.now())
            else:
                remember_chat(community, chat.platform, chat.key or chat.title)
            zone = ZoneInfo(self.row.timezone or community.timezone)
            known = self._translators[chat] = Translator(chat, community.pk, zone, self._latest, self._may_merge())
        return known

    def _bring_in_rows(self, batch: Sequence[Read]) -> tuple[list[Brought], list[Unreadable]]:
        """Bring in the rows of a member list or an order list; return what they brought, and what is doubtful."""
        community, started = self.row.community_id, self.row.started_at or clock.now()
        members: list[tuple[MemberRow, datetime | None]] = []
        lines: list[int] = []
        tellings: list[_Telling] = []
        told: Counter[str] = Counter()
        doubts: list[Unreadable] = []
        for read in batch:
            row = read.record
            if isinstance(row, MemberRow):
                at = self._instant(row.joined_at) if row.joined_at else None
                if row.joined_at and at is None:
                    doubts.append(Unreadable(read.line, "date_out_of_range", f"{row.joined_at} {row.person.name}"))
                members.append((row, at))
                lines.append(read.line)
            elif isinstance(row, OrderRow):
                at = self._instant(row.at)
                if at is None:
                    doubts.append(Unreadable(read.line, "date_out_of_range", f"{row.number} {row.at}"))
                elif wrong := wrong_with(row):
                    doubts.append(Unreadable(read.line, wrong, row.number))
                elif told[row.number] == TELLINGS:
                    doubts.append(Unreadable(read.line, "order_told_differently", row.number))
                else:
                    if told[row.number] == len(tellings):
                        tellings.append({})
                    tellings[told[row.number]][row.number] = row, at, read.line
                    told[row.number] += 1
        may_merge, among = self._may_merge(), self._may_reach()
        listed = bring_in_members(
            members, community=community, listed_at=started, file=self.row.digest, may_merge=may_merge, among=among
        )
        doubts += [Unreadable(lines[place], "member_elsewhere", "") for place in listed.elsewhere]
        brought = [listed]
        for telling in tellings:
            orders = [(row, at) for row, at, _ in telling.values()]
            bought = bring_in_orders(
                orders, community=community, at=started, may_merge=may_merge, among=among, chargeable=self._chargeable()
            )
            doubts += [Unreadable(telling[number][2], reason, number) for number, reason in bought.doubts.items()]
            brought.append(bought)
        return brought, doubts

    def _bring_in_scores(self, batch: Sequence[Read]) -> tuple[Brought, list[Unreadable]]:
        """Bring in the answers of a survey; return what they brought, and what is doubtful."""
        rows: list[Score] = []
        doubts: list[Unreadable] = []
        for read in batch:
            row = read.record
            if isinstance(row, ScoreRow):
                at = self._instant(row.at)
                if at is None:
                    doubts.append(Unreadable(read.line, "date_out_of_range", f"{row.person.name} {row.at}"))
                else:
                    rows.append((row, at, read.line))
        if not rows:
            return Brought(), doubts
        brought, left_out = bring_in_scores(
            rows,
            community=self.row.community_id,
            groups=self._groups({row.group for row, _at, _line in rows} - {""}),
            at=self.row.started_at or clock.now(),
            may_merge=self._may_merge(),
            among=self._may_reach(),
        )
        cells = {read.line: read.cells for read in batch}
        return brought, [*doubts, *(unreadable(line, reason, ", ".join(cells[line])) for line, reason in left_out)]

    def _may_merge(self) -> bool:
        """Tell whether the file may merge members: merging reaches beyond the community that the import is allowed for."""
        staff = self.row.staff
        return staff is None or Access(staff).may_everywhere(MEMBERS_MERGE)

    def _may_reach(self) -> frozenset[int] | None:
        """Return the communities whose orders the file may change; None for all."""
        staff = self.row.staff
        return None if staff is None else Access(staff).community_ids(IMPORTS_RUN)

    def _groups(self, names: Collection[str]) -> dict[str, int]:
        """Return the communities that the file may name, by name; a name that several bear is nobody's."""
        reach = self._may_reach()
        wanted = {clean_name(name) for name in names}
        rows = Community.objects.filter(archived_at=None, name__in=wanted)
        if reach is not None:
            rows = rows.filter(pk__in=reach)
        found = list(rows.values_list("name", "pk"))
        borne = Counter(name for name, _pk in found)
        return {name: pk for name, pk in found if borne[name] == 1}

    def _chargeable(self) -> QuerySet[Staff]:
        """Return the colleagues whom the file may name as in charge of its orders."""
        staff = self.row.staff
        return Staff.objects.filter(is_active=True) if staff is None else Access(staff).chargeable(IMPORTS_RUN)

    def _instant(self, at: datetime) -> datetime | None:
        return instant_of(at, ZoneInfo(self.row.timezone), self._latest)

    @staticmethod
    def _keep_problems(row: Import, problems: Sequence[Unreadable], rows: Mapping[int, Sequence[str]]) -> None:
        room = max(0, PROBLEMS_KEPT - row.unreadable)
        ImportProblem.objects.bulk_create(
            ImportProblem(
                import_run=row, line=each.line, reason=each.reason[:60], excerpt=clean(each.excerpt, 200),
                cells=[clean(cell, CELL_KEPT) for cell in rows.get(each.line, ())],
            )
            for each in problems[:room]
        )  # fmt: skip
        row.unreadable += len(problems)


def _hold_chats(*logged: Sequence[Fact]) -> None:
    """Let one import at a time bring in a batch of a chat, or of a list of one community.

    Two exports of one chat hold the same facts in different orders, and facts that both insert wait for each other.
    """
    sources = sorted({fact.source for facts in logged for fact in facts})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, chat) FROM"
            " (SELECT DISTINCT hashtext(source) AS chat FROM unnest(%s::text[]) AS s (source) ORDER BY 1) AS chats",
            [_CHATS, sources],
        )
