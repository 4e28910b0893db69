"""What a row costs inside the predictor, beside what else a user would run: nanoseconds of CPU time a row, on one thread.

Every engine answers the same rows in the same core, slot by slot in turn; a ratio is that of the medians. An answer of
ours that differs from the library's by more than its family allows fails the run; how far the others are off is shown.
"""

from __future__ import annotations

import argparse
import array
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from framework import chart, machine, native, peers
from framework.report import RESULTS, Bound, Report, Section, number

OURS = "vencejo"
BATCHES = (1, 8, 64, 1024)
SLOT_SECONDS = 0.04
# Within this share of what was promised counts as met.
ENOUGH = 0.85
# What a predictor says that a row costs may be so many times too much or too little.
PREDICTED_WITHIN = 2
_KERNELS = pathlib.Path(__file__).resolve().parent.parent / "kernels"


@dataclasses.dataclass
class Family:
    """A model, the engines that run it, and the ratios promised at a batch of 1 and of 1024."""

    name: str
    engines: tuple[str, ...]
    alone: float
    together: float
    # Relative to the greater of the answer and 1; trees add up in the library's order, to the last bit.
    tolerance: float = 0


FAMILIES = (
    Family("xgboost 100 x 6", ("XGBoost, Python", "XGBoost, C", "ONNX Runtime, C", "tl2cgen", "treelite GTIL", "daal4py"), 6, 4),
    Family("xgboost 500 x 8", ("XGBoost, C", "ONNX Runtime, C", "treelite GTIL", "daal4py"), 12, 2.5),
    Family("lightgbm 200 x 31", ("LightGBM, Python", "LightGBM, C", "ONNX Runtime, C", "tl2cgen", "treelite GTIL", "daal4py"),
           5, 4, 1e-15),
    Family("forest depth 12", ("scikit-learn", "ONNX Runtime, C", "treelite GTIL"), 10, 2),
    Family("forest unlimited", ("scikit-learn", "ONNX Runtime, C", "treelite GTIL"), 7, 3),
    Family("xgboost wide", ("XGBoost, Python", "XGBoost, C", "treelite GTIL"), 4, 2, 1e-6),
    Family("logistic", ("scikit-learn", "ONNX Runtime, C"), 50, 4, 1e-9),
    Family("mixed logistic", ("scikit-learn, frame", "ONNX Runtime, Python"), 100, 5, 1e-9),
    Family("mixed forest", ("scikit-learn, frame", "ONNX Runtime, Python"), 10, 2),
    Family("mlp", ("scikit-learn", "ONNX Runtime, C"), 2, 1.3, 1e-9),
    Family("neighbors", ("scikit-learn", "scikit-learn-intelex, own fit", "ONNX Runtime, C"), 10, 1.8),
    Family("svc", ("scikit-learn", "scikit-learn-intelex, own fit", "ONNX Runtime, C"), 10, 6, 1e-9),
)


