#!/usr/bin/env python3
"""Fuzzes parsers with libFuzzer and the address sanitizer, as many at a time as there are cores, and prints one table.

    Fuzz/run.sh                         each target of Fuzz/Targets for a minute
    Fuzz/run.sh json http1 600          two of them, ten minutes each
    Fuzz/run.sh --corpora               only what Fuzz/Corpora holds, once, and the targets that have something there
    Fuzz/run.sh json 600 --keep         and keeps the fewest inputs that reach as much in Fuzz/Corpora/json

A target is a file of Fuzz/Targets, in lower case and without `Fuzz.swift`. Its first lines may say

    // modules: HTTPCore ByteCoding     what it tests; what these import is found by itself
    // shares: RowLayouts.swift         other files of Fuzz/Targets that are compiled with it
    // seeds: Tests/*/Fixtures/*.json   files to begin with
    // max-length: 65536                bytes of an input, 16384 if not said
    // link: -lfoo                      for the linker, where a module map does not say it

The sources of the modules are compiled with the target, so that they are instrumented too. What a run finds stays in
.build-fuzz/<target>/findings, and the line that runs it again is printed; once it is mended, the input belongs into
Fuzz/Corpora/<target>. What runs have learnt stands there in corpus.txt, an input a line in base64.
Fuzz/Dictionaries/<target>.dict holds words of the language in libFuzzer's form. Needs Python 3.11 and a Swift toolchain.
"""

from __future__ import annotations

import argparse
import base64
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / ".build-fuzz"
CORPORA = ROOT / "Fuzz" / "Corpora"
# What a target's committed corpus may weigh in base64; with ten targets 240 KB in all.
CORPUS_BYTES_MAX = 24 << 10
SWIFT = [
    "-swift-version", "6", "-strict-memory-safety", "-gline-tables-only", "-sanitize=fuzzer,address", "-parse-as-library",
    "-package-name", "vencejo", "-enable-experimental-feature", "Lifetimes", "-enable-upcoming-feature", "ExistentialAny",
    "-enable-upcoming-feature", "InternalImportsByDefault", "-enable-upcoming-feature", "MemberImportVisibility",
]
C = ["-g", "-fsanitize=address,fuzzer-no-link", "-D_GNU_SOURCE"]
# What takes minutes to optimize, which inputs that run once never win back: with --corpora it is compiled as it stands.
PLAIN_FOR_CORPORA = {"ModelIR", "ModelFormats", "CKernels", "InferenceEngine"}
IMPORT = re.compile(r"^\s*(?:@\w+\s+)*(?:public|package|internal|private|fileprivate)?\s*import\s+(?:struct\s+|func\s+|enum\s+)?(\w+)", re.M)


class Failure(Exception):
    """A target that could not be built or run."""


@dataclasses.dataclass
class Target:
    """One file of Fuzz/Targets, the first, and those it shares with others."""

    name: str
    sources: list[pathlib.Path]
    modules: list[str]
    seeds: list[str]
    max_length: int
    link: list[str]

    @property
    def folder(self) -> pathlib.Path:
        return OUT / self.name

    @property
    def program(self) -> pathlib.Path:
        return self.folder / "fuzz"


@dataclasses.dataclass
class Module:
    """A module of Sources, compiled; the stamp says from what."""

    objects: list[str]
    stamp: str


@dataclasses.dataclass
class Result:
    """A row of the table."""

    name: str
    executions: int = 0
    per_second: float = 0
    edges: int = 0
    edges_all: int = 0
    corpus_files: int = 0
    corpus_bytes: int = 0
    ever: int = 0
    findings: list[pathlib.Path] = dataclasses.field(default_factory=list)
    problem: str = ""


