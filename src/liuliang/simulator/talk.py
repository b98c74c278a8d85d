"""Let a community talk, day by day: conversations that start when its people are awake, until the day has had enough."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from liuliang.simulator import brand
from liuliang.simulator.crowd import DAY, Crowd, Seat
from liuliang.simulator.formats.entries import Kind
from liuliang.simulator.phrases import coffee, service, small_talk, trade
from liuliang.simulator.wording import Wording, roughen

_PILLAR_SHARE = 0.4
"""The part of all lines in a group with a pillar that the pillar says."""

_TO_OTHERS = 0.3
"""How often people of a circle speak to the group at large, against what they would otherwise."""

_WITH_LEADER = 0.75
_ANSWERING = 0.5
"""How often a circle's talk is with its leader, and how often a line in it answers the one before."""

_PACES = {
    "brand": 30, "learning": 40, "deals": 11, "interest": 50, "paid": 55, "service": 60,
    "partner": 200, "flash": 12,
}  # fmt: skip
"""Seconds from one line of a conversation to the next, on average, by type of community."""


@dataclass(slots=True, eq=False)
class Line:
    """A message before it has its number. ``taken_back`` ones never reach a file."""

    at: int
    seat: Seat
    text: str
    kind: Kind = "text"
    reply_to: Line | None = None
    taken_back: bool = False


@dataclass(slots=True)
class Question:
    """A question that was meant as one, and what answered it."""

    asked: Line
    answers: list[Line] = field(default_factory=list)


