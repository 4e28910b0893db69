"""Versions beside each other: aliases, rollback, dry runs, publishes that answer early, the certificate, memory."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import unittest

from harness import (
    BAND,
    HOUSE,
    HOUSE_2,
    Server,
    ServerTestCase,
    contents,
    expected,
    head,
    is_close,
    large_bundle,
    until,
)

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
PRICES = {1: expected()["house-price"]["predictions"][1], 2: expected()["house-price-v2"]["predictions"][1]}


def digest(path):
    return "sha256:" + hashlib.sha256(contents(path)).hexdigest()


class Versions(ServerTestCase):
    models = {}
    settings = {"arguments": ("--keep-versions", "2")}

    def setUp(self):
        self.name = "m-" + self.id().rsplit(".", 1)[1].replace("_", "-")
        self.path = "/models/" + self.name

    def publish(self, *artifacts):
        for artifact in artifacts:
            answer = self.server.put(self.name, artifact)
            self.assertIn(answer.status, (200, 201), answer)
        return answer

    def patch(self, change, headers=None):
        return self.server.request("PATCH", self.path, change, headers)

    def price(self, where=""):
        answer = self.server.request("POST", f"{self.path}{where}/predict", RECORD)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["prediction"], int(answer.field("vencejo-version"))

    def assert_price(self, version, where=""):
        price, number = self.price(where)
        self.assertTrue(is_close(price, PRICES[version]), (price, PRICES))
        self.assertEqual(number, version)

    def test_a_rollback_is_one_call_and_needs_no_upload(self):
        self.publish(HOUSE, HOUSE_2)
        self.assert_price(2)
        answer = self.patch({"rollback": True})
        self.assertEqual(answer.status, 200, answer)
        page = answer.json()
        self.assertEqual((page["version"], page["versions"], page["digest"]), (1, [1, 2], digest(HOUSE)))
        self.assert_price(1)
        self.assertEqual(self.patch({"version": 2}).status, 200)
        self.assert_price(2)
        self.assert_problem(self.patch({"version": 7}), 404, title="No such version", expected="one of 1, 2")

    def test_each_version_can_be_asked_by_its_number_and_by_its_aliases(self):
        self.publish(HOUSE, HOUSE_2)
        answer = self.patch({"aliases": {"champion": 1, "canary": 2}})
        self.assertEqual(answer.json()["aliases"], {"canary": 2, "champion": 1}, answer)
        for where, version in (("/versions/1", 1), ("/versions/2", 2), ("/aliases/champion", 1), ("/aliases/canary", 2)):
            self.assert_price(version, where)
        self.assertEqual(self.patch({"aliases": {"champion": 2, "canary": None}}).json()["aliases"], {"champion": 2})
        self.assert_price(2, "/aliases/champion")
        for where in ("/aliases/canary", "/versions/3", "/versions/x", "/versions/-1", "/versions/" + "9" * 30):
            self.assert_problem(self.server.request("POST", f"{self.path}{where}/predict", RECORD), 404)
        self.assertEqual(self.patch({"version": "champion"}).json()["version"], 2)

    def test_the_list_tells_of_each_version(self):
        self.publish(HOUSE, HOUSE_2)
        self.patch({"aliases": {"old": 1}})
        page = self.server.request("GET", self.path + "/versions").json()
        self.assertEqual((page["name"], page["current"], page["aliases"]), (self.name, 2, {"old": 1}))
        self.assertEqual([version["version"] for version in page["versions"]], [1, 2])
        self.assertEqual([version["current"] for version in page["versions"]], [False, True])
        self.assertEqual([version["aliases"] for version in page["versions"]], [["old"], []])
        self.assertEqual([version["digest"] for version in page["versions"]], [digest(HOUSE), digest(HOUSE_2)])
        one = self.server.request("GET", self.path + "/versions/1")
        self.assertEqual((one.status, one.json()["version"]), (200, 1))
        self.assertIsNotNone(one.field("etag"))

    def test_only_so_many_versions_are_kept(self):
        self.publish(*[HOUSE, HOUSE_2] * 3)
        self.assertEqual(self.server.request("GET", self.path).json()["versions"], [4, 5, 6])
        self.assert_problem(self.server.request("POST", self.path + "/versions/1/predict", RECORD), 404)

    def test_a_version_in_use_is_not_deleted(self):
        self.publish(HOUSE, HOUSE_2)
        self.assert_problem(self.server.request("DELETE", self.path + "/versions/2"), 409)
        self.patch({"aliases": {"champion": 1}})
        self.assert_problem(self.server.request("DELETE", self.path + "/versions/1"), 409)
        self.patch({"aliases": {"champion": None}})
        self.assertEqual(self.server.request("DELETE", self.path + "/versions/1").status, 204)
        self.assertEqual(self.server.request("GET", self.path).json()["versions"], [2])
        self.assert_problem(self.patch({"rollback": True}), 404)

    def test_a_get_is_conditional(self):
        self.publish(HOUSE, HOUSE_2)
        for page in ("", "/versions/1", "/versions/2"):
            tag = self.server.request("GET", self.path + page).field("etag")
            for headers, status in (
                ({"If-Match": tag}, 200),
                ({"If-Match": "*"}, 200),
                ({"If-Match": '"other"'}, 412),
                ({"If-None-Match": tag}, 304),
                ({"If-Match": tag, "If-None-Match": tag}, 304),
                ({"If-Match": "no tag"}, 400),
            ):
                with self.subTest(page=page, headers=headers):
                    self.assertEqual(self.server.request("GET", self.path + page, headers=headers).status, status)
        page = self.path + "/versions/2"
        before = self.server.request("GET", page).field("etag")
        self.patch({"default": True})
        after = self.server.request("GET", page, headers={"If-None-Match": before})
        self.assertEqual((after.status, after.json()["default"]), (200, True))
        self.assertEqual(self.server.request("GET", page, headers={"If-None-Match": after.field("etag")}).status, 304)

    def test_the_etag_changes_with_everything_that_is_told(self):
        seen = {self.publish(HOUSE).field("etag"), self.publish(HOUSE_2).field("etag")}
        for change in ({"rollback": True}, {"version": 2}, {"aliases": {"a": 1}}, {"shadow_policy": {"action": "off"}}):
            answer = self.patch(change, {"If-Match": max(seen, key=lambda tag: int(tag.split("-")[-1].strip('"')))})
            self.assertEqual(answer.status, 200, answer)
            self.assertNotIn(answer.field("etag"), seen)
            seen.add(answer.field("etag"))
        self.assert_problem(self.patch({"rollback": True}, {"If-Match": next(iter(seen - {answer.field("etag")}))}), 412)
        page = self.server.request("GET", self.path)
        self.assertEqual(page.field("etag"), answer.field("etag"))
        same = self.server.request("GET", self.path, headers={"If-None-Match": page.field("etag")})
        self.assertEqual((same.status, same.body), (304, b""))

    def test_changes_that_cannot_be_read(self):
        self.publish(HOUSE)
        for body, pointer in (
            (b"{}", None),
            (b"[]", None),
            (b'{"version": 1', None),
            (b'{"verson": 1}', "/verson"),
            (b'{"version": true}', "/version"),
            (b'{"version": 1, "rollback": true}', "/rollback"),
            (b'{"rollback": false}', "/rollback"),
            (b'{"default": false}', "/default"),
            (b'{"aliases": {"a": "1"}}', "/aliases/a"),
            (b'{"aliases": [1]}', "/aliases"),
            (b'{"shadow_policy": {"action": "maybe"}}', "/shadow_policy/action"),
            (b'{"shadow_policy": {"label_flips_max": 2}}', "/shadow_policy/label_flips_max"),
            (b'{"shadow_policy": {"action": "off", "action": "warn"}}', "/shadow_policy/action"),
            (b'{"aliases": {"a": 1, "a": 1}}', "/aliases/a"),
            (b'{"aliases": {"7": 1}}', "/aliases/7"),
            (b'{"default": true, "default": true}', "/default"),
        ):
            with self.subTest(body=body):
                document = self.assert_problem(self.patch(body), 400)
                self.assertEqual(document.get("pointer"), pointer)
        self.assert_problem(self.patch({"aliases": {"a/b": 1}}), 400)
        self.assertEqual(self.server.request("GET", self.path).json()["aliases"], {})
        self.assert_problem(self.server.request("PATCH", "/models/nobody", {"rollback": True}), 404)
        self.assert_problem(self.server.request("PATCH", self.path, {"rollback": True}, admin=False), 401)

    def test_the_default_can_be_moved(self):
        self.publish(HOUSE)
        self.assertTrue(self.patch({"default": True}).json()["default"])
        self.assertTrue(is_close(self.server.price(RECORD), PRICES[1]))

    def test_a_dry_run_tells_everything_and_publishes_nothing(self):
        self.publish(HOUSE)
        answer = self.server.request("PUT", self.path + "?dry_run=true", contents(HOUSE_2))
        self.assertEqual(answer.status, 200, answer)
        page = answer.json()
        self.assertEqual((page["state"], page["version"], page["digest"]), ("not published", 2, digest(HOUSE_2)))
        self.assertIn("certificate", page)
        self.assertIsNone(answer.field("etag"))
        self.assert_price(1)
        self.assertEqual(self.server.request("GET", self.path).json()["versions"], [1])
        self.assert_problem(self.server.request("PUT", self.path + "?dry_run=true", b"garbage"), 422)
        self.assert_problem(self.server.request("PUT", self.path + "?dry_run=maybe", contents(HOUSE)), 400)
        self.assert_problem(self.server.request("PUT", self.path + "?shadow=maybe", contents(HOUSE)), 400)

    def test_a_word_that_was_to_prevent_a_change_is_never_passed_over(self):
        self.publish(HOUSE, HOUSE_2)
        for query in ("dryrun=true", "dry-run=1", "DRY_RUN=1", "dry_run=false&dry_run=true", "dry_run=%ff", "shadow=%C3%28", "shadow=off&dry_run=1&x=1"):
            for method, path, body in (
                ("PUT", self.path, contents(HOUSE)),
                ("POST", "/models", contents(HOUSE)),
                ("PATCH", self.path, b'{"version": 1}'),
                ("DELETE", self.path, None),
                ("DELETE", self.path + "/versions/1", None),
            ):
                with self.subTest(query=query, method=method):
                    self.assert_problem(self.server.request(method, f"{path}?{query}", body, admin=True), 400)
        for method in ("PATCH", "DELETE"):
            answer = self.server.request(method, self.path + "?dry_run=true", b'{"version": 1}')
            self.assert_problem(answer, 400, expected="no parameters")
        answer = self.server.request("PUT", self.path + "?dry%5Frun=tru%65", contents(HOUSE))
        self.assertEqual((answer.status, answer.json()["state"]), (200, "not published"))
        self.assert_price(2)
        self.assertEqual(self.server.request("GET", self.path).json()["versions"], [1, 2])

    def test_a_form_with_a_file_in_it_is_told_from_the_file(self):
        form = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = self.server.put(self.name, b"--x\r\n\r\nmodel\r\n--x--\r\n", form)
        self.assertIn("--data-binary", self.assert_problem(answer, 415)["detail"])

    def test_a_client_that_does_not_wait_asks_how_it_goes_on(self):
        self.publish(HOUSE)
        answer = self.server.put(self.name, HOUSE_2, {"Prefer": "respond-async"})
        self.assertEqual((answer.status, answer.field("preference-applied")), (202, "respond-async"), answer)
        place = answer.field("location")
        seen = []

        def has_ended():
            page = self.server.request("GET", place, admin=True).json()
            seen.append(page)
            return page["state"] != "running"

        self.assertTrue(until(has_ended))
        self.assertEqual((seen[-1]["state"], seen[-1]["status"], seen[-1]["answer"]["version"]), ("done", 200, 2))
        self.assertEqual(seen[-1]["steps_done"], seen[-1]["steps"])
        page = self.server.request("GET", self.path)
        self.assertEqual(
            (seen[-1]["etag"], seen[-1]["version"], seen[-1]["generation"]),
            (page.field("etag"), 2, page.json()["generation"]),
        )
        self.assert_price(2)
        place = self.server.put(self.name, b"garbage", {"Prefer": "respond-async"}).field("location")
        self.assertTrue(until(lambda: self.server.request("GET", place, admin=True).json()["state"] == "failed"))
        self.assertEqual(self.server.request("GET", place, admin=True).json()["answer"]["status"], 422)
        self.assert_problem(self.server.request("GET", place), 401)
        # Of another instance, or forgotten.
        elsewhere = self.path + "/publishes/0123456789abcdef"
        answer = self.server.request("GET", elsewhere, admin=True)
        self.assert_problem(answer, 404, title="Not a publish of this instance")
        self.assertIn("GET " + self.path, answer.json()["detail"])
        answer = self.server.request("GET", place[:-8] + "00000000", admin=True)
        self.assert_problem(answer, 404, title="No such publish")

    def test_the_certificate_compares_with_the_rows_of_late(self):
        self.publish(HOUSE)
        client = self.server.client()
        for index in range(300):
            self.server.predict({**RECORD, "RM": 4 + index / 100}, self.name, client=client)
        client.close()
        shadow = self.publish(HOUSE_2).json()["certificate"]["shadow"]
        self.assertEqual(shadow["compared_with_version"], 1)
        self.assertGreater(shadow["rows"], 0)
        self.assertEqual([output["name"] for output in shadow["outputs"]], ["prediction"])
        self.assertGreater(shadow["outputs"][0]["largest_relative_change"], 0)
        self.assertGreater(shadow["ns_per_row_after"], 0)
        self.assertNotIn("broken_limits", shadow)

    def test_a_version_that_answers_otherwise_is_refused_where_the_policy_says_so(self):
        self.publish(HOUSE)
        policy = {"action": "refuse", "label_flips_max": 0, "change_max": 1e-9}
        self.assertEqual(self.patch({"shadow_policy": policy}).json()["shadow_policy"], policy)
        client = self.server.client()

        def has_rows():
            for index in range(50):
                self.server.predict({**RECORD, "RM": 4 + index / 100}, self.name, client=client)
            page = self.server.request("PUT", self.path + "?dry_run=1&shadow=warn", contents(HOUSE)).json()
            return page["certificate"]["shadow"]["rows"] >= 16

        self.assertTrue(until(has_rows))
        client.close()
        refusal = self.assert_problem(self.server.put(self.name, HOUSE_2), 409)
        self.assertGreater(refusal["shadow"]["outputs"][0]["largest_difference"], 0)
        self.assertEqual(len(refusal["shadow"]["broken_limits"]), 1)
        self.assert_price(1)
        self.assertEqual(self.server.put(self.name, HOUSE).status, 200, "the same model answers the same")
        self.assertEqual(self.server.request("PUT", self.path + "?shadow=off", contents(HOUSE_2)).status, 200)

    def test_a_new_model_may_be_posted_by_name(self):
        answer = self.server.request("POST", "/models?name=" + self.name, contents(HOUSE), admin=True)
        self.assertEqual((answer.status, answer.json()["name"]), (201, self.name), answer)
        self.assert_problem(
            self.server.request("POST", "/models?name=" + self.name, contents(HOUSE), admin=True), 409)
        self.assert_problem(self.server.request("POST", "/models", contents(HOUSE), admin=True), 422)
        self.assert_problem(self.server.request("POST", "/models?name=x", contents(HOUSE)), 401)

    def test_without_a_store_no_file_is_given_back(self):
        self.publish(HOUSE)
        self.assert_problem(self.server.request("GET", self.path + "/bundle", admin=True), 404)


class Stored(unittest.TestCase):
    def setUp(self):
        self.store = tempfile.mkdtemp(prefix="vencejo-store-")
        self.addCleanup(shutil.rmtree, self.store, ignore_errors=True)

    def test_files_come_back_byte_by_byte(self):
        with Server({}, store=self.store) as server:
            server.put("house", HOUSE)
            server.put("house", HOUSE_2)
            for path, file in (("/bundle", HOUSE_2), ("/versions/1/bundle", HOUSE), ("/versions/2/bundle", HOUSE_2)):
                answer = server.request("GET", "/models/house" + path, admin=True)
                self.assertEqual((answer.status, answer.body), (200, contents(file)))
                self.assertEqual(answer.field("etag"), f'"{digest(file)}"')
                known = {"If-None-Match": answer.field("etag")}
                self.assertEqual(server.request("GET", "/models/house" + path, None, known, admin=True).status, 304)
            self.assertEqual(server.request("GET", "/models/house/bundle").status, 401)
            self.assertEqual(server.request("GET", "/models/nobody/bundle", admin=True).status, 404)
            other = server.request("GET", "/models/house/bundle", headers={"If-Match": '"other"'}, admin=True)
            self.assertEqual(other.status, 412)
            away = self.store + ".away"
            os.rename(self.store, away)
            try:
                gone = server.request("GET", "/models/house/bundle", admin=True)
                self.assertEqual((gone.status, gone.field("retry-after")), (503, "5"))
            finally:
                shutil.rmtree(self.store, ignore_errors=True)
                os.rename(away, self.store)

    def test_a_large_file_is_sent_piece_by_piece(self):
        large = large_bundle(24 << 20)
        with Server({}, store=self.store) as server:
            self.assertEqual(server.put("large", large).status, 201)
            request = head("GET", "/models/large/bundle", f"Authorization: Bearer {server.token}")
            before, descriptors = server.memory(), server.descriptors()
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(server.connect()) for _ in range(8)]
                for client in clients:
                    client.send(request)
                    client.fill()
                server.request("GET", "/models")
                grown = server.memory() - before
                self.assertLess(grown, len(large), "eight clients that do not read wait on pieces, and not on the file")
                for client in clients[:6]:
                    answer = client.answer()
                    self.assertEqual((answer.status, answer.body == large), (200, True))
                # Two leave in the middle.
            self.assertTrue(until(lambda: server.descriptors() <= descriptors), "files are closed")
            answer = server.request("HEAD", "/models/large/bundle", admin=True)
            self.assertEqual((answer.status, answer.field("content-length")), (200, str(len(large))))
            with server.connect() as client:
                # One after the other on one connection, and after a HEAD.
                client.send(request.replace(b"GET", b"HEAD", 1) + request + request)
                self.assertEqual(client.answer(is_head=True).status, 200)
                for _ in range(2):
                    self.assertTrue(client.answer().body == large)
            (blob,) = os.listdir(os.path.join(self.store, "blobs", "sha256"))
            path = os.path.join(self.store, "blobs", "sha256", blob)
            with open(path, "r+b") as file:
                file.seek(len(large) - 100)
                file.write(b"damaged!")
            with self.assertRaises(Exception, msg="its end is not given, and the connection is closed"):
                server.request("GET", "/models/large/bundle", admin=True)
            os.remove(path)
            answer = server.request("GET", "/models/large/bundle", admin=True)
            self.assertEqual((answer.status, answer.field("content-type")), (404, "application/problem+json"))

    def test_versions_and_aliases_survive_a_restart(self):
        with Server({}, store=self.store) as server:
            for artifact in (HOUSE, HOUSE_2, BAND):
                server.put("house", artifact, {})
            change = {"aliases": {"champion": 1}, "version": 2, "shadow_policy": {"action": "off", "label_flips_max": 1}}
            self.assertEqual(server.request("PATCH", "/models/house", change).status, 404, "version 1 is not kept")
            change["aliases"] = {"champion": 2}
            page = server.request("PATCH", "/models/house", change).json()
            tag = server.request("GET", "/models/house").field("etag")
        with Server({}, store=self.store) as server:
            answer = server.request("GET", "/models/house")
            self.assertEqual(answer.field("etag"), tag)
            for key in ("version", "versions", "aliases", "shadow_policy", "digest"):
                if key != "versions":
                    self.assertEqual(answer.json()[key], page[key])
            self.assertTrue(is_close(server.price(RECORD, "house"), PRICES[2]))
            self.assertTrue(until(lambda: server.request("GET", "/models/house").json()["versions"] == [2, 3]))

    def test_the_memory_that_models_may_have_is_bounded(self):
        with Server({}, store=self.store, arguments=("--memory-limit", "100K", "--keep-versions", "0")) as server:
            refusal = None
            for index in range(100):
                answer = server.put(f"house-{index}", HOUSE)
                if answer.status == 507:
                    refusal = answer.json()
                    break
                self.assertEqual(answer.status, 201, answer)
            self.assertIsNotNone(refusal)
            self.assertEqual(refusal["limit_bytes"], 100 << 10)
            self.assertGreater(refusal["used_bytes"] + refusal["needed_bytes"], 100 << 10)
            self.assertEqual(len(server.request("GET", "/models").json()["models"]), index)
            page = server.request("GET", "/models/house-0").json()
            self.assertGreaterEqual(page["memory"]["total_bytes"], page["memory"]["table_bytes"])
            self.assertEqual(server.request("DELETE", "/models/house-0").status, 204)
            self.assertEqual(server.put(f"house-{index}", HOUSE).status, 201)


if __name__ == "__main__":
    unittest.main()
