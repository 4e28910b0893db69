"""Runs the end-to-end tests, a process for each file and several files at a time.

    python3 Tests/EndToEnd/run.py                          all
    python3 Tests/EndToEnd/run.py test_http.py             those of one file
    python3 Tests/EndToEnd/run.py --workers 1 --durations  one file after the other, and what each test took

What the tests of a file wrote is printed whole if one of them failed. The last line is `N passed, N failed`.
"""

import argparse
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

FOLDER = os.path.dirname(os.path.abspath(__file__))
# Most tests wait more than they compute: two files for each core keep it busy.
WORKERS = min(8, 2 * (os.cpu_count() or 1))
# What takes longest begins first, so that nothing long is left alone at the end. The order changes no outcome.
LONGEST = (
    "test_object_store.py",
    "test_abuse_http2.py",
    "test_abuse_http1.py",
    "test_store_start.py",
    "test_hostile_models.py",
)
# The seconds after which a file's process is ended as hanging; each wait in a test has a bound of its own.
FILE_SECONDS_MAX = 1200
END_SECONDS_MAX = 60


class Outcomes(unittest.TextTestResult):
    """The usual words on failures, and what became of each test."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.seconds = {}

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        self.seconds[test.id()] = time.monotonic() - self.began
        super().stopTest(test)

    def report(self):
        """The names of the failed tests; a test of which several parts failed is one."""
        failed = {getattr(test, "test_case", test).id() for test, _ in self.failures + self.errors}
        failed |= {test.id() for test in self.unexpectedSuccesses}
        skipped = {test.id(): reason for test, reason in self.skipped}
        return {"failed": sorted(failed), "skipped": skipped, "seconds": self.seconds}


def run_here(file, report):
    """Runs one file's tests in this process and leaves a report in a file."""
    tests = unittest.defaultTestLoader.discover(FOLDER, pattern=file, top_level_dir=FOLDER)
    result = unittest.TextTestRunner(resultclass=Outcomes, verbosity=2).run(tests)
    with open(report, "w", encoding="utf-8") as out:
        json.dump(result.report(), out)


def run_apart(file):
    """Runs one file's tests in a process of their own; returns its report and what it wrote."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vencejo-run-") as folder:
        report, words = os.path.join(folder, "report"), os.path.join(folder, "words")
        with open(words, "wb") as out:
            process = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--report", report, file],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
            try:
                end = f"ended with {process.wait(FILE_SECONDS_MAX)}"
            except subprocess.TimeoutExpired:
                end = f"hung for {FILE_SECONDS_MAX} s"
                # As by the keyboard: it tells where it stands, and ends what it has started.
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(END_SECONDS_MAX)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        outcome = {"failed": [], "skipped": {}, "seconds": {}}
        if os.path.exists(report):
            with open(report, encoding="utf-8") as written:
                outcome = json.load(written)
        if process.returncode != 0:
            outcome["failed"].append(f"{file}: it {end}")
        with open(words, encoding="utf-8", errors="replace") as written:
            return outcome | {"took": time.monotonic() - began, "text": written.read()}


def main():
    every = sorted(name for name in os.listdir(FOLDER) if name.startswith("test_") and name.endswith(".py"))
    parser = argparse.ArgumentParser(description="Runs the end-to-end tests, several files at a time.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="of Tests/EndToEnd (all)")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"files at a time ({WORKERS})")
    parser.add_argument("--durations", action="store_true", help="print the seconds of each test")
    parser.add_argument("--report", help=argparse.SUPPRESS)
    options = parser.parse_args()
    files = [os.path.basename(name) for name in options.files] or every
    unknown = sorted(set(files) - set(every))
    if unknown or options.workers < 1:
        parser.error(f"no such file: {', '.join(unknown)}" if unknown else "at least one worker")
    if options.report:
        return run_here(files[0], options.report)

    reports = []

    def note(file, report):
        reports.append(report)
        failures = f", {len(report['failed'])} FAILED" if report["failed"] else ""
        if failures:
            print(report["text"])
        print(f"{file}: {len(report['seconds'])} tests in {report['took']:.1f} s{failures}", flush=True)

    order = sorted(set(files), key=lambda file: (LONGEST.index(file) if file in LONGEST else len(LONGEST), file))
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        running = {pool.submit(run_apart, file): file for file in order}
        for done in concurrent.futures.as_completed(running):
            note(running[done], done.result())
    return summary(reports, options.durations)


def summary(reports, with_durations):
    """Prints what became of all tests; returns the exit code."""
    failed = [name for report in reports for name in report["failed"]]
    skipped = {name: reason for report in reports for name, reason in report["skipped"].items()}
    ran = {name: seconds for report in reports for name, seconds in report["seconds"].items()}
    if with_durations:
        for name, seconds in sorted(ran.items(), key=lambda pair: -pair[1]):
            print(f"{seconds:8.2f} s  {name}")
    for name, reason in sorted(skipped.items()):
        print(f"skipped: {name}: {reason}")
    for name in failed:
        print(f"failed: {name}")
    passed = len(set(ran) - set(failed) - set(skipped))
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