class Room:
    """One community while it talks. Fills ``lines`` (in no order) and ``questions``. The first of each of its ``circles`` leads it."""

    def __init__(self, crowd: Crowd, *, ending: int, random: Random) -> None:
        self.lines: list[Line] = []
        self.questions: list[Question] = []
        self._crowd = crowd
        self._plan = crowd.plan
        self._ending = ending
        self._random = random
        self._pace = _PACES[crowd.plan.type]
        self._staff = [seat for seat in crowd.seats if seat.layer == "staff"]
        self._pillar = next((seat for seat in crowd.seats if seat.layer == "pillar"), None)
        self.circles = self._form_circles()
        self._present: list[Seat] = []
        self._weights: list[float] = []
        self._episodes: dict[str, Callable[[int], None]] = {
            "talk": lambda at: self._chat(self._small_talk(at), at),
            "brewing": lambda at: self._chat(coffee.BREWING, at),
            "gear": lambda at: self._chat(coffee.GEAR, at),
            "lesson": lambda at: self._chat(coffee.LESSONS, at),
            "articles": lambda at: self._chat(trade.ARTICLES, at),
            "showing": lambda at: self._chat(trade.SHOWINGS, at),
            "complaint": lambda at: self._chat(trade.PRAISE_OR_PAIN, at),
            "partnering": lambda at: self._chat(trade.PARTNERING, at),
            "question": self._ask,
            "check_in": self._check_in,
            "morning": self._greet,
            "offer": self._offer,
            "red_packet": self._red_packet,
            "notice": self._notify,
            "company": self._keep_company,
        }
        self._kinds = list(crowd.plan.episodes)
        # The plan weighs kinds by how much of the talk they are; a long kind must therefore start less often.
        lengths = {"offer": 16.0, "red_packet": 9.0, "check_in": 7.0, "morning": 6.0, "question": 3.0, "notice": 1.0}
        self._chances = [weight / lengths.get(kind, 5.0) for kind, weight in crowd.plan.episodes.items()]

    def speak(self, midnight: int, quota: int) -> int:
        """Fill the day that begins at ``midnight`` with about ``quota`` messages; return how many there are."""
        before = len(self.lines)
        self._present = [seat for seat in self._crowd.seats if self._is_about(seat, midnight)]
        self._weights = list(accumulate(seat.weight for seat in self._present))
        if quota <= 0 or not self._weights or self._weights[-1] <= 0:
            return 0
        self._welcome(midnight)
        hours = list(accumulate(self._plan.hours))
        for _ in range(4 * quota):
            if len(self.lines) - before >= quota:
                break
            hour = bisect(hours, self._random.random() * hours[-1])
            at = midnight + hour * 3600 + int(self._random.random() * 3600)
            kind = self._random.choices(self._kinds, self._chances)[0]
            if at > self._crowd.community.created_at + 900:
                self._episodes[kind](at)
        return len(self.lines) - before

    def open(self, words: str) -> None:
        """Let the owner say the first words."""
        self._say(self._crowd.community.created_at + 30, self._crowd.seats[0], words)

    def _is_about(self, seat: Seat, midnight: int) -> bool:
        return seat.speaks_until > midnight and any(
            start < midnight + DAY and end > midnight for start, end in seat.stays
        )

    def _pick(self, at: int, others: tuple[Seat, ...] = ()) -> Seat | None:
        """Return somebody who may speak at ``at`` and is none of ``others``; None if nobody turns up."""
        random = self._random
        if self._pillar and self._pillar not in others and random.random() < _PILLAR_SHARE and self._pillar.is_here(at):
            return self._pillar
        for _ in range(12):
            seat = self._present[bisect(self._weights, random.random() * self._weights[-1])]
            if seat not in others and seat.may_speak(at):
                return seat
        return None

    def _helper(self, at: int) -> Seat:
        here = [seat for seat in self._staff if seat.is_here(at)]
        return self._random.choice(here)

    def _say(
        self, at: int, seat: Seat | None, text: str, kind: Kind = "text", reply_to: Line | None = None
    ) -> Line | None:
        """Write down what ``seat`` says at ``at``, unless they are not there then or time is over."""
        if seat is None or at >= self._ending or not seat.is_here(at):
            return None
        random = self._random
        line = Line(at, seat, text, kind, reply_to if self._plan.quotes else None)
        self.lines.append(line)
        if (
            kind == "text"
            and self._tells_recall_of(seat)
            and random.random() < 0.004
            and at + 9 < self._ending
            and seat.is_here(at + 9)
        ):
            self.lines.append(Line(at + 4 + int(random.random() * 5), seat, "", taken_back=True))
        return line

    def _tells_recall_of(self, seat: Seat) -> bool:
        """Say whether the file will tell that ``seat`` took something back.

        Telegram deletes without a trace. QQ's text calls whoever exported it 你 and does not say who that was.
        """
        community = self._crowd.community
        if community.source == "qq_txt":
            return seat.person != community.exporter
        return community.platform != "telegram"

    def _pause(self, mean: float) -> int:
        return 2 + int(self._random.expovariate(1 / mean))

    def _chat(self, dialogues: tuple[tuple[str, ...], ...], at: int) -> None:
        """Play one dialogue with whoever is there, and let a few others react."""
        random = self._random
        dialogue = random.choice(dialogues)
        wording = Wording(random, at)
        cast: dict[str, Seat | None] = {}
        last: Line | None = None
        for turn in dialogue:
            letter, phrase = turn[0], turn[1:]
            if letter not in cast:
                others = tuple(seat for seat in cast.values() if seat)
                cast[letter] = self._helper(at) if letter == "S" else self._pick(at, others)
            if phrase == "P":
                line = self._say(at, cast[letter], "", "image")
            else:
                text = wording.fill(phrase)
                answers = last if last and last.seat is not cast[letter] and random.random() < 0.12 else None
                line = self._say(at, cast[letter], text if letter == "S" else roughen(text, random), reply_to=answers)
            last = line or last
            at += self._pause(self._pace)
        self._react(at, int(random.expovariate(0.7)))

    def _form_circles(self) -> list[list[Seat]]:
        """Choose who keeps to themselves: people who like to talk, and from now on talk less to everybody else."""
        lively = [seat for seat in self._crowd.seats if seat.layer == "active"]
        circles = []
        for size in self._plan.circles:
            if len(lively) < size:
                break
            circle = self._random.sample(lively, size)
            lively = [seat for seat in lively if seat not in circle]
            for seat in circle:
                seat.weight *= _TO_OTHERS
            circles.append(circle)
        return circles

    def _keep_company(self, at: int) -> None:
        """Let those of one circle who are there talk among themselves, mostly with who leads it."""
        if not self.circles:
            return
        random = self._random
        leader, *others = random.choice(self.circles)
        here = [seat for seat in others if seat.may_speak(at)]
        random.shuffle(here)
        if leader.may_speak(at) and random.random() < _WITH_LEADER:
            here.insert(0, leader)
        dialogue = random.choice(self._small_talk(at))
        letters = list(dict.fromkeys(turn[0] for turn in dialogue))
        if len(here) < len(letters):
            return
        cast = dict(zip(letters, here, strict=False))
        wording = Wording(random, at)
        last: Line | None = None
        for turn in dialogue:
            seat, phrase = cast[turn[0]], turn[1:]
            kind: Kind = "image" if phrase == "P" else "text"
            answers = last if last and last.seat is not seat and random.random() < _ANSWERING else None
            said = "" if kind == "image" else roughen(wording.fill(phrase), random)
            last = self._say(at, seat, said, kind, reply_to=answers) or last
            at += self._pause(self._pace / 2)

    def _small_talk(self, at: int) -> tuple[tuple[str, ...], ...]:
        """Return dialogues that suit the time of day."""
        hour = (at + brand.UTC_OFFSET) % DAY // 3600
        if 5 <= hour < 10 and self._random.random() < 0.3:
            return small_talk.EARLY_TALK
        if (hour >= 22 or hour < 5) and self._random.random() < 0.4:
            return small_talk.LATE_TALK
        return small_talk.SMALL_TALK

    def _react(self, at: int, count: int) -> None:
        random = self._random
        for _ in range(count):
            chance = random.random()
            if chance < 0.12:
                self._say(at, self._pick(at), "", "sticker")
            elif chance < 0.14:
                self._say(at, self._pick(at), "", "voice")
            elif chance < 0.16:
                self._say(at, self._pick(at), "", "image")
            else:
                self._say(at, self._pick(at), random.choice(small_talk.REACTIONS))
            at += self._pause(self._pace)

    def _ask(self, at: int) -> None:
        """Let a member ask, and the staff and other members answer when they get to it, or nobody."""
        random = self._random
        asker = self._pick(at)
        if asker is None or asker.layer == "staff":
            return
        question, official, friendly = random.choice(service.QUESTIONS)
        self._question(at, asker, question, official, friendly)

    def _question(self, at: int, asker: Seat, question: str, official: str, friendly: str) -> None:
        random = self._random
        wording = Wording(random, at)
        words = wording.fill(question, keep=True)
        opening = random.choice(("", "", "", "请问", "问一下，", "想问下", "求助："))
        if random.random() < 0.12:
            opening = self._calling(self._helper(at)) + opening
        asked = self._say(at, asker, opening + (words[:-1] + "?" if random.random() < 0.1 else words))
        if asked is None:
            return
        thread = Question(asked)
        self.questions.append(thread)
        by_staff = 0.93 if self._plan.type == "service" else 0.55
        if random.random() < by_staff:
            answered = self._awake(at + 20 + int(random.lognormvariate(5.5, 1.1)))
            self._answer(thread, answered, self._helper(at), wording.fill(official, keep=True))
        if random.random() < 0.4:
            answered = at + 15 + int(random.lognormvariate(4.6, 1.0))
            self._answer(thread, answered, self._pick(at, (asker,)), roughen(wording.fill(friendly, keep=True), random))
        thread.answers.sort(key=lambda line: line.at)
        if thread.answers and random.random() < 0.6:
            later = thread.answers[-1].at + self._pause(60)
            self._say(later, asker if asker.may_speak(later) else None, wording.fill(random.choice(service.THANKS)))

    def _answer(self, thread: Question, at: int, seat: Seat | None, words: str) -> None:
        quotes = self._plan.quotes and self._random.random() < 0.55
        calling = "" if quotes or self._random.random() < 0.5 else self._calling(thread.asked.seat)
        line = self._say(at, seat, calling + words, reply_to=thread.asked if quotes else None)
        if line:
            thread.answers.append(line)

    def _calling(self, seat: Seat) -> str:
        # WeChat closes a mention with U+2005, the others with a plain space.
        return f"@{seat.name}" + ("\u2005" if self._plan.platform == "wechat" else " ")

    def _awake(self, at: int) -> int:
        """Return ``at``, or the next morning if the staff are asleep then."""
        second = (at + brand.UTC_OFFSET) % DAY
        opens = 9 * 3600 + int(self._random.random() * 2400)
        if second < 8.5 * 3600:
            return at - second + opens
        return at - second + DAY + opens if second > 22.5 * 3600 else at

    def _check_in(self, at: int) -> None:
        random = self._random
        for _ in range(3 + int(random.expovariate(0.22))):
            seat = self._pick(at)
            self._say(at, seat, Wording(random, at).fill(random.choice(coffee.CHECK_IN_LINES)))
            if random.random() < 0.3:
                self._say(at + 3, seat, "", "image")
            at += self._pause(self._pace * 6)

    def _greet(self, at: int) -> None:
        """Say good morning, or now and then good night, one after the other, each once."""
        random = self._random
        midnight = at - (at + brand.UTC_OFFSET) % DAY
        if random.random() < 0.2:
            phrases, at = small_talk.NIGHTS, midnight + 22 * 3600 + int(random.random() * 5000)
        else:
            phrases, at = small_talk.MORNINGS, midnight + 6 * 3600 + 1200 + int(random.random() * 9000)
        wording = Wording(random, at)
        greeted: tuple[Seat, ...] = ()
        for _ in range(2 + int(random.expovariate(0.25))):
            seat = self._pick(at, greeted)
            if seat and self._say(at, seat, wording.fill(random.choice(phrases))):
                greeted = (*greeted, seat)
            at += self._pause(150)

    def _offer(self, at: int) -> None:
        """Announce an offer, and let the group buy, miss out and ask."""
        random = self._random
        wording = Wording(random, at)
        host = self._helper(at)
        self._say(at, host, wording.fill(random.choice(trade.OFFERS), keep=True))
        if self._plan.platform == "wechat" and random.random() < 0.4:
            self._say(at + 6, host, wording.fill("{product} {price}元"), "mini_program")
        elif random.random() < 0.4:
            self._say(at + 6, host, "", "image")
        at += 15
        for _ in range(4 + int(random.expovariate(0.09))):
            at += self._pause(self._pace)
            if random.random() < 0.06:
                asker = self._pick(at)
                if asker and asker.layer != "staff":
                    question, official = random.choice(trade.OFFER_QUESTIONS)
                    self._question(at, asker, question, official, official)
            elif random.random() < 0.04:
                self._say(at, self._pick(at), "", "image")
            else:
                self._say(at, self._pick(at), roughen(wording.fill(random.choice(trade.OFFER_ECHOES)), random))

    def _red_packet(self, at: int) -> None:
        random = self._random
        wording = Wording(random, at)
        self._say(at, self._helper(at), wording.fill(random.choice(trade.RED_PACKET_WISHES)), "red_packet")
        for _ in range(3 + int(random.expovariate(0.14))):
            at += self._pause(8)
            if random.random() < 0.15:
                self._say(at, self._pick(at), "", "sticker")
            else:
                self._say(at, self._pick(at), wording.fill(random.choice(trade.RED_PACKET_THANKS)))

    def _notify(self, at: int) -> None:
        wording = Wording(self._random, at)
        self._say(at, self._helper(at), wording.fill(self._random.choice(trade.NOTICES)))
        if self._random.random() < 0.3:
            self._say(at + 20, self._helper(at), wording.fill("{lesson}课程资料.pdf"), "file")

    def _welcome(self, midnight: int) -> None:
        """Greet those who came today, and let some of them introduce themselves."""
        random = self._random
        for seat in self._present:
            came = next((start for start, _ in seat.stays if midnight <= start < midnight + DAY), None)
            if came is None or seat.layer == "staff" or random.random() > 0.3:
                continue
            at = came + self._pause(45)
            for _ in range(1 + int(random.expovariate(1.2))):
                self._say(at, self._pick(at, (seat,)), random.choice(small_talk.WELCOMES))
                at += self._pause(20)
            if seat.layer != "lurker" and random.random() < 0.5 and seat.may_speak(at):
                self._say(at, seat, Wording(random, at).fill(random.choice(small_talk.INTRODUCTIONS)))
