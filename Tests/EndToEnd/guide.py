"""Runs a page of docs/: its commands, in their order, against a server, and compares what they print."""

import os
import re
import shutil
import subprocess
import tempfile

from harness import EXAMPLES, HOST, PATIENCE, ROOT, clean_environment, find_binary

BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```json\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


def directory(test, *names):
    """A directory for the commands, with the binary under its own name and some of the examples."""
    for tool in ("bash", "curl", "jq"):
        if not shutil.which(tool):
            test.skipTest(f"no {tool}")
    made = tempfile.mkdtemp(prefix="vencejo-guide-")
    test.addCleanup(shutil.rmtree, made, ignore_errors=True)
    for name in names:
        shutil.copy(os.path.join(EXAMPLES, name), made)
    os.symlink(find_binary(), os.path.join(made, "vencejo"))
    return made


def run(test, page, server, folder, least):
    """Runs the commands of a page that has at least so many blocks of them."""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    test.assertGreaterEqual(len(blocks), least)
    path = folder + os.pathsep + os.environ.get("PATH", "")
    environment = clean_environment({"PATH": path, "VENCEJO": f"http://{HOST}:{server.port}", "TOKEN": server.token})
    for commands, output in blocks:
        with test.subTest(commands=commands):
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", commands],
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=PATIENCE,
                text=True,
            )
            test.assertEqual(done.returncode, 0, done.stderr)
            if output:
                test.assertEqual(done.stdout, output)