def targets() -> dict[str, Target]:
    """All there are, by name."""
    found = {}
    for source in sorted((ROOT / "Fuzz" / "Targets").glob("*Fuzz.swift")):
        head = dict(re.findall(r"^// ([a-z-]+): (.*)$", source.read_text(encoding="utf-8"), re.M))
        name = source.name.removesuffix("Fuzz.swift").lower()
        shared = [source.parent / file for file in head.get("shares", "").split()]
        found[name] = Target(
            name, [source, *shared], head.get("modules", "").split(), head.get("seeds", "").split(),
            int(head.get("max-length", 16384)), shlex.split(head.get("link", "")),
        )
    return found


# Building.


def needed(modules: list[str]) -> list[str]:
    """The modules and all they import of ours, each after what it imports."""
    order: list[str] = []

    def visit(module: str) -> None:
        if module in order:
            return
        for source in sorted((ROOT / "Sources" / module).rglob("*.swift")):
            for imported in sorted(set(IMPORT.findall(source.read_text(encoding="utf-8")))):
                if imported != module and (ROOT / "Sources" / imported).is_dir():
                    visit(imported)
        order.append(module)

    for module in modules:
        if not (ROOT / "Sources" / module).is_dir():
            raise Failure(f"there is no module {module}")
        visit(module)
    return order


def includes(modules: list[str]) -> list[str]:
    """Where the C modules' maps are; one is made for a module that leaves it to the package manager."""
    flags = []
    for module in modules:
        folder = ROOT / "Sources" / module
        if (folder / "module.modulemap").exists():
            flags += ["-I", str(folder)]
        elif (folder / "include").is_dir():
            if not (folder / "include" / "module.modulemap").exists():
                made = OUT / "maps" / module
                made.mkdir(parents=True, exist_ok=True)
                headers = "".join(f'header "{header}" ' for header in sorted((folder / "include").glob("*.h")))
                (made / "module.modulemap").write_text(f"module {module} {{ {headers} export * }}\n", encoding="utf-8")
                flags += ["-I", str(made)]
            flags += ["-I", str(folder / "include")]
    return flags


class Builder:
    """Compiles what has changed since last time, each module once and several at a time."""

    def __init__(self, plain: set[str]) -> None:
        self.plain = plain
        self.cores = threading.Semaphore(os.cpu_count() or 1)
        self.lock = threading.Lock()
        self.modules: dict[str, concurrent.futures.Future[Module]] = {}

    def build(self, target: Target) -> None:
        """Makes a target's program. - Raises: Failure with the compiler's words."""
        modules = [self.module(name) for name in needed(target.modules)]
        objects = [product for module in modules for product in module.objects]
        whole = digest(stamp(target.sources, target.link) + "".join(module.stamp for module in modules))
        target.folder.mkdir(parents=True, exist_ok=True)
        if not fresh(target.folder / "stamp", whole):
            with self.cores:
                run(["swiftc", *SWIFT, "-O", *search(needed(target.modules)), "-module-name", "Fuzz", *map(str, target.sources), *objects,
                     *target.link, "-o", str(target.program)])
            (target.folder / "stamp").write_text(whole, encoding="utf-8")

    def module(self, name: str) -> Module:
        """A module that is made, by whoever asked for it first."""
        with self.lock:
            future = self.modules.get(name)
            if is_first := future is None:
                future = self.modules[name] = concurrent.futures.Future()
        if is_first:
            try:
                future.set_result(self.compile(name))
            except BaseException as problem:  # Whatever it is, others wait for it.
                future.set_exception(problem)
        return future.result()

    def compile(self, name: str) -> Module:
        imported = [self.module(other) for other in needed([name]) if other != name]
        folder, products = ROOT / "Sources" / name, OUT / "modules"
        products.mkdir(parents=True, exist_ok=True)
        swift = sorted(map(str, folder.rglob("*.swift")))
        c = sorted(map(str, folder.rglob("*.c")))
        swift_level, c_level = ("-Onone", "-O0") if name in self.plain else ("-O", "-O1")
        made = digest(
            stamp([*folder.rglob("*.swift"), *folder.rglob("*.[ch]")], [*SWIFT, swift_level, *C, c_level])
            + "".join(module.stamp for module in imported))
        objects = [str(products / f"{name}.o")] if swift else [str(products / f"{name}-{number}.o") for number in range(len(c))]
        if not fresh(products / f"{name}.stamp", made):
            with self.cores:
                if swift:
                    run(["swiftc", *SWIFT, swift_level, "-wmo", *search(needed([name])), "-module-name", name, "-emit-module",
                         "-emit-module-path", str(products / f"{name}.swiftmodule"), "-c", *swift, "-o", objects[0]])
                for source, product in zip(c if not swift else [], objects):
                    run(["clang", *C, c_level, "-I", str(folder / "include"), "-c", source, "-o", product])
            (products / f"{name}.stamp").write_text(made, encoding="utf-8")
        return Module(objects, made)


