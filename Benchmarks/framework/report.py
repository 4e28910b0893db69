"""Results: medians, ratios, bounds; as a table on the terminal and as JSON and Markdown in a file."""

from __future__ import annotations

import dataclasses
import datetime
import json
import pathlib
import statistics

from . import machine, peers

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "results"


@dataclasses.dataclass
class Bound:
    """What was promised, and what came out. `measured` is None where it could not be measured, and `reason` says why.

    `floor` is what nothing on this machine can go below, where the run has measured that too.
    """

    promise: str
    limit: float
    measured: float | None
    at_most: bool = True
    reason: str = ""
    floor: float | None = None

    @property
    def verdict(self) -> str:
        if self.measured is None:
            return f"not measured: {self.reason}" if self.reason else "not measured"
        met = self.measured <= self.limit if self.at_most else self.measured >= self.limit
        return "met" if met else "MISSED"

    @property
    def judgement(self) -> str:
        """The verdict for readers: a limit that this machine does not let anybody keep is missed, and that is said."""
        if self.verdict == "MISSED" and self.floor is not None and self.floor > self.limit:
            return f"MISSED; the machine alone takes {number(self.floor)}"
        return self.verdict


@dataclasses.dataclass
class Section:
    """One table of a benchmark that has more than one."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Report:
    """One benchmark's outcome. `rows` are the table's, `raw` is every round for whoever wants to look closer.

    Where there are `sections`, each has its own table, and the promises come first.
    """

    bench: str
    title: str
    settings: dict[str, object]
    columns: list[str]
    rows: list[list[str]]
    bounds: list[Bound]
    raw: dict[str, object]
    notes: list[str] = dataclasses.field(default_factory=list)
    sections: list[Section] = dataclasses.field(default_factory=list)

    def markdown(self) -> str:
        facts = machine.facts()
        lines = [
            f"## {self.title}",
            "",
            f"{facts['processor']}, {facts['cores']} cores, {facts['system']}, kernel {facts['kernel']}; "
            + ", ".join(f"{name} {value}" for name, value in self.settings.items()),
            "",
        ]
        if not self.sections:
            lines += _table(self.columns, self.rows)
            lines += [f"- {note}" for note in self.notes] + ([""] if self.notes else [])
        if self.bounds:
            lines += ["| promised | limit | measured | |", "|---|---:|---:|---|"]
            for bound in self.bounds:
                sign = "<=" if bound.at_most else ">="
                measured = "-" if bound.measured is None else number(bound.measured)
                lines.append(f"| {bound.promise} | {sign} {number(bound.limit)} | {measured} | {bound.judgement} |")
            lines.append("")
        if self.sections:
            lines += [f"- {note}" for note in self.notes] + ([""] if self.notes else [])
        for section in self.sections:
            lines += [f"### {section.title}", "", *_table(section.columns, section.rows)]
            lines += [f"- {note}" for note in section.notes] + ([""] if section.notes else [])
        return "\n".join(lines)

    @property
    def correct(self) -> bool:
        """Whether nothing happened that must not happen even once; these bounds are the ones with the limit 0."""
        return all(bound.verdict != "MISSED" for bound in self.bounds if bound.limit == 0)

    def publish(self, folder: pathlib.Path, suffix: str = "") -> bool:
        """Prints the table and writes `<bench>.json` and `<bench>.md`. True if no bound was missed."""
        text = self.markdown()
        print("\n" + text, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "bench": self.bench,
            "measured_at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "machine": machine.facts(),
            "versions": {**machine.tools(), **peers.versions()},
            "settings": self.settings,
            "table": {"columns": self.columns, "rows": self.rows},
            **({"sections": [dataclasses.asdict(section) for section in self.sections]} if self.sections else {}),
            "bounds": [{**dataclasses.asdict(bound), "verdict": bound.verdict} for bound in self.bounds],
            "raw": self.raw,
            "notes": self.notes,
        }
        _replace(folder / f"{self.bench}{suffix}.json", json.dumps(document, indent=1) + "\n")
        _replace(folder / f"{self.bench}{suffix}.md", text)
        return all(bound.verdict != "MISSED" for bound in self.bounds)


def _table(columns: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table, the first column to the left, and an empty one."""
    return [
        "| " + " | ".join(columns) + " |",
        "|---" + "|---:" * (len(columns) - 1) + "|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def spread(values: list[float]) -> str:
    """Median, and in brackets the least and the greatest."""
    return f"{number(statistics.median(values))} ({number(min(values))}-{number(max(values))})"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    magnitude = abs(value)
    if magnitude >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if magnitude >= 10 else f"{value:.2f}" if magnitude >= 1 else f"{value:.3g}"


def _replace(path: pathlib.Path, text: str) -> None:
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
