"""docs/lifecycle.md: every command of it, in its order, against a server of its own."""

import os
import unittest

import guide
from harness import Server


class LifecycleGuide(unittest.TestCase):
    def test_each_command_does_what_the_page_says(self):
        folder = guide.directory(self, "house-price.pkl", "house-price-v2.pkl")
        with Server({}, store=os.path.join(folder, "models")) as server:
            guide.run(self, "lifecycle.md", server, folder, least=9)


if __name__ == "__main__":
    unittest.main()