def search(modules: list[str]) -> list[str]:
    """Where the compiler finds these modules."""
    return ["-I", str(OUT / "modules"), *includes(modules)]


def stamp(files: list[pathlib.Path], words: list[str]) -> str:
    return "".join(f"{file} {digest(file.read_bytes())}\n" for file in sorted(files)) + " ".join(words)


def digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def fresh(path: pathlib.Path, made_from: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == made_from


def run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed:\n{(done.stderr or done.stdout)[-3000:]}")


# Running.


def fuzz(target: Target, seconds: int | None) -> Result:
    """Runs a built target for a time, or, without one, only over the inputs that there are."""
    corpus, seeds, findings = (target.folder / name for name in ("corpus", "seeds", "findings"))
    for folder in (corpus, seeds, findings):
        folder.mkdir(exist_ok=True)
    for pattern in target.seeds:
        for path in ROOT.glob(pattern):
            shutil.copyfile(path, seeds / digest(str(path.relative_to(ROOT)))[:16])
    before = set(findings.iterdir())
    committed = unpack(target)
    folders = [*([corpus] if seconds is not None else []), committed, seeds]
    dictionary = ROOT / "Fuzz" / "Dictionaries" / f"{target.name}.dict"
    command = [
        str(target.program), f"-artifact_prefix={findings}/", "-timeout=10", "-rss_limit_mb=1024", f"-max_len={target.max_length}",
        "-print_final_stats=1", *([f"-dict={dictionary}"] if dictionary.exists() else []),
        *([f"-max_total_time={seconds}"] if seconds is not None else ["-runs=0"]), *map(str, folders),
    ]
    begin = time.monotonic()
    with open(target.folder / "log", "w", encoding="utf-8", errors="replace") as log:
        code = subprocess.run(command, cwd=target.folder, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    spent = time.monotonic() - begin
    words = (target.folder / "log").read_text(encoding="utf-8", errors="replace")
    result = Result(target.name)
    result.executions = last_number(r"stat::number_of_executed_units: (\d+)", words) or last_number(r"^#(\d+)", words)
    result.per_second = result.executions / max(spent, 0.001)
    result.edges = last_number(r" cov: (\d+)", words)
    result.edges_all = last_number(r"\((\d+) inline 8-bit counters\)", words)
    inputs = [path for path in (corpus if seconds is not None else committed).glob("*") if path.is_file()]
    result.corpus_files, result.corpus_bytes = len(inputs), sum(path.stat().st_size for path in inputs)
    result.ever = total(target, result.executions)
    result.findings = sorted(set(findings.iterdir()) - before)
    if code != 0:
        result.problem = f"ended with {code}; {target.folder / 'log'} tells why"
        for finding in result.findings:
            result.problem += f"\n    again: {target.program} {finding}"
    return result


def last_number(pattern: str, words: str) -> int:
    found = re.findall(pattern, words, re.M)
    return int(found[-1]) if found else 0


def total(target: Target, executions: int) -> int:
    """Executions of this target in this checkout so far."""
    path = target.folder / "executions"
    before = int(path.read_text(encoding="utf-8")) if path.exists() else 0
    path.write_text(str(before + executions), encoding="utf-8")
    return before + executions


def unpack(target: Target) -> pathlib.Path:
    """A folder with the committed inputs, each in a file, as libFuzzer wants them."""
    folder = target.folder / "committed"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in sorted((CORPORA / target.name).glob("*")):
        contents = [path.read_bytes()]
        if path.name == "corpus.txt":
            contents = [base64.b64decode(line, validate=True) for line in contents[0].split()]
        for content in contents:
            (folder / digest(content)[:16]).write_bytes(content)
    return folder


def keep(target: Target) -> None:
    """Replaces the committed corpus by the fewest inputs that reach as much, the smallest first where they weigh too much."""
    merged = target.folder / "merged"
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    run([
        str(target.program), "-set_cover_merge=1", f"-max_len={target.max_length}", "-rss_limit_mb=1024", str(merged),
        str(target.folder / "corpus"), str(target.folder / "committed"),
    ])
    lines: list[bytes] = []
    left = CORPUS_BYTES_MAX
    for content in sorted((path.read_bytes() for path in merged.iterdir()), key=lambda content: (len(content), content)):
        line = base64.b64encode(content) + b"\n"
        left -= len(line)
        if left < 0:
            break
        lines.append(line)
    (CORPORA / target.name).mkdir(parents=True, exist_ok=True)
    (CORPORA / target.name / "corpus.txt").write_bytes(b"".join(lines))


def table(results: list[Result]) -> str:
    rows = [("target", "executions", "a second", "edges covered", "corpus", "executions ever", "findings")]
    for result in results:
        rows.append((
            result.name, f"{result.executions:,}", f"{result.per_second:,.0f}", f"{result.edges:,} of {result.edges_all:,}",
            f"{result.corpus_files:,} files, {result.corpus_bytes / 1024:,.0f} KiB", f"{result.ever:,}",
            str(len(result.findings)) if not result.problem or result.findings else "failed",
        ))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) if column == 0 else word.rjust(width) for column, (word, width) in enumerate(zip(row, widths)))
        for row in rows
    )


