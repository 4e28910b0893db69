"""Starting and stopping: readiness, draining, exit codes."""

import os
import signal
import socket
import subprocess
import time
import unittest

from harness import HOST, HOUSE, HOUSE_2, PATIENCE, Server, free_port, head, post, run_command, until

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
BODY = b'{"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}'


class Draining(unittest.TestCase):
    def test_a_request_under_way_is_finished_and_the_exit_code_is_0(self):
        with Server({"house-price": HOUSE}) as server:
            wanted = server.price(RECORD)
            with server.connect() as pending:
                pending.send(head("POST", "/predict", f"Content-Length: {len(BODY)}") + BODY[:10])
                self.assertEqual(server.request("GET", "/health/ready").status, 200)
                server.terminate()
                self.assertTrue(self.stops_being_ready(server), "ready after SIGTERM")
                self.assertTrue(server.is_alive(), "a request is under way")
                pending.send(BODY[10:])
                answer = pending.answer()
                self.assertEqual((answer.status, answer.json()["prediction"]), (200, wanted))
                self.assertEqual((answer.field("connection") or "").lower(), "close")
                self.assertTrue(pending.is_closed())
            self.assertEqual(server.wait(), 0)
            server.check_logs()

    def stops_being_ready(self, server):
        """From some time on no fresh request is told that the server is ready."""

        def is_not_ready():
            try:
                return server.request("GET", "/health/ready").status == 503
            except TimeoutError:
                return False
            except OSError:
                return True

        return until(is_not_ready)

    def test_while_draining_ready_is_503_and_live_is_200(self):
        with Server({"house-price": HOUSE}) as server:
            with server.connect() as pending, server.connect() as probe:
                pending.send(post("/predict", BODY))
                self.assertEqual(pending.answer().status, 200)
                pending.send(head("POST", "/predict", f"Content-Length: {len(BODY)}") + BODY[:10])
                # The probe's own request is under way as well, so that its connection is not idle.
                probe.send(b"GET /health/ready HTTP/1.1\r\nHo")
                self.assertEqual(server.request("GET", "/health/ready").status, 200)
                server.terminate()
                self.assertTrue(self.stops_being_ready(server))
                probe.send(b"st: x\r\n\r\n")
                try:
                    self.assertEqual(probe.answer().status, 503)
                except EOFError:
                    pass  # A connection without a whole request may be closed.
                pending.send(BODY[10:])
                self.assertEqual(pending.answer().status, 200)
            self.assertEqual(server.wait(), 0)

    def test_idle_connections_are_closed_and_do_not_hold_up_the_stop(self):
        with Server({"house-price": HOUSE}, env={"VENCEJO_DRAIN_SECONDS": "600"}) as server:
            connections = [server.connect() for _ in range(50)]
            for connection in connections[:25]:
                connection.send(post("/predict", BODY))
                self.assertEqual(connection.answer().status, 200)
            server.terminate()
            self.assertEqual(server.wait(), 0)
            for connection in connections:
                self.assertTrue(connection.is_closed())
                connection.close()

    def test_a_client_that_never_finishes_is_left_at_the_deadline(self):
        with Server({"house-price": HOUSE}, env={"VENCEJO_DRAIN_SECONDS": "1"}) as server:
            with server.connect() as pending:
                pending.send(head("POST", "/predict", "Content-Length: 1000") + b"{")
                self.assertEqual(server.request("GET", "/health/ready").status, 200)
                server.terminate()
                # Half a second later it would end by itself, with 1: a machine may be slower than that.
                self.assertTrue(server.wait() == 0 or "did not end in time" in server.text(), server.text())
                server.was_killed = True
                self.assertTrue(pending.is_closed())

    def test_a_second_signal_stops_at_once(self):
        with Server({"house-price": HOUSE}, env={"VENCEJO_DRAIN_SECONDS": "600"}) as server:
            with server.connect() as pending:
                pending.send(head("POST", "/predict", "Content-Length: 1000") + b"{")
                self.assertEqual(server.request("GET", "/health/ready").status, 200)
                server.terminate()
                self.assertTrue(self.stops_being_ready(server))
                server.terminate()
                server.wait()
            server.was_killed = True

    def test_requests_sent_before_the_signal_are_answered(self):
        """A stopped process finds requests, connections and the signal all at once when it goes on."""
        for attempt in range(5):
            with Server({"house-price": HOUSE}, loops=2) as server:
                kept = [server.connect() for _ in range(10)]
                for connection in kept:
                    connection.send(post("/predict", BODY))
                    self.assertEqual(connection.answer().status, 200)
                server.process.send_signal(signal.SIGSTOP)
                for connection in kept:
                    connection.send(post("/predict", BODY))
                fresh = [server.connect() for _ in range(10)]
                for connection in fresh:
                    connection.send(post("/predict", BODY))
                server.terminate()
                server.process.send_signal(signal.SIGCONT)
                dropped = {"kept": 0, "fresh": 0}
                for name, connections in (("kept", kept), ("fresh", fresh)):
                    for connection in connections:
                        try:
                            self.assertEqual(connection.answer().status, 200)
                        except (EOFError, OSError):
                            dropped[name] += 1
                        connection.close()
                self.assertEqual(dropped, {"kept": 0, "fresh": 0}, f"of 10 each, attempt {attempt}")
                self.assertEqual(server.wait(), 0)

    def test_sigint_stops_as_well(self):
        with Server({"house-price": HOUSE}) as server:
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(), 0)

    def test_answers_in_flight_under_load_are_whole(self):
        from harness import Load

        for _ in range(3):
            with Server({"house-price": HOUSE}) as server:
                judge = lambda answer: None if answer.status == 200 else f"{answer}"
                with Load(server.port, post("/predict", BODY), judge, clients=4) as load:
                    self.assertEqual(server.predict(RECORD).status, 200)
                    server.terminate()
                    self.assertEqual(server.wait(), 0)
                # Each client ends because its connection was closed; none saw half an answer or a failure.
                torn = [
                    text
                    for text in load.failures
                    if "inside a line" in text
                    and "b''" not in text
                    or "bytes early" in text
                    or "AssertionError" in text
                ]
                self.assertEqual(torn, [])
                server.check_logs()


