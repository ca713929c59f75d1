"""The page of figures, and the lines on the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.bench.measure import Result
from tests.bench.plan import Amounts, Findings

# What each is measured in, and the least share of the bare view that it should reach.
_GOALS = {
    "scans 1": ("scans/s", 0.5),
    "scans 4": ("scans/s", 0.5),
    "scans 16": ("scans/s", 0.5),
    "batches of 500": ("scans/s", 0.5),
    "rush 32": ("answers/s", 0.5),
    "rush 64": ("answers/s", 0.5),
    "rush 32 pages": ("answers/s", None),
    "rush 64 pages": ("answers/s", None),
    "page": ("pages/s", 0.6),
    "roster": ("rosters/s", None),
    "delta": ("deltas/s", None),
    "messages": ("messages/s", 0.6),
}
# How many at most for one scan or registration, and how many of these a request holds.
_MOST_STATEMENTS = {
    **dict.fromkeys(("scans 1", "scans 4", "scans 16"), (4, "scan", 1)),
    "batches of 500": (4, "scan", 500),
    **dict.fromkeys(
        ("rush 32", "rush 64", "rush 32 pages", "rush 64 pages"), (10, "registration", 1)
    ),
}
_MOST_PSS_MIB = 400
_MOST_GROWTH = 1.3
_LEADING = {"scans 16": 25, "rush 32": 7, "page": 41, "messages": 45}


def page(found: Findings, machine: Sequence[str], amounts: Amounts) -> str:
    """Write ``docs/benchmarks.md``."""
    lines = [
        "# Benchmarks",
        "",
        "`make bench` writes this page. The sides take turns within one run on one machine, so read"
        " the ratios first:",
        "*ours* is the product over its real API with real tokens, *bare view* a Django view"
        " without middleware that does the same work in plain SQL on small tables,",
        "*SQL alone* the same statements from threads that each keep a connection. All over"
        " loopback, by real processes, the two web servers by the same command (2 processes).",
        "",
        *(f"* {line}" for line in machine),
        f"* medians of {amounts.rounds} rounds, latencies over all of their requests; a round"
        " before them warms up",
        "",
        "| what | side | a second | of the bare | p50 ms | p95 ms | p99 ms | server CPU ms"
        " | statements |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
        *(
            row
            for name, results in found.results.items()
            if name != "growth"
            for row in _rows(name, results)
        ),
        "",
        *_notes(found),
        "",
        *_budgets(found),
        "",
        *_browser(found),
        "",
        *_leading(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _rows(name: str, results: Mapping[str, Result]) -> Iterator[str]:
    unit, _goal = _GOALS[name]
    for side, result in results.items():
        cells = [
            f"{name} ({unit})" if side == "ours" else "",
            side,
            f"{result.rate:,.0f}" if result.rate >= 10 else f"{result.rate:.1f}",
            f"{share:.0%}" if side == "ours" and (share := share_of_bare(results)) else "",
            *(
                [f"{result.percentile(percent):.1f}" for percent in (50, 95, 99)]
                if result.latencies
                else [""] * 3
            ),
            _middle(result.cpu_ms, "{:.2f}"),
            _middle(result.statements, "{:.1f}"),
        ]
        yield f"| {' | '.join(cells)} |"


def share_of_bare(results: Mapping[str, Result]) -> float | None:
    for name in ("bare view", "bare loop"):
        if name in results:
            return results["ours"].rate / results[name].rate
    return None


def _middle(values: Sequence[float], form: str) -> str:
    return form.format(sorted(values)[len(values) // 2]) if values else ""


def _notes(found: Findings) -> Iterator[str]:
    yield "* In a rush there are 1.25 times as many people as places; after each round the rows of"
    yield "  every slot are counted, and a run that oversold ends with an error."
    yield "* Statements are counted by PostgreSQL itself, for each request, without BEGIN, COMMIT,"
    yield "  savepoints and foreign-key checks. A batch of 500 is one request."
    shares = [
        result.client_cpu[len(result.client_cpu) // 2]
        for results in found.results.values()
        for result in results.values()
        if result.client_cpu
    ]
    if shares:
        yield f"* The client took {max(shares):.0%} of one core at most."


def _budgets(found: Findings) -> Iterator[str]:
    yield "## Budgets (`make bench` measures, tests do not)"
    yield ""
    yield "| budget | measured | held |"
    yield "|---|--:|---|"
    for name, (_unit, goal) in _GOALS.items():
        results = found.results.get(name)
        if results and goal and (share := share_of_bare(results)):
            yield _budget(f"{name}: at least {goal:.0%} of the bare", f"{share:.0%}", share >= goal)
    for name, (most, what, held) in _MOST_STATEMENTS.items():
        if results := found.results.get(name):
            counts = results["ours"].statements
            count = sorted(counts)[len(counts) // 2] / held
            yield _budget(
                f"{name}: at most {most} statements a {what}", f"{count:.2g}", count < most + 0.5
            )
    if found.worker_pss_mib:
        both = found.web_pss_mib + found.worker_pss_mib
        words = f"{both:.0f} MiB ({found.web_pss_mib:.0f} + {found.worker_pss_mib:.0f})"
        yield _budget(
            f"web (2) and worker (2) together: at most {_MOST_PSS_MIB} MiB PSS",
            words,
            both <= _MOST_PSS_MIB,
        )
    if grown := found.results.get("growth"):
        donors, registrations = found.rows
        for name in ("scans 4", "rush 32", "page"):
            small, big = grown[f"{name}, small"], grown[f"{name}, grown"]
            factor = big.percentile(95) / small.percentile(95)
            yield _budget(
                f"{name}: p95 with {donors:,} donors and {registrations:,} registrations"
                f" at most {_MOST_GROWTH} ×",
                f"{factor:.2f} × ({small.percentile(95):.1f} → {big.percentile(95):.1f} ms)",
                factor <= _MOST_GROWTH,
            )


def _budget(words: str, measured: str, held: bool) -> str:
    return f"| {words} | {measured} | {'yes' if held else '**no**'} |"


def _browser(found: Findings) -> Iterator[str]:
    if not found.browser:
        return
    yield "## The scanner in Chromium"
    yield ""
    yield "A film of tickets before the browser's camera, 1280 × 720, 30 pictures a second; a frame"
    yield "counts from its taking to the painted verdict. The browser's own throttling slows the"
    yield "page's main thread alone; so in other rows the page's whole process, with the decoder in"
    yield "it, is stopped for three quarters of the time."
    yield ""
    yield "| what | measured | budget | held |"
    yield "|---|--:|--:|---|"
    for figure in found.browser:
        held = {True: "yes", False: "**no**", None: ""}[figure.held]
        yield f"| {figure.what} | {figure.measured} | {figure.budget} | {held} |"


def _leading(found: Findings) -> Iterator[str]:
    yield "## Beside the leading open-source ticketing system"
    yield ""
    yield "Measured before on such a machine of 2 cores, not in this run: it does 25 scans/s at 16"
    yield "devices (19 statements each), 7 orders/s in a rush of 32 (50 statements), 41 pages/s and"
    yield "45 messages/s, in 1.2 GiB."
    yield ""
    yield "| what | leading | ours | times |"
    yield "|---|--:|--:|--:|"
    for name, rate in _LEADING.items():
        if results := found.results.get(name):
            ours = results["ours"].rate
            yield f"| {name} | {rate} | {ours:,.0f} | {ours / rate:.0f} × |"