def main() -> int:
    known = targets()
    parser = argparse.ArgumentParser(description="Fuzzes the parsers, several at a time, and prints one table.")
    parser.add_argument("words", nargs="*", metavar="TARGET|SECONDS", help=f"of {', '.join(known)}; and for how long each (60)")
    parser.add_argument("--corpora", action="store_true", help="only run the inputs that there are, once")
    parser.add_argument("--keep", action="store_true", help="write what was learnt into Fuzz/Corpora")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="also write the table there")
    options = parser.parse_args()
    numbers = [int(word) for word in options.words if word.isdigit()]
    # A target without a corpus has nothing to run once: the files it begins with are tests' own, which run there.
    every = [name for name in known if not options.corpora or (CORPORA / name).is_dir()]
    names = [word.lower() for word in options.words if not word.isdigit()] or every
    unknown = [name for name in names if name not in known]
    if unknown or len(numbers) > 1:
        parser.error(f"no such target: {', '.join(unknown)}" if unknown else "one number of seconds")
    builder = Builder(PLAIN_FOR_CORPORA if options.corpora else set())

    def turn(target: Target) -> Result:
        """Builds one, runs it when a core is free, and says what is wrong at once."""
        begin = time.monotonic()
        try:
            builder.build(target)
            print(f"{target.name}: built after {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
            with builder.cores:
                result = fuzz(target, None if options.corpora else numbers[0] if numbers else 60)
            if options.keep:
                keep(target)
        except Failure as failure:
            result = Result(target.name, problem=str(failure))
        if result.problem:
            print(f"{target.name}: {result.problem}", file=sys.stderr, flush=True)
        return result

    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        results = list(pool.map(turn, (known[name] for name in names)))
    print(table(results), flush=True)
    if options.json is not None:
        document = [{**dataclasses.asdict(result), "findings": len(result.findings)} for result in results]
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if any(result.problem for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
