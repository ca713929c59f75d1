"""What is measured, in which order, and how much of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from django.db import connection

from tests.bench import messages, reads, rush, scans
from tests.bench.browser import Figure, figures
from tests.bench.client import Answers
from tests.bench.measure import Result, Side, alternate, pss_mib
from tests.bench.parts import BARE, GROWN, OURS, Parts, Server, use_database
from tests.bench.people import loading, our_drive, register_people
from tests.bench.statements import Statements

Round = Callable[[], Answers]
SCANS = ("scans 1", "scans 4", "scans 16", "batches of 500")
RUSHES = ("rush 32", "rush 64", "rush 32 pages", "rush 64 pages")
READS = ("page", "roster", "delta")
ALL = (*SCANS, *RUSHES, *READS, "messages", "growth", "browser")


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """How much each round does."""

    rounds: int = 3
    scans: int = 500
    places: int = 400
    pages: int = 1000
    roster: int = 5000
    messages: int = 1500
    donors: int = 100_000
    filmed_seconds: int = 40


QUICK = Amounts(
    rounds=1, scans=200, places=160, pages=300, messages=400, donors=10_000, filmed_seconds=15
)
BIG = Amounts(donors=1_000_000)


@dataclass
class Findings:
    """Results by measurement and side."""

    results: dict[str, Mapping[str, Result]] = field(default_factory=dict)
    browser: list[Figure] = field(default_factory=list)
    web_pss_mib: float = 0.0
    worker_pss_mib: float = 0.0
    rows: tuple[int, int] = (0, 0)  # donors and registrations of the grown database


class Plan:
    """One run. ``say`` tells how far it is."""

    def __init__(self, parts: Parts, amounts: Amounts, say: Callable[[str], None]) -> None:
        self.parts, self.amounts, self.say = parts, amounts, say
        self.found = Findings()
        self.ours, self.bare = parts.serve(OURS), parts.serve(BARE)
        self.bare_url = parts.postgresql.url(BARE)

    def go(self, wanted: list[str]) -> Findings:
        steps: dict[str, Callable[[str], Mapping[str, Result]]] = {
            **{f"scans {n}": partial(self.scans, devices=n) for n in (1, 4, 16)},
            "batches of 500": self.batches,
            **{f"rush {n}": partial(self.rush, clients=n) for n in (32, 64)},
            **{f"rush {n} pages": partial(self.rush_on_pages, clients=n) for n in (32, 64)},
            "page": self.page,
            "roster": self.roster,
            "delta": self.delta,
            "messages": self.messages,
            "growth": self.growth,
        }
        for name, step in steps.items():
            if name in wanted:
                self.say(name)
                self.found.results[name] = step(name)
        if "browser" in wanted:
            use_database(OURS)
            self.found.browser = figures(
                self.ours.port,
                people=self.amounts.roster,
                seconds=self.amounts.filmed_seconds,
                say=self.say,
            )
        return self.found

    def side(self, prepare: Callable[[], Round], *, of: str, name: str = "") -> Side:
        server = {OURS: self.ours, BARE: self.bare}[of]
        return Side(
            name=name or {OURS: "ours", BARE: "bare view"}[of],
            prepare=prepare,
            pid=server.process.pid,
            statements=Statements(self.parts.postgresql.url(), of).count,
        )

    # --- Scans -----------------------------------------------------------------------------------

    def scans(self, _name: str, *, devices: int) -> Mapping[str, Result]:
        count = self.amounts.scans if devices > 1 else self.amounts.scans // 2
        much = {"devices": devices, "requests": count}
        return alternate(
            [
                self.side(lambda: scans.ours(self.ours.port, **much), of=OURS),
                self.side(lambda: scans.bare(self.bare.port, self.bare_url, **much), of=BARE),
                Side(name="SQL alone", prepare=lambda: scans.alone(self.bare_url, **much)),
            ],
            rounds=self.amounts.rounds,
        )

    def batches(self, _name: str) -> Mapping[str, Result]:
        much = {"devices": 1, "requests": 2, "batch": 500}
        return alternate(
            [
                self.side(lambda: scans.ours(self.ours.port, **much), of=OURS),
                self.side(lambda: scans.bare(self.bare.port, self.bare_url, **much), of=BARE),
                Side(name="SQL alone", prepare=lambda: scans.alone(self.bare_url, **much)),
            ],
            rounds=self.amounts.rounds,
            operations_a_request=500,
        )

    # --- A rush ----------------------------------------------------------------------------------

    def rush(self, _name: str, *, clients: int) -> Mapping[str, Result]:
        much = {"clients": clients, "places": self.amounts.places}
        return alternate(
            [
                self.side(lambda: rush.api(self.ours.port, **much), of=OURS),
                self.side(lambda: rush.bare(self.bare.port, self.bare_url, **much), of=BARE),
                Side(name="SQL alone", prepare=lambda: rush.alone(self.bare_url, **much)),
            ],
            rounds=self.amounts.rounds,
        )

    def rush_on_pages(self, _name: str, *, clients: int) -> Mapping[str, Result]:
        much = {"clients": clients, "places": self.amounts.places}
        return alternate(
            [
                self.side(lambda: rush.pages(self.ours.port, **much), of=OURS),
                self.side(lambda: rush.bare(self.bare.port, self.bare_url, **much), of=BARE),
            ],
            rounds=self.amounts.rounds,
        )

    # --- Reads -----------------------------------------------------------------------------------

    def page(self, _name: str) -> Mapping[str, Result]:
        drive = our_drive(slots=8, capacity=25, people=100).drive
        slug = reads.bare_page(self.bare_url, slots=8, people=100)
        much = {"clients": 16, "requests": self.amounts.pages}
        path = drive.get_absolute_url()
        return alternate(
            [
                self.side(lambda: reads.get_often(self.ours.port, path, **much), of=OURS),
                self.side(lambda: reads.get_often(self.bare.port, f"/d/{slug}/", **much), of=BARE),
                self.side(
                    lambda: reads.get_often(self.bare.port, "/nothing/", **much),
                    of=BARE,
                    name="bare, no SQL",
                ),
                Side(
                    name="SQL alone", prepare=lambda: reads.page_alone(self.bare_url, slug, **much)
                ),
            ],
            rounds=self.amounts.rounds,
        )

    def roster(self, _name: str) -> Mapping[str, Result]:
        people = self.amounts.roster
        ours = our_drive(slots=1, capacity=people, people=people, today=True)
        return alternate(
            [
                self.side(
                    lambda: reads.roster(self.ours.port, ours, requests=4, people=people), of=OURS
                )
            ],
            rounds=self.amounts.rounds,
        )

    def delta(self, _name: str) -> Mapping[str, Result]:
        people = self.amounts.roster
        ours = our_drive(slots=1, capacity=people, people=people, today=True)
        return alternate(
            [self.side(lambda: reads.delta(self.ours.port, ours, requests=200), of=OURS)],
            rounds=self.amounts.rounds,
        )

    # --- Messages, memory ------------------------------------------------------------------------

    def messages(self, _name: str) -> Mapping[str, Result]:
        self.found.web_pss_mib = pss_mib(self.ours.process.pid)
        sent = messages.letters(self.parts, count=self.amounts.messages, rounds=self.amounts.rounds)
        self.found.worker_pss_mib = sent.worker_pss_mib
        return {"ours": sent.worker, "bare loop": sent.bare}

    # --- Growth ----------------------------------------------------------------------------------

    def growth(self, _name: str) -> Mapping[str, Result]:
        """Compare what the server does over a small and over a grown database, in turns."""
        for server in (self.ours, self.bare):
            self.parts.end(server.process)
        self.parts.copy(GROWN)
        self.ours = small = self.parts.serve(OURS)  # what is measured afterwards needs one too
        results: dict[str, Result] = {}
        grown = self._grow()
        kinds: dict[str, Callable[[Server], Round]] = {
            "scans 4": lambda server: scans.ours(
                server.port, devices=4, requests=self.amounts.scans // 2
            ),
            "rush 32": lambda server: rush.api(
                server.port, clients=32, places=self.amounts.places // 2
            ),
            "page": self._page_of,
        }
        for kind, prepare in kinds.items():
            sides = [
                Side(name=f"{kind}, {size}", prepare=self._over(database, partial(prepare, server)))
                for size, database, server in (("small", OURS, small), ("grown", GROWN, grown))
            ]
            results |= alternate(sides, rounds=max(2, self.amounts.rounds))
        use_database(OURS)
        return results

    def _page_of(self, server: Server) -> Round:
        path = our_drive(slots=8, capacity=25, people=100).drive.get_absolute_url()
        return reads.get_often(server.port, path, clients=4, requests=self.amounts.pages // 2)

    def _over(self, database: str, prepare: Callable[[], Round]) -> Callable[[], Round]:
        def over() -> Round:
            use_database(database)
            run = prepare()

            def measured() -> Answers:
                use_database(database)
                return run()

            return measured

        return over

    def _grow(self) -> Server:
        """Fill the copy with donors who each came five times, then serve it."""
        use_database(GROWN)
        donors = self.amounts.donors
        drives_a_time = 5
        groups = max(1, donors // 5000)
        with loading():
            for group in range(groups):
                drives = [
                    our_drive(slots=8, capacity=donors // groups).drive.pk
                    for _n in range(drives_a_time)
                ]
                register_people(drives, donors // groups)
                if group % 20 == 19:
                    self.say(f"growth: {(group + 1) * (donors // groups):,} donors loaded")
            self.say("growth: indexes")
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute(
                "SELECT (SELECT count(*) FROM donors_donor),"
                " (SELECT count(*) FROM registrations_registration)"
            )
            self.found.rows = cursor.fetchone()
        return self.parts.serve(GROWN)
