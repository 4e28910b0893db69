"""What the attack tests share: sizes, somebody who keeps asking meanwhile, and a watch over memory and descriptors.

Attacks run at a size that a debug binary on two busy cores takes in seconds. `VENCEJO_ABUSE_SCALE` multiplies it, up to
the full size that each test names: `VENCEJO_ABUSE_SCALE=100` runs all of them in full.
"""

import contextlib
import itertools
import json
import os
import re
import resource
import shutil
import threading
import time
import unittest

from harness import PATIENCE, ServerTestCase, post, until, until_still

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
MEBIBYTE = 1 << 20
SCALE = float(os.environ.get("VENCEJO_ABUSE_SCALE", "1"))


def size(full, usual=None):
    """How large an attack is to be: `usual` times the scale, at most `full`."""
    return full if usual is None else min(full, int(usual * SCALE))


def tool(name):
    """The path of a program, which may only be missing outside continuous integration."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None and not os.environ.get("CI"):
        raise unittest.SkipTest(f"{name} is not installed: scripts/ensure-dependencies test")
    assert path, f"{name} is not installed, and this is continuous integration"
    return path


def allow_descriptors(count):
    """Lifts this process's own bound of descriptors; returns how many of `count` it may have, with a few to spare."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(count, soft - 256)


def metrics(server):
    """All samples of /metrics: text before the value, and the value."""
    samples = {}
    for line in server.request("GET", "/metrics").body.decode().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            samples[name] = float(value)
    return samples


def route_count(samples, route):
    """How many requests a route has answered, whatever the status."""
    return sum(value for name, value in samples.items() if re.match(rf"vencejo_http_requests_total{{.*{route}", name))


class Prober:
    """A client that predicts every 50 ms, on a connection of its own and now and then on a new one.

    Leaving the `with` block asserts that each request was answered, by 200 with the same body. How soon is the machine's
    affair and not measured: that nobody is held up is shown by an order of answers, or by counts.
    """

    def __init__(self, server, request=None):
        self.server = server
        self.request = request or post("/predict", RECORD)
        self.answered = 0
        self.failure = None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.connection = self.server.connect()
        self.wanted = self.ask(self.connection)
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stopping.set()
        self.thread.join(PATIENCE)
        self.connection.close()
        if kind is None:
            assert not self.thread.is_alive(), "somebody else's request is not answered"
            assert self.failure is None, f"somebody else's request, after {self.answered} answers: {self.failure}"

    def wait(self):
        """Until an attack that was quickly over has been met at all."""
        assert until(lambda: self.answered > 0 or self.failure), "somebody else's request is not answered"

    def ask(self, connection):
        connection.send(self.request)
        answer = connection.answer()
        assert answer.status == 200, answer
        return answer.body

    def run(self):
        try:
            while not self.stopping.wait(0.05):
                assert self.ask(self.connection) == self.wanted, "another prediction"
                self.answered += 1
                if self.answered % 10 == 0:
                    with self.server.connect() as fresh:
                        assert self.ask(fresh) == self.wanted, "another prediction"
        except Exception as error:  # Whatever it is, it is what an innocent client has met.
            self.failure = f"{type(error).__name__}: {error}"


class Watch:
    """Memory and descriptors of the server: how far they may rise meanwhile, and that they come back afterwards.

    `peak` and `kept` are in bytes above what was resident at the start. Leaving asserts both, and that no descriptor is
    left over. The allocator keeps some of what it was given back, so `kept` is not zero; twice the attack must not
    keep twice as much, and the tests that matter most attack twice.
    """

    def __init__(self, server, peak=64 * MEBIBYTE, kept=24 * MEBIBYTE):
        self.server = server
        self.peak = peak
        self.kept = kept

    def __enter__(self):
        # A first answer has whatever is made once made.
        self.server.predict(RECORD)
        self.descriptors = self.settled()
        self.forget_peak()
        self.before = self.server.memory()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        assert self.server.is_alive(), f"the server has ended: {self.server.text()}"
        risen = self.server.memory("VmHWM") - self.before
        assert risen <= self.peak, f"{risen >> 20} MiB more were resident; {self.peak >> 20} are expected at most"
        left = kept = 0

        def is_as_before():
            nonlocal left, kept
            left = self.descriptor_count() - self.descriptors
            kept = self.server.memory() - self.before
            return left <= 1 and kept <= self.kept

        if not until(is_as_before):
            assert left <= 1, f"{left} descriptors are left over"
            assert kept <= self.kept, f"{kept >> 20} MiB are kept; {self.kept >> 20} are expected at most"

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.server.process.pid}/fd"))

    def settled(self):
        """The number of descriptors once connections that others have just closed are gone."""
        count = self.descriptor_count()
        for _ in range(40):
            time.sleep(0.01)
            now = self.descriptor_count()
            if now >= count:
                break
            count = now
        return count

    def forget_peak(self):
        """Makes VmHWM begin anew (proc(5), clear_refs); where that is not allowed, it is the peak of the whole run."""
        with contextlib.suppress(OSError), open(f"/proc/{self.server.process.pid}/clear_refs", "w") as file:
            file.write("5")


class AttackTestCase(ServerTestCase):
    """A test case with one server, which nobody may harm."""

    models = {}
    settings = {"loops": 1}

    @classmethod
    def setUpClass(cls):
        from harness import HOUSE

        cls.models = {"house-price": HOUSE}
        super().setUpClass()

    @contextlib.contextmanager
    def unharmed(self, **bounds):
        """Runs an attack while somebody else predicts; see `Prober` and `Watch`."""
        with Prober(self.server) as prober, Watch(self.server, **bounds):
            yield prober
            prober.wait()

    def rest(self):
        """Until no request for /metrics is answered but ours: those who ask and do not read have got all they will."""
        looks = itertools.count()
        assert until_still(lambda: route_count(metrics(self.server), "/metrics") - next(looks)), "it goes on answering"

    def prediction(self):
        """The body of the answer to `RECORD`."""
        return json.dumps(self.server.predict(RECORD).json())