class Starting(unittest.TestCase):
    def failing(self, *arguments, env=None, code=None):
        """A start that has to fail, soon and with a message; returns the message."""
        exit_code, output, errors = run_command("serve", *arguments, env=env)
        self.assertNotEqual(exit_code, 0, output)
        text = errors + output
        self.assertTrue(text.strip(), "a failed start says why")
        self.assertNotIn("Fatal error", text)
        return text

    def test_a_port_in_use_is_said(self):
        with socket.socket() as taken:
            taken.bind((HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            text = self.failing(f"a={HOUSE}", "--host", HOST, "--port", str(port))
            self.assertIn(str(port), text)

    def test_two_servers_do_not_share_a_port(self):
        with Server({"house-price": HOUSE}) as server:
            self.failing(f"a={HOUSE}", "--host", HOST, "--port", str(server.port))
            self.assertEqual(server.predict(RECORD).status, 200)

    def test_a_model_file_that_is_not_there_is_said(self):
        text = self.failing("/nonexistent/model.pkl", "--host", HOST, "--port", str(free_port()))
        self.assertIn("/nonexistent/model.pkl", text)

    def test_a_model_file_that_cannot_be_served_is_left_out(self):
        readme = os.path.join(os.path.dirname(HOUSE), "README.md")
        with Server({"bad": readme, "good": HOUSE}) as server:
            self.assertEqual(server.predict(RECORD, "good").status, 200)
            self.assertEqual(server.predict(RECORD, "bad").status, 404)
            self.assertEqual(server.predict(RECORD).status, 404, "the default is the first that was named")
            ready = server.request("GET", "/health/ready")
            self.assertEqual((ready.status, ready.json()), (200, {"status": "ready", "not_loaded": ["bad"]}))
            told = server.request("GET", "/models").json()
            self.assertEqual([model["name"] for model in told["lagging"]], ["bad"])
            answer = server.request("GET", "/models/bad")
            self.assertEqual(answer.status, 503)
            for text in (answer.body.decode(), str(told), str(ready.json())):
                self.assertNotIn(os.path.dirname(HOUSE), text)
            self.assertIn("README.md", server.text())
            tag = {"If-Match": '"1-1"'}
            self.assertEqual(server.request("DELETE", "/models/bad", headers=tag).status, 412)
            self.assertEqual(server.request("DELETE", "/models/bad").status, 204)
            self.assertEqual(server.request("GET", "/health/ready").json(), {"status": "ready"})
            self.assertEqual(server.request("GET", "/models/bad").status, 404)
            self.assertEqual(server.request("DELETE", "/models/bad").status, 404)
        with Server({"bad": readme, "good": HOUSE}) as server:
            self.assertIn(server.put("bad", HOUSE_2).status, (200, 201))
            self.assertEqual(server.request("GET", "/health/ready").json(), {"status": "ready"})
            self.assertNotIn("lagging", server.request("GET", "/models").json())

    def test_a_start_with_nothing_that_can_be_served_fails(self):
        readme = os.path.join(os.path.dirname(HOUSE), "README.md")
        text = self.failing(f"bad={readme}", "--host", HOST, "--port", str(free_port()))
        self.assertIn("README.md cannot be served", text)

    def test_an_address_that_is_not_ours_is_said(self):
        self.assertIn("192.0.2.1", self.failing(f"a={HOUSE}", "--host", "192.0.2.1", "--port", str(free_port())))
        self.failing(f"a={HOUSE}", "--host", "not an address", "--port", str(free_port()))

    def test_port_0_takes_a_free_one_and_says_which(self):
        server = Server({"house-price": HOUSE}, wait=False, arguments=("--port", "0"))
        try:
            import re

            def is_told():
                self.assertTrue(server.is_alive(), server.text())
                ports = [int(text) for text in re.findall(r":(\d{4,5})\b", server.text())]
                for port in ports:
                    if port != server.port:
                        try:
                            socket.create_connection((HOST, port), PATIENCE).close()
                            return True
                        except OSError:
                            pass
                return False

            self.assertTrue(until(is_told), f"no port is told: {server.text()}")
        finally:
            server.kill()
            server.remove_directory()

    def test_the_thread_plan_is_told_with_its_reason(self):
        with Server({"house-price": HOUSE}, loops=1) as server:
            self.assertRegex(server.text(), r"(?i)loop")

    def test_few_descriptors_refuse_connections_but_never_end_it(self):
        import resource

        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        with Server({"house-price": HOUSE}, preexec=limit, loops=1) as server:
            connections = []
            for _ in range(100):
                connections.append(socket.create_connection((HOST, server.port), PATIENCE))
            self.assertTrue(server.is_alive())
            for connection in connections:
                connection.close()

            def accepts():
                try:
                    return server.request("POST", "/predict", BODY).status == 200
                except OSError:
                    return False

            self.assertTrue(until(accepts), "it does not accept again")

    def test_it_does_not_spin_when_idle(self):
        with Server({"house-price": HOUSE}) as server:
            server.predict(RECORD)

            def ticks():
                with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                return int(fields[11]) + int(fields[12])

            began, before = time.monotonic(), ticks()
            time.sleep(1)
            self.assertLess(ticks() - before, 40 * (time.monotonic() - began), "of 100 CPU ticks a second, when idle")

    def test_standard_output_closed_does_not_end_it(self):
        port = free_port()
        from harness import clean_environment, find_binary

        process = subprocess.Popen(
            [find_binary(), "serve", f"house-price={HOUSE}", "--host", HOST, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(),
        )
        try:
            process.stdout.close()
            process.stderr.close()

            def is_live():
                self.assertIsNone(process.poll(), "a closed pipe for its logs ended the server")
                try:
                    with socket.create_connection((HOST, port), PATIENCE) as connection:
                        connection.sendall(head("GET", "/health/live"))
                        return connection.recv(100).startswith(b"HTTP/1.1 200")
                except OSError:
                    return False

            self.assertTrue(until(is_live))
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    unittest.main()
