"""The server's life: where it listens, what SIGHUP changes, tokens, bounds and shedding, the drain."""

import json
import os
import resource
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from harness import (
    HOST,
    HOUSE,
    PATIENCE,
    Connection,
    Load,
    Server,
    clean_environment,
    find_binary,
    free_port,
    head,
    post,
    run_command,
    until,
)

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
BODY = json.dumps(RECORD).encode()


class UnixConnection(Connection):
    """The harness's strict reader over a socket in the file system."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = bytearray()


class Listening(unittest.TestCase):
    def path(self, directory):
        return os.path.join(directory, "vencejo.sock")

    def serve(self, directory, **more):
        path = self.path(directory)
        return Server({"house-price": HOUSE}, arguments=("--listen", f"unix:{path}"), **more), path

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="vencejo-life-")
        self.addCleanup(lambda: shutil.rmtree(self.directory, ignore_errors=True))

    def test_curl_asks_through_the_socket(self):
        server, path = self.serve(self.directory)
        with server:
            done = subprocess.run(
                ["curl", "--silent", "--unix-socket", path, "http://localhost/predict", "--data", BODY.decode()],
                capture_output=True,
                timeout=PATIENCE,
            )
            self.assertEqual(json.loads(done.stdout)["prediction"], server.price(RECORD))
            mode = os.lstat(path).st_mode
            self.assertTrue(stat.S_ISSOCK(mode))
            self.assertEqual(stat.S_IMODE(mode), 0o660)
        self.assertFalse(os.path.lexists(path), "the file goes with the server")

    def test_pipelining_uploads_and_half_closing_work_there_too(self):
        server, path = self.serve(self.directory)
        with server, UnixConnection(path) as connection:
            connection.send(post("/predict", BODY) * 50)
            for _ in range(50):
                self.assertEqual(connection.answer().status, 200)
            with open(HOUSE, "rb") as file:
                data = file.read()
            connection.send(
                head("PUT", "/models/new", f"Content-Length: {len(data)}", f"Authorization: Bearer {server.token}")
                + data
            )
            self.assertEqual(connection.answer().status, 201)
            connection.send(post("/models/new/predict", BODY))
            connection.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(connection.answer().status, 200)
            self.assertTrue(connection.is_closed())

    def test_the_mode_can_be_set(self):
        server, path = self.serve(self.directory, env={"VENCEJO_UNIX_SOCKET_MODE": "0600"})
        with server:
            self.assertEqual(stat.S_IMODE(os.lstat(path).st_mode), 0o600)

    def test_a_socket_left_by_a_killed_server_is_replaced(self):
        server, path = self.serve(self.directory)
        with server:
            server.kill()
            self.assertTrue(os.path.lexists(path))
        server, path = self.serve(self.directory)
        with server, UnixConnection(path) as connection:
            connection.send(post("/predict", BODY))
            self.assertEqual(connection.answer().status, 200)

    def test_a_live_socket_is_refused_and_goes_on(self):
        server, path = self.serve(self.directory)
        with server:
            code, _, errors = run_command("serve", f"a={HOUSE}", "--listen", f"unix:{path}")
            self.assertEqual(code, 1)
            self.assertIn("another server accepts there", errors)
            self.assertIn(path, errors)
            with UnixConnection(path) as connection:
                connection.send(post("/predict", BODY))
                self.assertEqual(connection.answer().status, 200)

    def test_servers_that_start_together_do_not_share_a_socket(self):
        path = self.path(self.directory)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        command = [find_binary(), "serve", f"a={HOUSE}", "--listen", f"unix:{path}"]
        environment = clean_environment()
        processes = [
            subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(6)
        ]
        try:
            self.assertTrue(until(lambda: sum(process.poll() is not None for process in processes) >= 5))
            self.assertEqual([process.poll() for process in processes if process.poll() is not None], [1] * 5)
            with UnixConnection(path) as connection:
                connection.send(post("/predict", BODY))
                self.assertEqual(connection.answer().status, 200)
        finally:
            for process in processes:
                process.terminate()
                process.wait(PATIENCE)
        self.assertFalse(os.path.lexists(path))

    def test_another_kind_of_file_is_left_alone(self):
        path = self.path(self.directory)
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
        code, _, errors = run_command("serve", f"a={HOUSE}", "--listen", f"unix:{path}")
        self.assertEqual(code, 1)
        self.assertIn("stays as it is", errors)
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")

    def test_a_path_that_is_too_long_is_said(self):
        code, _, errors = run_command("serve", f"a={HOUSE}", "--listen", "unix:/tmp/" + "x" * 120)
        self.assertEqual(code, 1)
        self.assertIn("at most 107", errors)

    def test_the_socket_alone_and_a_probe_for_it(self):
        path = self.path(self.directory)
        process = subprocess.Popen(
            [find_binary(), "serve", f"a={HOUSE}"],
            env=clean_environment({"VENCEJO_LISTEN": f"unix:{path}"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            probe = lambda: run_command("probe", env={"VENCEJO_LISTEN": f"unix:{path}"})[0]
            self.assertTrue(until(lambda: probe() == 0))
            self.assertEqual(run_command("probe", "--listen", f"unix:{path}")[0], 0)
            self.assertEqual(run_command("probe", "--listen", "unix:/nonexistent")[0], 1)
            with open(f"/proc/{process.pid}/net/tcp", encoding="ascii") as file:
                inodes = {line.split()[9] for line in file if line.split()[3] == "0A"}
            own = set()
            for number in os.listdir(f"/proc/{process.pid}/fd"):
                target = os.readlink(f"/proc/{process.pid}/fd/{number}")
                own.add(target.removeprefix("socket:[").removesuffix("]"))
            self.assertFalse(inodes & own, "it listens on no port")
        finally:
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        line = next(json.loads(line) for line in errors.decode().splitlines() if '"listening"' in line)
        self.assertEqual(line["addresses"], f"unix:{path}")
        self.assertTrue({"host", "port"}.isdisjoint(line), line)
        code, _, errors = run_command("probe", env={"VENCEJO_LISTEN": f"unix:{path}"})
        self.assertEqual(code, 1)
        self.assertIn(path, errors)
        self.assertIn("no connection", errors)

    def test_several_ports_and_ipv6(self):
        ports = [free_port(), free_port()]
        arguments = ("--listen", f"{HOST}:{ports[0]}", "--listen", f"[::1]:{ports[1]}")
        with Server({"house-price": HOUSE}, arguments=arguments) as server:
            for family, address in ((socket.AF_INET, (HOST, ports[0])), (socket.AF_INET6, ("::1", ports[1]))):
                with socket.socket(family) as plain:
                    plain.settimeout(PATIENCE)
                    plain.connect(address)
                    plain.sendall(b"GET /health/live HTTP/1.0\r\n\r\n")
                    self.assertTrue(plain.recv(100).startswith(b"HTTP/1.1 200"))
            self.assertEqual(server.price(RECORD), server.price(RECORD))

    def test_running_out_of_descriptors_pauses_every_listener_and_recovers(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))

        server, path = self.serve(self.directory, preexec=limit)
        with server:
            held = []
            for index in range(60):
                try:
                    # A queue that is full has no room for more until descriptors are there again.
                    held.append(UnixConnection(path, 2) if index % 2 else server.connect(2))
                except OSError:
                    pass
            self.assertTrue(server.is_alive())
            for connection in held:
                connection.close()
            for make in (lambda: UnixConnection(path), server.connect):

                def answers():
                    try:
                        with make() as connection:
                            connection.send(post("/predict", BODY))
                            return connection.answer().status == 200
                    except (OSError, EOFError):
                        return False

                self.assertTrue(until(answers), "it accepts again")


class Reloading(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="vencejo-reload-")
        self.addCleanup(lambda: shutil.rmtree(self.directory, ignore_errors=True))
        self.file = os.path.join(self.directory, "vencejo.json")
        self.admin = os.path.join(self.directory, "admin")
        self.predict = os.path.join(self.directory, "predict")

    def write(self, path, text):
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(text if isinstance(text, str) else json.dumps(text))
        os.rename(path + ".new", path)

    def reload(self, server, outcome="the configuration was reloaded"):
        before = server.text().count(outcome)
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(until(lambda: server.text().count(outcome) > before), server.text())

    def serve(self, configuration, **more):
        self.write(self.file, configuration)
        # Each loop takes new settings at the end of its turn: of several, one may answer by them and another not yet.
        more.setdefault("loops", 1)
        return Server({"house-price": HOUSE}, token=None, arguments=("--config", self.file), **more)

    def test_tokens_change_without_a_restart_and_are_never_told(self):
        tokens = [secrets.token_hex(16) for _ in range(4)]
        self.write(self.admin, tokens[0])
        self.write(self.predict, tokens[1])
        with self.serve({"admin_token_file": self.admin, "predict_token_file": self.predict}) as server:
            kept = server.connect()

            def status(method, path, token, body=None):
                fields = {"Authorization": f"Bearer {token}"} if token else {}
                return server.request(method, path, body, fields).status

            self.assertEqual(status("POST", "/predict", tokens[1], RECORD), 200)
            self.assertEqual(status("POST", "/predict", tokens[0], RECORD), 200)
            self.assertEqual(status("POST", "/predict", None, RECORD), 401)
            self.write(self.admin, tokens[2] + "\n")
            self.write(self.predict, tokens[3] + "\n")
            self.assertEqual(status("POST", "/predict", tokens[1], RECORD), 200, "not before the signal")
            self.reload(server)
            for old in tokens[:2]:
                self.assertEqual(status("POST", "/predict", old, RECORD), 401)
            self.assertEqual(status("POST", "/predict", tokens[3], RECORD), 200)
            self.assertEqual(status("DELETE", "/models/nope", tokens[3]), 401)
            self.assertEqual(status("DELETE", "/models/nope", tokens[2]), 404)
            # A connection that was open all the time is judged by the new tokens as well.
            kept.send(post("/predict", BODY, f"Authorization: Bearer {tokens[1]}"))
            self.assertEqual(kept.answer().status, 401)
            kept.close()
            # Taking the token away opens predictions again.
            self.write(self.file, {"admin_token_file": self.admin})
            self.reload(server)
            self.assertEqual(status("POST", "/predict", None, RECORD), 200)
            for token in tokens:
                self.assertNotIn(token, server.text())

    def test_a_bad_file_changes_nothing(self):
        with self.serve({"body_bytes_max": 100}) as server:
            self.assertEqual(server.predict([RECORD] * 9).status, 413)
            for text in ("{", '{"body_bytes_max": 0}', '{"nope": 1}', '{"body_bytes_max": 5, "cors_origins": ["x"]}'):
                self.write(self.file, text)
                self.reload(server, "everything stays as it was")
                self.assertEqual(server.predict(RECORD).status, 200)
                self.assertEqual(server.predict([RECORD] * 9).status, 413)
            os.remove(self.file)
            self.reload(server, "everything stays as it was")
            self.write(self.file, {"body_bytes_max": 100_000})
            self.reload(server)
            self.assertEqual(server.predict([RECORD] * 9).status, 200)

    def test_what_needs_a_restart_is_named_and_stays(self):
        port = free_port()
        # What comes from the environment wins over the file: an empty variable is none.
        with self.serve({"idle_timeout_seconds": 70}, env={"VENCEJO_IDLE_TIMEOUT_SECONDS": ""}) as server:
            self.write(self.file, {"idle_timeout_seconds": 60, "listen": [f"{HOST}:{port}"], "connections_max": 10})
            self.reload(server)
            lines = [json.loads(line) for line in server.text().splitlines() if "restart only" in line]
            self.assertEqual(
                sorted(line["name"] for line in lines), ["connections_max", "idle_timeout_seconds", "listen"]
            )
            self.assertTrue(all(line["severity"] == "WARNING" for line in lines))
            with socket.socket() as plain:
                self.assertNotEqual(plain.connect_ex((HOST, port)), 0)
            self.assertEqual(server.predict(RECORD).status, 200)

    def test_the_level_of_the_log_and_origins_change(self):
        with self.serve({"log_level": "info"}) as server:
            page = {"Origin": "https://app.example.com"}
            self.assertIsNone(server.request("GET", "/models", headers=page).field("access-control-allow-origin"))
            self.write(self.file, {"log_level": "error", "cors_origins": "https://app.example.com"})
            self.reload(server)
            answer = server.request("GET", "/models", headers=page)
            self.assertEqual(answer.field("access-control-allow-origin"), "https://app.example.com")
            with server.connect() as late:
                # It begins under one policy and is answered under another, which nobody else may get to see.
                late.send(
                    head("POST", "/predict", "Origin: https://app.example.com", f"Content-Length: {len(BODY)}")
                    + BODY[:5]
                )
                self.write(self.file, {"log_level": "error", "cors_origins": "https://b.example.com"})
                server.process.send_signal(signal.SIGHUP)
                other = {"Origin": "https://b.example.com", "Content-Type": "application/json"}
                self.assertTrue(until(lambda: server.request("GET", "/models", headers=other).field("vary")))
                allowed = lambda: server.request("GET", "/models", headers=other).field("access-control-allow-origin")
                self.assertTrue(until(allowed))
                late.send(BODY[5:])
                self.assertEqual(late.answer().status, 200)
                for _ in range(2):
                    answer = server.request("POST", "/predict", BODY, headers=other)
                    self.assertEqual(answer.field("access-control-allow-origin"), "https://b.example.com")
            self.write(self.file, {"log_level": "debug", "cors_origins": []})
            server.process.send_signal(signal.SIGHUP)
            # By the origin that was the last to be allowed: another has been refused since before this reload.
            gone = lambda: not server.request("GET", "/models", headers=other).field("access-control-allow-origin")
            self.assertTrue(until(gone))
            for headers in (page, {}):
                answer = server.request(
                    "POST", "/predict", BODY, headers={"Content-Type": "application/json", **headers}
                )
                self.assertEqual((answer.status, answer.field("access-control-allow-origin")), (200, None))
            asked = {"Origin": "https://b.example.com", "Access-Control-Request-Method": "POST"}
            self.assertIsNone(
                server.request("OPTIONS", "/predict", headers=asked).field("access-control-allow-methods")
            )
            self.assertEqual(server.text().count("the configuration was reloaded"), 1, "errors alone were written")

    def test_signals_in_numbers_under_load_lose_no_answer(self):
        with self.serve({"in_flight_max": 4096}, loops=2) as server:
            judge = lambda answer: None if answer.status == 200 else f"{answer}"
            with Load(server.port, post("/predict", BODY), judge, clients=4) as load:
                for number in range(30):
                    self.write(self.file, {"in_flight_max": 4000 + number, "body_bytes_max": 1000 + number})
                    server.process.send_signal(signal.SIGHUP)
                self.reload(server)
            self.assertEqual(load.failures, [])
            self.assertGreater(load.answered, 0)

    def test_a_signal_during_the_drain_does_no_harm(self):
        with self.serve({}) as server:
            with server.connect() as pending:
                pending.send(head("POST", "/predict", f"Content-Length: {len(BODY)}") + BODY[:5])
                self.assertEqual(server.request("GET", "/health/ready").status, 200)
                server.terminate()
                self.assertTrue(until(lambda: "draining" in server.text()))
                server.process.send_signal(signal.SIGHUP)
                pending.send(BODY[5:])
                self.assertEqual(pending.answer().status, 200)
            self.assertEqual(server.wait(), 0)


class Terminals(unittest.TestCase):
    def test_it_stops_when_its_terminal_goes(self):
        controller, terminal = os.openpty()
        port = free_port()
        process = subprocess.Popen(
            [find_binary(), "serve", f"a={HOUSE}", "--host", HOST, "--port", str(port)],
            env=clean_environment(),
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(terminal)
        try:
            self.assertTrue(until(lambda: run_command("probe", "--port", str(port))[0] == 0))
            process.send_signal(signal.SIGHUP)
            self.assertEqual(run_command("probe", "--port", str(port))[0], 0, "the terminal is there: a reload")
            os.close(controller)
            process.send_signal(signal.SIGHUP)
            self.assertEqual(process.wait(PATIENCE), 0)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(PATIENCE)


class Shedding(unittest.TestCase):
    def test_predictions_beyond_the_bound_are_refused_before_their_body(self):
        environment = {"VENCEJO_IN_FLIGHT_MAX": "3"}
        with Server({"house-price": HOUSE}, loops=1, env=environment) as server:
            slow = [server.connect() for _ in range(3)]
            for connection in slow:
                connection.send(head("POST", "/predict", f"Content-Length: {len(BODY)}") + BODY[:5])

            def is_full():
                with server.connect() as connection:
                    connection.send(head("POST", "/predict", f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
                    answer = connection.answer(with_interim=True)
                    if answer.status == 503:
                        self.assertEqual(answer.field("retry-after"), "1")
                        self.assertEqual(answer.json()["status"], 503)
                    return answer.status == 503

            self.assertTrue(until(is_full))
            for path in ("/health/live", "/health/ready", "/metrics", "/models"):
                self.assertEqual(server.request("GET", path).status, 200, "probes and looks are exempt")
            for connection in slow:
                connection.send(BODY[5:])
                self.assertEqual(connection.answer().status, 200, "what has begun is finished")
                connection.close()
            self.assertEqual(server.predict(RECORD).status, 200)

    def test_a_client_that_goes_gives_its_place_back(self):
        with Server({"house-price": HOUSE}, loops=1, env={"VENCEJO_IN_FLIGHT_MAX": "1"}) as server:
            for _ in range(20):
                with server.connect() as gone:
                    gone.send(head("POST", "/predict", "Content-Length: 100") + b"{")
                self.assertTrue(until(lambda: server.predict(RECORD).status == 200))

    def test_connections_beyond_the_bound_are_told_so(self):
        with Server({"house-price": HOUSE}, env={"VENCEJO_CONNECTIONS_MAX": "4"}, loops=1) as server:
            held = []

            def holds_another():
                """Not while the connection that asked whether the server is ready is still there."""
                connection = server.connect()
                connection.send(post("/predict", BODY))
                if connection.answer().status == 200:
                    held.append(connection)
                else:
                    connection.close()
                return len(held) == 4

            self.assertTrue(until(holds_another))
            with server.connect() as extra:
                answer = extra.answer()
                self.assertEqual((answer.status, answer.field("retry-after")), (503, "1"))
                self.assertTrue(extra.is_closed())
            for connection in held:
                connection.send(post("/predict", BODY))
                self.assertEqual(connection.answer().status, 200)
                connection.close()

    def test_times_come_from_the_environment(self):
        environment = {"VENCEJO_HEAD_TIMEOUT_SECONDS": "1", "VENCEJO_IDLE_TIMEOUT_SECONDS": "2"}
        with Server({"house-price": HOUSE}, env=environment) as server:
            with server.connect() as slow, server.connect() as idle:
                slow.send(b"GET / HT")
                self.assertEqual(slow.answer().status, 408)
                self.assertTrue(idle.is_closed())
            text = lambda: server.request("GET", "/metrics").body.decode()
            for kind in ("head", "idle"):
                self.assertTrue(until(lambda: f'vencejo_timeouts_total{{kind="{kind}"}} 1\n' in text()), kind)


class Descriptors(unittest.TestCase):
    def test_the_limit_is_raised_as_far_as_it_may_go(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (40, 300))

        with Server({"house-price": HOUSE}, preexec=limit) as server:
            held = [server.connect() for _ in range(100)]
            for connection in held:
                connection.send(post("/predict", BODY))
            for connection in held:
                self.assertEqual(connection.answer().status, 200)
                connection.close()


class DrainingWithDelay(unittest.TestCase):
    def test_it_goes_on_accepting_while_the_balancer_looks(self):
        environment = {"VENCEJO_DRAIN_SECONDS": "600", "VENCEJO_DRAIN_DELAY_SECONDS": "500"}
        with Server({"house-price": HOUSE}, env=environment) as server:
            kept = server.connect()
            kept.send(post("/predict", BODY))
            self.assertEqual(kept.answer().status, 200)
            server.terminate()
            self.assertTrue(until(lambda: server.request("GET", "/health/ready").status == 503))
            self.assertEqual(server.request("GET", "/health/live").status, 200)
            self.assertEqual(server.predict(RECORD).status, 200, "new connections are still served")
            kept.send(post("/predict", BODY))
            self.assertEqual(kept.answer().status, 200)
            kept.close()
            server.terminate()
            self.assertEqual(server.wait(), 1)
            server.was_killed = True

    def test_after_the_delay_nothing_is_waited_for_but_requests(self):
        environment = {"VENCEJO_DRAIN_SECONDS": "600", "VENCEJO_DRAIN_DELAY_SECONDS": "2"}
        with Server({"house-price": HOUSE}, env=environment) as server, server.connect() as kept:
            kept.send(post("/predict", BODY))
            self.assertEqual(kept.answer().status, 200)
            started = time.monotonic()
            server.terminate()
            self.assertEqual(server.wait(), 0)
            self.assertGreater(time.monotonic() - started, 1.9)

    def test_a_second_signal_during_the_delay_ends_at_once(self):
        environment = {"VENCEJO_DRAIN_SECONDS": "600", "VENCEJO_DRAIN_DELAY_SECONDS": "500"}
        with Server({"house-price": HOUSE}, env=environment) as server:
            server.terminate()
            self.assertTrue(until(lambda: server.request("GET", "/health/ready").status == 503))
            server.terminate()
            self.assertEqual(server.wait(), 1)
            server.was_killed = True

    def test_under_load_all_is_answered_within_the_time_and_the_exit_code_is_0(self):
        """Clients that come back after each close, as behind a balancer that has not looked yet."""
        environment = {"VENCEJO_DRAIN_DELAY_SECONDS": "1", "K_SERVICE": "x"}
        with Server({"house-price": HOUSE}, env=environment, loops=2) as server:
            stop, failures, answered = threading.Event(), [], []

            def client():
                count = 0
                while not stop.is_set():
                    try:
                        connection = server.connect()
                    except OSError:
                        break  # The port is closed: the drain itself has begun.
                    try:
                        while not stop.is_set():
                            connection.send(post("/predict", BODY))
                            answer = connection.answer()
                            if answer.status != 200:
                                failures.append(f"{answer}")
                            count += 1
                            if (answer.field("connection") or "").lower() == "close":
                                break
                    except EOFError as error:
                        # Between two requests the server may close; within an answer it may not.
                        if connection.buffer or "inside a line" in str(error) and "b''" not in str(error):
                            failures.append(str(error))
                    except OSError:
                        pass
                    finally:
                        connection.close()
                answered.append(count)

            threads = [threading.Thread(target=client, daemon=True) for _ in range(6)]
            for thread in threads:
                thread.start()
            self.assertTrue(until(lambda: server.predict(RECORD).status == 200))
            server.terminate()
            self.assertEqual(server.wait(), 0)
            stop.set()
            for thread in threads:
                thread.join(PATIENCE)
            self.assertFalse(any(thread.is_alive() for thread in threads))
            self.assertEqual(failures, [])
            self.assertGreater(sum(answered), 0)

    def test_as_process_1_of_a_container(self):
        with_namespace = ["unshare", "--pid", "--fork", "--kill-child"]
        if subprocess.run([*with_namespace, "true"], capture_output=True).returncode != 0:
            self.skipTest("no right to make a namespace of processes")
        port = free_port()
        outer = subprocess.Popen(
            [*with_namespace, find_binary(), "serve", f"a={HOUSE}", "--host", HOST, "--port", str(port)],
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.assertTrue(until(lambda: run_command("probe", "--port", str(port))[0] == 0))
            with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as file:
                inner = int(file.read().split()[0])
            os.kill(inner, signal.SIGHUP)
            os.kill(inner, signal.SIGTERM)
            self.assertEqual(outer.wait(PATIENCE), 0)
        finally:
            if outer.poll() is None:
                outer.kill()
                outer.wait(PATIENCE)


if __name__ == "__main__":
    unittest.main()
