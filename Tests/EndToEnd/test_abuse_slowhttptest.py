"""slowhttptest, the tool that others test with: slow heads (-H), bodies (-B) and readers (-X), all at once."""

import subprocess
import unittest

from abuse import MEBIBYTE, Prober, Watch, size, tool
from harness import HOST, HOUSE, PATIENCE, Server

SECONDS = 12


class SlowHTTPTest(unittest.TestCase):
    def test_the_service_stays_available(self):
        path = tool("slowhttptest")
        clients = str(size(2_000, 300))
        with Server({"house-price": HOUSE}, loops=1) as server:
            shared = [path, "-c", clients, "-r", "200", "-p", str(PATIENCE), "-l", str(SECONDS)]
            url = f"http://{HOST}:{server.port}"
            runs = {
                "head": [*shared, "-H", "-i", "2", "-t", "GET", "-x", "24", "-u", f"{url}/models"],
                "body": [*shared, "-B", "-i", "2", "-s", "8192", "-t", "POST", "-x", "10", "-u", f"{url}/predict"],
                "read": [
                    *shared,
                    "-X",
                    "-k",
                    "8",
                    "-n",
                    "2",
                    "-w",
                    "512",
                    "-y",
                    "1024",
                    "-z",
                    "32",
                    "-u",
                    f"{url}/models/house-price",
                ],
            }
            with Prober(server), Watch(server, peak=64 * MEBIBYTE, kept=32 * MEBIBYTE):
                processes = {
                    name: subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
                    )
                    for name, command in runs.items()
                }
                outputs = {}
                try:
                    for name, process in processes.items():
                        outputs[name] = process.communicate(timeout=SECONDS + 2 * PATIENCE)[0]
                finally:
                    for process in processes.values():
                        process.kill()
                        process.wait()
                for name, text in outputs.items():
                    with self.subTest(attack=name):
                        self.assertIn("service available", text)
                        self.assertNotRegex(text, r"service available:\s*(?:\x1b\[[0-9;]*m)*\s*NO", text[-2000:])


if __name__ == "__main__":
    unittest.main()
