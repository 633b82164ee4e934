"""Statistics and tables: every figure of ours stands beside a baseline of the same run.

Absolute times move from machine to machine and from minute to minute, so what counts is the ratio
of two medians whose rounds were interleaved. A target that is missed is told, and fails nothing.
"""

import argparse
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of several rounds of one thing, in one unit."""

    figures: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        """The figure that stands for the sample."""
        return statistics.median(self.figures)

    def __str__(self) -> str:
        low, high = min(self.figures), max(self.figures)
        if low == high:
            return f"{shown(low)} {self.unit}"
        return f"{shown(self.median)} ({shown(low)}–{shown(high)}) {self.unit}"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a benchmark's table. Without a target it only informs."""

    name: str
    ours: Sample
    baseline: Sample | None = None
    target: str = "–"
    is_met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours divided by the baseline."""
        if self.baseline is None or not self.baseline.median:
            return None
        return self.ours.median / self.baseline.median


def sample(figures: Sequence[float], unit: str) -> Sample:
    """Return a sample of figures that are in one unit."""
    return Sample(tuple(figures), unit)


def at_most(name: str, ours: Sample, limit: float, baseline: Sample | None = None) -> Line:
    """Return a line whose median may not be above a limit."""
    target = f"≤ {shown(limit)} {ours.unit}"
    return Line(name, ours, baseline, target, ours.median <= limit)


def at_least(name: str, ours: Sample, limit: float, baseline: Sample | None = None) -> Line:
    """Return a line whose median may not be below a limit."""
    target = f"≥ {shown(limit)} {ours.unit}"
    return Line(name, ours, baseline, target, ours.median >= limit)


def ratio_at_least(name: str, ours: Sample, baseline: Sample, limit: float) -> Line:
    """Return a line whose ratio to the baseline may not be below a limit."""
    is_met = ours.median / baseline.median >= limit
    return Line(name, ours, baseline, f"≥ {limit:g} × baseline", is_met)


def ratio_at_most(name: str, ours: Sample, baseline: Sample, limit: float) -> Line:
    """Return a line whose ratio to the baseline may not be above a limit."""
    is_met = ours.median / baseline.median <= limit
    return Line(name, ours, baseline, f"≤ {limit:g} × baseline", is_met)


def print_table(title: str, lines: Sequence[Line], *notes: str) -> None:
    """Print a benchmark's lines under each other, then what has to be said about them."""
    head = ("benchmark", "ours: median (min–max)", "baseline", "ratio", "target", "met")
    rows = [head, *(_cells(line) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    print(f"\n{title}\n{_machine()}\n")
    for index, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join(cells) + " |")
        if index == 0:
            print("| " + " | ".join("-" * width for width in widths) + " |")
    for note in notes:
        print(f"* {note}")
    print(flush=True)


def begin(default: int) -> int:
    """Return how many rounds the command line asks for.

    A SIGTERM from now on unwinds as Ctrl-C does, so that child processes are ended with us.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default, help="rounds of each measurement")
    return int(parser.parse_args().rounds)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes by the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def shown(figure: float) -> str:
    """Return a figure with three significant digits, thousands apart."""
    if abs(figure) >= 100 or figure == int(figure):
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def _cells(line: Line) -> tuple[str, ...]:
    ratio = "–" if line.ratio is None else f"{line.ratio:.2f}"
    met = {None: "–", True: "yes", False: "NO"}[line.is_met]
    baseline = "–" if line.baseline is None else str(line.baseline)
    return (line.name, str(line.ours), baseline, ratio, line.target, met)


def _machine() -> str:
    load = os.getloadavg()[0]
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}"