class Engine:
    """A process that answers a line with a line."""

    def __init__(self, command: list[str], core: int):
        self._process = subprocess.Popen(
            ["taskset", "-c", str(core), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.PIPE)

    def ask(self, line: str) -> str:
        """- Raises: peers.Unavailable with the last line of its errors, if it has ended."""
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            pass
        answer = self._process.stdout.readline()
        if not answer:
            words = (self._process.stderr.read() or "").strip().splitlines()
            raise peers.Unavailable(words[-1] if words else "it ended")
        return answer.strip()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def run(options: argparse.Namespace) -> Report:
    python = peers.python("requirements_kernels.txt")
    timer = options.binary.parent / "kernel-timer" if options.binary else None
    if timer is None or not timer.exists():
        raise peers.Unavailable("there is no kernel-timer beside the server; `make bench-kernels` builds it")
    core, _ = machine.cores()
    rounds = options.rounds
    chosen = [family for family in FAMILIES if not options.only or family.name in options.only]
    batches = BATCHES[::3] if options.smoke else BATCHES
    if options.smoke and not options.only:
        chosen = [family for family in FAMILIES if family.name in ("xgboost 100 x 6", "mixed logistic")]

    sections: list[Section] = []
    bounds: list[Bound] = []
    raw: dict[str, object] = {}
    bars: list[chart.Group] = []
    for family in chosen:
        outcome = _measure(family, python, timer, core, rounds, batches)
        raw[family.name] = outcome
        sections.append(_section(family, outcome, batches))
        bounds += _bounds(family, outcome, batches, options.smoke)
        bars.append(chart.Group(family.name, {
            name: times["1"] for name, times in outcome["nanoseconds"].items() if "1" in times}))
    if not options.smoke:
        (RESULTS / "kernels.svg").parent.mkdir(parents=True, exist_ok=True)
        (RESULTS / "kernels.svg").write_text(chart.draw("Nanoseconds a row, one row at a time", bars, OURS), encoding="utf-8")
        if options.record:
            shutil.copy(RESULTS / "kernels.svg", RESULTS / "reference" / "kernels.svg")
    return Report(
        bench="kernels", title="Inside the predictor: nanoseconds a row, one thread",
        settings={"rounds": rounds, "seconds a slot": SLOT_SECONDS, "instructions": os.environ.get("VENCEJO_CPU", "the best here")},
        columns=[], rows=[], bounds=bounds, raw=raw, sections=sections,
        notes=[
            f"A ratio counts as met from {ENOUGH:.0%} of what was promised on: machines differ.",
            "The best peer is the fastest of those measured at that batch; engines of Python pay for their call.",
            "daal4py, treelite and ONNX Runtime add up in another order or width than the library: `off by` is the greatest "
            "difference from the library's answer, relative to the greater of it and 1.",
        ])


def models(name: str, python: pathlib.Path) -> pathlib.Path:
    """The folder of a model, which is trained at the first call."""
    maker = _KERNELS / "make_model.py"
    folder = peers.cache() / f"kernels-{peers.digest(maker, text=name)}"
    if not (folder / "complete").exists():
        print(f"Training {name} (once) ...", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        peers.run([str(python), str(maker), name, str(folder)], 900)
        (folder / "complete").touch()
    return folder


def _measure(
    family: Family, python: pathlib.Path, timer: pathlib.Path, core: int, rounds: int, batches: tuple[int, ...]
) -> dict[str, object]:
    folder = models(family.name, python)
    facts = json.loads((folder / "facts.json").read_text())
    expected, width = _answers_of_library(folder, python)
    engines: dict[str, Engine] = {}
    unavailable: dict[str, str] = {}
    off: dict[str, float] = {}
    times: dict[str, dict[int, list[float]]] = {}
    try:
        for name in (OURS, *family.engines):
            engine = None
            try:
                engine = Engine(_command(name, folder, facts, python, timer), core)
                # ONNX Runtime's second output of a model without probabilities is a score, not a class.
                if name != "ONNX Runtime, C" or "support_vectors" not in facts:
                    off[name] = _difference(_answers(engine, name, width), expected, width)
                engines[name] = engine
            except peers.Unavailable as reason:
                unavailable[name] = str(reason)
                if engine is not None:
                    engine.close()
                if name == OURS:
                    raise
        times = {name: {batch: [] for batch in batches} for name in engines}
        for turn in range(rounds):
            for batch in batches:
                for name, engine in engines.items():
                    if name == "tl2cgen" and batch != 1:
                        continue
                    times[name][batch].append(float(engine.ask(f"time {batch} {SLOT_SECONDS}")))
            told = "  ".join(
                f"{name} {number(times[name][batches[0]][-1])}/{number((times[name][batches[-1]] or [0])[-1])}" for name in engines)
            print(f"{family.name}, round {turn + 1}: {told}", file=sys.stderr, flush=True)
        allocations = sum(int(engines[OURS].ask(f"allocations {batch}")) for batch in batches)
        report = engines[OURS].ask("report").split("\t")
    finally:
        for engine in engines.values():
            engine.close()
    medians = {
        name: {str(batch): statistics.median(taken) for batch, taken in taken_of.items() if taken}
        for name, taken_of in times.items()}
    if "tl2cgen" in medians:
        # Its code answers one row a call, whatever the batch.
        medians["tl2cgen"] = {str(batch): medians["tl2cgen"]["1"] for batch in batches}
    return {
        "nanoseconds": medians, "slots": {name: {str(b): t for b, t in taken.items()} for name, taken in times.items()},
        "off by": off, "unavailable": unavailable, "allocations": allocations, "predictor": report[0],
        "predicted": {str(batches[0]): float(report[1]), str(batches[-1]): float(report[2])},
        "import seconds": float(report[3]),
    }


def _command(
    name: str, folder: pathlib.Path, facts: dict[str, object], python: pathlib.Path, timer: pathlib.Path
) -> list[str]:
    if name == OURS:
        return [str(timer), str(folder / facts["file"]), str(folder / "rows.tsv")]
    if name == "ONNX Runtime, C":
        if not (folder / "model.onnx").exists():
            raise peers.Unavailable("no converter to ONNX knows the model")
        library = next((python.parent.parent / "lib").glob("python*/site-packages/onnxruntime/capi/libonnxruntime.so.*"))
        return [
            str(native.program("onnx_timer")), str(library), str(folder / "model.onnx"), "X", "probabilities",
            str(_floats(folder)), str(facts["features"])]
    if name == "tl2cgen":
        return [str(_tl2cgen(folder, facts, python)), str(_floats(folder)), str(facts["features"])]
    return [str(python), str(_KERNELS / "engine.py"), name, str(folder)]


def _floats(folder: pathlib.Path) -> pathlib.Path:
    """The rows as plain float32: the file of NumPy without its header."""
    made = folder / "rows.f32"
    if not made.exists():
        data = (folder / "rows.npy").read_bytes()
        made.write_bytes(data[10 + int.from_bytes(data[8:10], "little"):])
    return made


def _tl2cgen(folder: pathlib.Path, facts: dict[str, object], python: pathlib.Path) -> pathlib.Path:
    """The model as a program: tl2cgen's C and our loop around it."""
    made = folder / "tl2cgen_timer"
    if made.exists():
        return made
    script = (
        "import sys, json, pathlib; sys.path.insert(0, sys.argv[2]); import engine, tl2cgen; folder = pathlib.Path(sys.argv[1]); "
        "tl2cgen.generate_c_code(engine.load_treelite(folder, json.loads((folder / 'facts.json').read_text())), "
        "dirpath=folder / 'c', params={})")
    peers.run([str(python), "-c", script, str(folder), str(_KERNELS)], 300)
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise peers.Unavailable("there is no C compiler here")
    result = "double" if facts["kind"] == "lightgbm" else "float"
    peers.run([
        compiler, "-O3", "-march=native", f"-DRESULT={result}", "-I", str(folder / "c"),
        str(_KERNELS.parent / "peers/native/tl2cgen_timer.c"), *map(str, sorted((folder / "c").glob("*.c"))), "-lm",
        "-o", f"{made}.part"], 600)
    pathlib.Path(f"{made}.part").replace(made)
    return made


def _answers_of_library(folder: pathlib.Path, python: pathlib.Path) -> tuple[array.array, int]:
    """The library's answers, row after row, and how many numbers a row has."""
    made = folder / "answers.f64"
    if not made.exists():
        peers.run([
            str(python), "-c",
            "import sys, numpy as np, pathlib; folder = pathlib.Path(sys.argv[1]); "
            "numbers = np.load(folder / 'answers.npy'); numbers.tofile(folder / 'answers.f64'); "
            "(folder / 'width').write_text(str(numbers.shape[1]))", str(folder)], 60)
    numbers = array.array("d")
    numbers.frombytes(made.read_bytes())
    return numbers, int((folder / "width").read_text())


def _answers(engine: Engine, name: str, width: int) -> tuple[array.array, int]:
    """What an engine answers, and how many numbers a row it gives."""
    with tempfile.NamedTemporaryFile(prefix="vencejo-answers-") as file:
        native_engine = name in ("ONNX Runtime, C", "tl2cgen")
        # Two classes are two numbers to ONNX, and one to tl2cgen.
        asked = (2 if name == "ONNX Runtime, C" and width == 1 else width)
        given = int(engine.ask(f"answers {asked} {file.name}" if native_engine else f"answers {file.name}"))
        numbers = array.array("d")
        numbers.frombytes(pathlib.Path(file.name).read_bytes())
    return numbers, given


def _difference(answers: tuple[array.array, int], expected: array.array, width: int) -> float:
    """The greatest difference, relative to the greater of the expected number and 1."""
    numbers, given = answers
    worst = 0.0
    rows = min(len(numbers) // max(given, 1), len(expected) // width)
    for row in range(rows):
        for column in range(width):
            # Where one gives the second class's probability only, it is the last of both.
            left = numbers[row * given + (column if given >= width else 0) + (given - width if given > width else 0)]
            right = expected[row * width + (column if given >= width else width - 1)]
            if left != right:
                worst = max(worst, abs(left - right) / max(1.0, abs(right)) if left == left else float("inf"))
    return worst if rows else float("inf")


def _best(outcome: dict[str, object], batch: int) -> tuple[str, float] | None:
    times = {
        name: taken[str(batch)] for name, taken in outcome["nanoseconds"].items() if name != OURS and str(batch) in taken}
    return min(times.items(), key=lambda item: item[1]) if times else None


def _section(family: Family, outcome: dict[str, object], batches: tuple[int, ...]) -> Section:
    ours = outcome["nanoseconds"][OURS]
    rows = []
    for name, times in outcome["nanoseconds"].items():
        cells = []
        for batch in batches:
            value = times[str(batch)]
            cells.append(number(value) if name == OURS else f"{number(value)} ({number(value / ours[str(batch)])}x)")
        off = outcome["off by"].get(name)
        rows.append([name, *cells, "-" if off is None else number(off)])
    notes = [
        f"predictor {outcome['predictor']}, predicted "
        + ", ".join(f"{number(value)} ns a row at batch {batch}" for batch, value in outcome["predicted"].items())
        + f", imported and compiled in {number(outcome['import seconds'])} s",
        *(f"not measured: {name}: {reason}" for name, reason in outcome["unavailable"].items()),
    ]
    return Section(family.name, ["engine", *(f"batch {batch}" for batch in batches), "off by"], rows, notes)


def _bounds(family: Family, outcome: dict[str, object], batches: tuple[int, ...], is_smoke: bool) -> list[Bound]:
    bounds = [Bound(
        f"{family.name}: answers that differ from the library's", 0,
        0 if outcome["off by"][OURS] <= family.tolerance else 1), Bound(
        f"{family.name}: allocations of a thousand calls at each batch", 0, outcome["allocations"])]
    if is_smoke:
        return bounds
    for batch, promised in ((batches[0], family.alone), (batches[-1], family.together)):
        best = _best(outcome, batch)
        ratio = best and best[1] / outcome["nanoseconds"][OURS][str(batch)]
        bounds.append(Bound(
            f"{family.name}, batch {batch}: beside the best peer ({best[0] if best else 'none'}), promised {number(promised)}",
            promised * ENOUGH, ratio, at_most=False))
    for batch, predicted in outcome["predicted"].items():
        ratio = predicted / outcome["nanoseconds"][OURS][batch]
        bounds.append(Bound(
            f"{family.name}, batch {batch}: {'predicted beside measured' if ratio >= 1 else 'measured beside predicted'}",
            PREDICTED_WITHIN, max(ratio, 1 / ratio)))
    if family.name == "forest unlimited":
        bounds.append(Bound("forest unlimited: import to ready, seconds", 1, outcome["import seconds"]))
    return bounds
