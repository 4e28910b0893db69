"""docs/lifecycle.md: every command of it, in its order, against a server of its own."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import EXAMPLES, HOST, PATIENCE, ROOT, Server, clean_environment

GUIDE = os.path.join(ROOT, "docs", "lifecycle.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```json\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


class LifecycleGuide(unittest.TestCase):
    def test_each_command_does_what_the_page_says(self):
        for tool in ("bash", "curl", "jq"):
            if not shutil.which(tool):
                self.skipTest(f"no {tool}")
        with open(GUIDE, encoding="utf-8") as file:
            blocks = BLOCK.findall(file.read())
        self.assertGreater(len(blocks), 8)
        directory = tempfile.mkdtemp(prefix="vencejo-guide-")
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        for name in ("house-price.pkl", "house-price-v2.pkl"):
            shutil.copy(os.path.join(EXAMPLES, name), directory)
        with Server({}, store=os.path.join(directory, "models")) as server:
            environment = clean_environment({"VENCEJO": f"http://{HOST}:{server.port}", "TOKEN": server.token})
            for commands, output in blocks:
                with self.subTest(commands=commands):
                    done = subprocess.run(
                        ["bash", "-euo", "pipefail", "-c", commands],
                        cwd=directory,
                        env=environment,
                        capture_output=True,
                        timeout=PATIENCE,
                        text=True,
                    )
                    self.assertEqual(done.returncode, 0, done.stderr)
                    if output:
                        self.assertEqual(done.stdout, output)


if __name__ == "__main__":
    unittest.main()
