"""Two servers on one directory: a change that comes to the one stands on what the other has done, however long it is to its next look."""

import shutil
import tempfile
import threading
import unittest

from harness import BAND, HOUSE, HOUSE_2, Server, contents, until

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
SELDOM = ("--store-poll", "3600", "--keep-versions", "4")


class Replicas(unittest.TestCase):
    def setUp(self):
        self.store = tempfile.mkdtemp(prefix="vencejo-replicas-")
        self.addCleanup(shutil.rmtree, self.store, True)

    def serve(self):
        return Server(store=self.store, loops=1, arguments=SELDOM)

    def test_a_change_stands_on_what_another_server_has_published(self):
        with self.serve() as one, self.serve() as two:
            first = one.put("m", HOUSE).field("etag")
            self.assertEqual(two.put("m", HOUSE, {"If-None-Match": "*"}).status, 412)
            self.assertEqual(two.put("m", HOUSE_2, {"If-Match": first}).status, 200)
            newest = one.put("m", HOUSE).field("etag")
            stale = two.put("m", HOUSE_2, {"If-Match": first})
            self.assertEqual(stale.status, 412, stale)
            answer = two.put("m", HOUSE_2, {"If-Match": newest})
            self.assertEqual((answer.status, answer.json()["version"]), (200, 4), answer)

            newest = one.put("m", HOUSE).field("etag")
            answer = two.request("PATCH", "/models/m", {"aliases": {"canary": 5}}, {"If-Match": newest})
            self.assertEqual((answer.status, answer.json()["aliases"]), (200, {"canary": 5}), answer)
            one.put("m", HOUSE_2)
            answer = two.request("PATCH", "/models/m", {"aliases": {"canary": 6}})
            self.assertEqual((answer.status, answer.json()["aliases"]), (200, {"canary": 6}), answer)
            one.put("m", HOUSE)
            one.put("m", HOUSE)
            self.assertEqual(two.request("DELETE", "/models/m/versions/7").status, 204)
            self.assertEqual(two.request("DELETE", "/models/m/versions/x").status, 404)
            newest = one.put("m", HOUSE).field("etag")
            self.assertEqual(two.request("DELETE", "/models/m", headers={"If-Match": stale.field("etag")}).status, 412)
            self.assertEqual(two.request("DELETE", "/models/m", headers={"If-Match": newest}).status, 204)

            one.put("new", HOUSE)
            self.assertEqual(two.request("DELETE", "/models/new").status, 204)
            one.put("other", HOUSE)
            self.assertEqual(two.request("DELETE", "/models/other/versions/2").status, 404)
            self.assertEqual(two.request("PATCH", "/models/other", {"default": True}).status, 200)
            self.assertEqual(two.request("DELETE", "/models/none").status, 404)

    def test_a_publish_is_judged_by_what_another_server_has_done(self):
        with self.serve() as one, self.serve() as two:
            one.put("m", HOUSE)
            self.assertEqual(two.request("GET", "/models", headers={"X-Min-Generation": "1"}).status, 200)
            one.request("PATCH", "/models/m", {"shadow_policy": {"action": "refuse"}})
            for path in ("/models/m", "/models/m?dry_run=true"):
                self.assertEqual(two.request("PUT", path, contents(BAND)).status, 409)
            one.request("PUT", "/models/m?shadow=off", contents(BAND))
            same = two.put("m", BAND)
            self.assertEqual(same.status, 200, same)
            self.assertEqual(same.json()["certificate"]["shadow"]["compared_with_version"], 2)
            one.request("DELETE", "/models/m")
            new = two.put("m", HOUSE, {"If-None-Match": "*"})
            self.assertEqual(new.status, 201, new)
            self.assertNotIn("shadow", new.json()["certificate"])

    def test_of_two_at_once_with_one_tag_one_wins(self):
        with self.serve() as one, self.serve() as two:
            tag = one.put("m", HOUSE).field("etag")
            for turn in range(20):
                answers = []

                def put(server, tag=tag, answers=answers):
                    answers.append(server.put("m", HOUSE_2, {"If-Match": tag}))

                threads = [threading.Thread(target=put, args=(server,)) for server in (one, two)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                won = [answer for answer in answers if answer.status == 200]
                lost = [answer for answer in answers if answer.status in (409, 412)]
                self.assertEqual((len(won), len(lost)), (1, 1), (turn, answers))
                tag = won[0].field("etag")

    def test_versions_for_a_rollback_come_soon_behind_what_brings_them(self):
        with self.serve() as one, self.serve() as two:
            for name, change in (("followed", None), ("changed", {"aliases": {"x": 2}}), ("published", HOUSE_2)):
                one.put(name, HOUSE)
                newest = one.put(name, HOUSE_2).field("etag")
                generation = newest.strip('"').split("-")[-1]
                if change is None:
                    two.request("GET", "/models", headers={"X-Min-Generation": generation})
                elif isinstance(change, dict):
                    self.assertEqual(two.request("PATCH", f"/models/{name}", change).status, 200)
                else:
                    self.assertEqual(two.put(name, change).status, 200)
                path = f"/models/{name}/versions/1/predict"
                self.assertTrue(until(lambda: two.request("POST", path, RECORD).status == 200, 10), name)


if __name__ == "__main__":
    unittest.main()
