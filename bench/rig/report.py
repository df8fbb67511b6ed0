# SPDX-License-Identifier: Apache-2.0
"""Markdown, to standard output as it comes and to build/bench.md at the end."""
import typing

from . import ROOT


class Report:
    def __init__(self, name: str):
        self.path = ROOT / "build" / name
        self.lines: typing.List[str] = []
        self.missed: typing.List[str] = []
        self.bars: typing.List[tuple] = []

    def say(self, line: str = "") -> None:
        self.lines.append(line)
        print(line, flush=True)

    def table(self, heads: typing.Sequence[str], rows: typing.Sequence[typing.Sequence[str]]) -> None:
        """The first column is text, the others are figures."""
        self.say("| " + " | ".join(heads) + " |")
        self.say("|---" + "|---:" * (len(heads) - 1) + "|")
        for row in rows:
            self.say("| " + " | ".join(row) + " |")
        self.say()

    def bar(self, what: str, figure: float, bar: float, unit: str, least: bool = False, note: str = "") -> None:
        """One budget: at most the bar, or at least it. `unit` follows the figures."""
        good = figure >= bar if least else figure <= bar
        sign = "≥" if least else "≤"
        self.bars.append((what, f"{sign} {bar:g} {unit}".strip(), f"{number(figure)} {unit}".strip(),
                          "PASS" if good else "**MISS**", note))
        if not good:
            self.missed.append(what)

    def budgets(self) -> None:
        """The bars so far, as a table."""
        self.table(("budget", "bar", "measured", "", ""), self.bars)
        self.bars = []

    def write(self, mode: str = "w") -> None:
        with open(self.path, mode, encoding="utf-8") as file:
            file.write("\n".join(self.lines) + "\n")


def number(value: float) -> str:
    """Three figures, and thousands apart."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def ms(us: float) -> str:
    return f"{us / 1000:.2f}"
