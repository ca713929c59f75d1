"""Rounds in which sides take turns, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench.client import Answers

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of those who are compared.

    :param prepare: makes what one round needs, unmeasured, and returns the round.
    :param pid: whose processor time is told; its children are counted with it.
    :param statements: counts what was sent to the database so far.
    """

    name: str
    prepare: Callable[[], Callable[[], Answers]]
    pid: int | None = None
    statements: Callable[[], int] | None = None


@dataclass
class Result:
    """Medians over the rounds; latencies over all requests of all rounds."""

    name: str
    rates: list[float] = field(default_factory=list)  # operations a second, one a round
    latencies: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)  # of the server, for each operation
    client_cpu: list[float] = field(default_factory=list)  # share of one processor
    statements: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(self.rates)

    def percentile(self, percent: float) -> float:
        """Return a latency in milliseconds."""
        ordered = sorted(self.latencies)
        at = min(len(ordered) - 1, int(len(ordered) * percent / 100))
        return ordered[at] * 1000


def alternate(
    sides: Sequence[Side], *, rounds: int, operations_a_request: int = 1
) -> Mapping[str, Result]:
    """Let the sides take turns: A B C A B C …; a first round of each warms up and is dropped."""
    results = {side.name: Result(side.name) for side in sides}
    for turn in range(-1, rounds):
        for side in sides:
            run = side.prepare()
            asked = side.statements() if side.statements else 0
            cpu = cpu_seconds(side.pid) if side.pid else 0.0
            answers = run()
            if turn < 0:
                continue
            operations = answers.count * operations_a_request
            result = results[side.name]
            result.rates.append(operations / answers.seconds)
            result.latencies += answers.latencies
            result.client_cpu.append(answers.client_cpu_seconds / answers.seconds)
            if side.pid:
                result.cpu_ms.append((cpu_seconds(side.pid) - cpu) * 1000 / operations)
            if side.statements:
                result.statements.append((side.statements() - asked) / answers.count)
    return results


def family(pid: int) -> list[int]:
    """Return a process and all that come from it."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pid: int) -> float:
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])  # user and system
    return ticks / _TICKS


def pss_mib(pid: int) -> float:
    """Return the memory of a process and all that come from it, shared pages by their share."""
    kib = 0
    for one in family(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024
