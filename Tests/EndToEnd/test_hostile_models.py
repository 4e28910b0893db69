"""Model files that are cut, broken or made to harm: refused with the place, nothing run, memory bounded, the old model serving.

`VENCEJO_SEED` replays a run of random mutations; a failure prints it.
"""

import copy
import json
import os
import pickle
import random
import struct
import subprocess
import tempfile
import unittest
import zlib

import ubjson
from harness import BAND, HOUSE, HOUSE_2, Server, contents, expected

RECORD = {"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}
MEMORY_MAX = 300 << 20
MUTATIONS = 120


def band():
    return ubjson.loads(contents(BAND))


class Rig:
    """A server that is sent hostile files; a crash is noted with its case and the server started anew."""

    def __init__(self):
        self.faults = []
        self.server = None
        self.client = None
        self.start()

    def start(self):
        self.server = Server({"house-price": HOUSE})
        self.server.put("victim", HOUSE)
        self.wanted = self.server.price(RECORD, "victim")
        self.client = self.server.client()

    def close(self):
        self.client.close()
        try:
            self.server.stop()
        except AssertionError as error:
            self.faults.append(f"at the end: {error}")
        self.server.kill()
        self.server.remove_directory()

    def fault(self, case, text):
        self.faults.append(f"{case}: {text}")

    def put(self, case, artifact, may_load=False):
        """Uploads over the victim. Unless it may load, it has to be refused with 422, its place and the reason.

        Returns the problem document, or None.
        """
        try:
            return self.judge(case, self.server.put("victim", artifact, client=self.client), may_load)
        except AssertionError as error:
            self.fault(case, error)
        except Exception as error:
            self.fault(
                case,
                f"{type(error).__name__}: {error}; the server "
                + ("is alive" if self.server.is_alive() else f"ended: {self.server.text()[-1500:]}"),
            )
            self.client.close()
            if self.server.is_alive() and self.is_answering():
                self.client = self.server.client()
            else:
                self.server.kill()
                self.server.remove_directory()
                self.start()
        return None

    def is_answering(self):
        try:
            return self.server.request("GET", "/health/live").status == 200
        except Exception:
            return False

    def judge(self, case, answer, may_load):
        document = None
        if answer.status == 422:
            document = answer.json()
            if not document.get("place") or not document.get("expected") or not document.get("got"):
                self.fault(case, f"without place, expected or got: {document}")
            if len(answer.body) > 20_000:
                self.fault(case, f"a refusal of {len(answer.body)} bytes")
        elif answer.status != 200:
            self.fault(case, f"status {answer.status}: {answer.body[:300]!r}")
        elif not may_load:
            self.fault(case, "was accepted")
        after = self.server.predict(RECORD, "victim", client=self.client)
        if answer.status == 200:
            if after.status not in (200, 422):
                self.fault(case, f"loaded, then {after.status}: {after.body[:300]!r}")
            self.server.put("victim", HOUSE, client=self.client)
        elif after.status != 200 or after.json()["prediction"] != self.wanted:
            self.fault(case, f"the old model no longer serves: {after}")
        memory = self.server.memory()
        if memory > MEMORY_MAX:
            self.fault(case, f"{memory >> 20} MiB resident")
        return document


class HostileModels(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()

    def tearDown(self):
        peak = self.rig.server.memory("VmHWM") if self.rig.server.is_alive() else 0
        self.rig.close()
        if peak > MEMORY_MAX:
            self.rig.faults.append(f"{peak >> 20} MiB at the peak")
        faults = self.rig.faults
        if faults:
            self.fail(f"{len(faults)} faults:\n" + "\n".join(text[:1500] for text in faults[:25]))

    # Cut

    def test_files_cut_at_many_lengths_are_refused(self):
        for path in (HOUSE, HOUSE_2, BAND):
            data = contents(path)
            lengths = sorted({*range(64), *range(0, len(data), 97), *range(len(data) - 8, len(data))})
            for length in lengths:
                self.rig.put(f"{os.path.basename(path)} cut at {length}", data[:length])

    def test_json_cut_at_many_lengths_is_refused(self):
        data = json.dumps(band()).encode()
        for length in sorted({*range(0, 64), *range(0, len(data), 997), *range(len(data) - 8, len(data))}):
            self.rig.put(f"json cut at {length}", data[:length])

    def test_bytes_behind_a_document_do_no_harm(self):
        for path in (HOUSE, BAND):
            self.rig.put(f"{os.path.basename(path)} with junk behind", contents(path) + b"junk" * 100, may_load=True)

    # Mutated

    def test_random_mutations_never_stop_the_server(self):
        seed = int(os.environ.get("VENCEJO_SEED") or random.randrange(1 << 32))
        print(f"\nrandom mutations: VENCEJO_SEED={seed}", flush=True)
        chooser = random.Random(seed)
        for path in (HOUSE, HOUSE_2, BAND):
            original = contents(path)
            for index in range(MUTATIONS):
                self.rig.put(f"seed {seed}, {os.path.basename(path)} {index}", mutate(original, chooser), may_load=True)

    def test_random_mutations_of_json_values_never_stop_the_server(self):
        seed = int(os.environ.get("VENCEJO_SEED") or random.randrange(1 << 32))
        print(f"\nrandom values: VENCEJO_SEED={seed}", flush=True)
        chooser = random.Random(seed)
        for index in range(MUTATIONS):
            model = band()
            path = replace_somewhere(model, chooser)
            self.rig.put(f"seed {seed}, value {index} at {path}", json.dumps(model).encode(), may_load=True)

    # Pickles

    def test_pickles_that_name_functions_run_nothing(self):
        with tempfile.TemporaryDirectory() as directory:
            marker = os.path.join(directory, "marker")
            command = f"touch {marker}"
            code = f"open({marker!r}, 'w').close()"
            calls = {
                "os.system": Call(os.system, (command,)),
                "posix.system by its other name": Call(__import__("posix").system, (command,)),
                "eval": Call(eval, (code,)),
                "exec": Call(exec, (code,)),
                "subprocess.Popen": Call(subprocess.Popen, (["touch", marker],)),
                "subprocess.check_output": Call(subprocess.check_output, (["touch", marker],)),
                "getattr": Call(getattr, (os, "system")) if False else Call(getattr, ("", "join")),
                "__import__": Call(__import__, ("os",)),
                "in a list": [1, [2, Call(os.system, (command,))]],
                "in a dictionary": {"steps": [("a", Call(os.system, (command,)))]},
                "as an argument": Call(print, (Call(os.system, (command,)),)),
                "open": Call(open, (marker, "w")),
            }
            for name, value in calls.items():
                for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                    case = f"{name}, protocol {protocol}"
                    document = self.rig.put(case, pickle.dumps(value, protocol))
                    if document and not any(letter.isdigit() for letter in document["place"]):
                        self.rig.fault(case, f"the place tells no offset: {document['place']}")
                    if os.path.exists(marker):
                        self.rig.fault(case, "WAS EXECUTED")
                        os.remove(marker)
            # Before, behind, and by opcodes that dumps does not write.
            raw = {
                "GLOBAL REDUCE in front": b"cos\nsystem\n(S'" + command.encode() + b"'\ntR0" + contents(HOUSE),
                "INST": b"(S'" + command.encode() + b"'\nios\nsystem\n.",
                "OBJ": b"(cos\nsystem\nS'" + command.encode() + b"'\no.",
                "NEWOBJ": b"\x80\x02cos\nsystem\nU" + bytes([len(command)]) + command.encode() + b"\x85\x81.",
                "BUILD": b"\x80\x02cos\nsystem\n}b.",
                "BUILD that sets a reduce": b"\x80\x02cbuiltins\nobject\n)\x81}U\x0a__reduce__cos\nsystem\nsb.",
                "PERSID": b"P" + command.encode() + b"\n.",
                "BINPERSID": b"U" + bytes([len(command)]) + command.encode() + b"Q.",
                "EXT1": b"\x82\x01.",
                "EXT4": b"\x84\x01\0\0\0.",
                "dotted STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01a\x85R.",
                "qualified name": b"\x80\x04\x8c\x05numpy\x8c\x0fcore.os.system.\x93\x8c\x01a\x85R.",
            }
            for case, data in raw.items():
                self.rig.put(case, data)
                if os.path.exists(marker):
                    self.rig.fault(case, "WAS EXECUTED")
                    os.remove(marker)

    def test_a_refused_pickle_names_what_it_named(self):
        document = self.rig.put("os.system", pickle.dumps(Call(os.system, ("true",)), 4))
        self.assertIsNotNone(document)
        self.assertIn("system", str(document))

    def test_pickles_that_lie_about_sizes_are_refused(self):
        nested = b"\x80\x04" + b"]" * 100_000 + b"a" * 99_999 + b"."
        doubled = b"\x80\x04K\x01\x85\x94" + b"".join(b"h%ch%c\x86\x94" % (i, i) for i in range(200)) + b"."
        cases = {
            "FRAME of 2^63": b"\x80\x04\x95" + b"\xff" * 8 + contents(HOUSE)[11:],
            "BINBYTES8 of 2^63": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",
            "BINBYTES8 of 2^64": b"\x80\x04\x8e" + b"\xff" * 8 + b".",
            "BYTEARRAY8 of 2^40": b"\x80\x05\x96\0\0\0\0\0\x01\0\0.",
            "BINUNICODE8 of 2^62": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b".",
            "BINUNICODE of 2^32": b"\x80\x02X\xff\xff\xff\xff.",
            "BINSTRING of -1": b"\x80\x02T\xff\xff\xff\xff.",
            "LONG4 of 2^31": b"\x80\x02\x8b\xff\xff\xff\x7f.",
            "LONG4 of -1": b"\x80\x02\x8b\xff\xff\xff\xff.",
            "LONG of 200 000 digits": b"L" + b"9" * 200_000 + b"L\n.",
            "INT without end": b"I" + b"1" * 100_000,
            "memo never written": b"\x80\x02h\x05.",
            "memo index 2^32": b"\x80\x02K\x01r\xff\xff\xff\xffj\xff\xff\xff\xff.",
            "PUT of 10^18": b"K\x01p1000000000000000000\n.",
            "nothing on the stack": b".",
            "POP of nothing": b"000.",
            "POP_MARK without mark": b"1.",
            "TUPLE without mark": b"t.",
            "APPEND to a number": b"K\x01K\x02a.",
            "SETITEMS on a list": b"](K\x01K\x02u.",
            "DUP without end": b"K\x01" + b"2" * 1_500_000,
            "MARK a million times": b"(" * 1_500_000 + b".",
            "lists nested 100 000 deep": nested,
            "tuples doubled 200 times": doubled,
            "a list that holds itself": b"\x80\x04]\x94h\x00a.",
            "a dictionary that holds itself": b"\x80\x04}\x94h\x00K\x01h\x00s.",
            "protocol 255": b"\x80\xff" + contents(HOUSE)[2:],
            "ones in the middle": contents(HOUSE)[:1000] + b"\xff" * 500 + contents(HOUSE)[1500:],
            "a string of 20 MB": pickle.dumps("x" * 20_000_000, 4),
            "a list of half a million": pickle.dumps([0] * 500_000, 4),
            "half a million lists": b"\x80\x04](" + (b"]" * 1000 + b"e(") * 500 + b"e.",
            "half a million dictionaries": b"\x80\x04](" + (b"}" * 1000 + b"e(") * 500 + b"e.",
            "half a million memos": b"\x80\x04]" + b"\x94" * 500_000 + b".",
        }
        for case, data in cases.items():
            self.rig.put(case, data, may_load=case == "FRAME of 2^63")

    def test_arrays_that_lie_about_shapes_are_refused(self):
        """The numbers of a real model's pickled arrays, replaced where they stand."""
        data = contents(HOUSE)
        # BININT1 inside shapes is everywhere; each small integer in turn becomes another.
        places = [index for index in range(2, len(data) - 1) if data[index] == 0x4B][:100]
        for place in places:
            for value in (0, 255):
                changed = bytearray(data)
                changed[place + 1] = value
                self.rig.put(f"byte {place + 1} = {value}", bytes(changed), may_load=True)
        for place in places[:40]:
            for number in (b"J\xff\xff\xff\x7f", b"J\xff\xff\xff\xff", b"\x8a\x08" + b"\xff" * 7 + b"\x7f"):
                # A length that the frame does not know of: without its frame the pickle is read all the same.
                changed = data[:place] + number + data[place + 2 :]
                self.rig.put(f"integer at {place} = {number!r}", unframed(changed), may_load=True)

    def test_compressed_bombs_are_refused(self):
        import gzip

        for name, first in (("zeros", b""), ("bytes in a pickle", b"\x80\x04\x8e" + struct.pack("<Q", 96 << 20))):
            packer = zlib.compressobj(6)
            bomb = (
                packer.compress(first) + b"".join(packer.compress(bytes(1 << 22)) for _ in range(24)) + packer.flush()
            )
            self.rig.put(f"96 MiB of {name} by zlib", bomb)
        self.rig.put("zeros by gzip", gzip.compress(bytes(1 << 25)))
        self.rig.put(
            "gzip in gzip in gzip", gzip.compress(gzip.compress(gzip.compress(contents(HOUSE)))), may_load=True
        )
        packed = zlib.compress(contents(HOUSE))
        for length in range(0, len(packed), 97):
            self.rig.put(f"zlib cut at {length}", packed[:length])
        self.rig.put("zlib with a wrong checksum", packed[:-1] + bytes([packed[-1] ^ 1]))

    # XGBoost

    def test_json_equals_ubjson(self):
        """The rig's own check: the unbroken model loads, and answers as the file it was made from."""
        server = self.rig.server
        self.assertEqual(server.put("json", json.dumps(band()).encode()).status, 201)
        self.assertEqual(server.put("ubj", BAND).status, 201)
        for record in expected()["records"]:
            self.assertEqual(server.predict(record, "json").json(), server.predict(record, "ubj").json())

    def test_trees_that_lie_are_refused(self):
        cases = {}

        def case(name, change):
            model = band()
            change(model["learner"]["gradient_booster"]["model"]["trees"][3], model["learner"])
            cases[name] = model

        def setter(key, index, value):
            def change(tree, _):
                tree[key][index] = value

            return change

        for value in (15, 10_000, -2, 2**31 - 1, 2**31, 2**40, 2**63, 2**70, 1e300, 0.5, "1", None, True, [], {}):
            case(f"left child {value!r}", setter("left_children", 0, value))
            case(f"right child {value!r}", setter("right_children", 2, value))
        case("a root that is its own child", setter("left_children", 0, 0))
        case("a child that is its parent", setter("left_children", 3, 1))
        case("a child that is the root", setter("right_children", 6, 0))
        case("one child twice", setter("right_children", 0, 1))
        case("two parents", setter("left_children", 2, 3))
        case("a node with one child", setter("left_children", 1, -1))
        for value in (13, 10_000, -1, 2**31 - 1, 2**31, 2**63, 1e300, "CRIM", None, 1.5):
            case(f"split index {value!r}", setter("split_indices", 0, value))
        for value in ("x", None, [], {}, True):
            case(f"threshold {value!r}", setter("split_conditions", 0, value))
        for value in (2, -1, 1.5, "left", None, []):
            case(f"default left {value!r}", setter("default_left", 0, value))
        for value in (
            "0",
            "-1",
            "14",
            "16",
            "2000000000",
            "99999999999999999999",
            "9223372036854775807",
            "",
            "x",
            "1e3",
            None,
            [],
            15.5,
        ):
            case(
                f"num_nodes {value!r}", lambda tree, _, value=value: tree["tree_param"].__setitem__("num_nodes", value)
            )
        for key in ("left_children", "right_children", "split_indices", "split_conditions", "default_left"):
            case(f"{key} too short", lambda tree, _, key=key: tree[key].pop())
            case(f"{key} too long", lambda tree, _, key=key: tree[key].append(0))
            case(f"{key} empty", lambda tree, _, key=key: tree[key].clear())
            case(f"{key} missing", lambda tree, _, key=key: tree.pop(key))
            case(f"{key} not an array", lambda tree, _, key=key: tree.__setitem__(key, {"0": 1}))
            case(f"{key} 100 000 long", lambda tree, _, key=key: tree.__setitem__(key, [0] * 100_000))
        case("tree_param missing", lambda tree, _: tree.pop("tree_param"))
        case(
            "a tree that is a number",
            lambda _, learner: learner["gradient_booster"]["model"]["trees"].__setitem__(2, 7),
        )
        # XGBoost writes these, but the arrays tell the same.
        harmless = ("tree_param missing", "default left 2", "default left -1", "default left 1.5", "threshold None")
        for name, model in cases.items():
            # What is no number may stand in for a missing one where XGBoost itself says so; it may not stop the server.
            may_load = name in harmless or name.endswith(" True")
            self.rig.put(name, json.dumps(model).encode(), may_load)

    def test_learners_that_lie_are_refused(self):
        cases = {}

        def case(name, change):
            model = band()
            change(model["learner"])
            cases[name] = model

        def param(key, value):
            return lambda learner: learner["learner_model_param"].__setitem__(key, value)

        for value in ("12", "1", "2000000000", "-1", "99999999999999999999", "x", "", None):
            case(f"num_feature {value!r}", param("num_feature", value))
        for value in ("2000000000", "-1", "3", "99999999999999999999", "x"):
            case(f"num_class {value!r}", param("num_class", value))
        for value in ("2000000000", "-1", "x"):
            case(f"num_target {value!r}", param("num_target", value))
        for value in ("nan", "abc", "", "[", "[0.5", "[0.5,0.5,0.5]", "1e999", None, [], {}):
            case(f"base_score {value!r}", param("base_score", value))
        case("an objective nobody knows", lambda learner: learner["objective"].__setitem__("name", "binary:oracle"))
        case("no objective", lambda learner: learner.pop("objective"))
        case("objective a number", lambda learner: learner.__setitem__("objective", 3))
        case("a booster nobody knows", lambda learner: learner["gradient_booster"].__setitem__("name", "gboracle"))
        case("no booster", lambda learner: learner.pop("gradient_booster"))
        booster = lambda change: lambda learner: change(learner["gradient_booster"]["model"])
        case("no trees", booster(lambda model: model.pop("trees")))
        case("trees not an array", booster(lambda model: model.__setitem__("trees", {})))
        case("tree_info out of range", booster(lambda model: model["tree_info"].__setitem__(0, 1_000_000)))
        case("tree_info negative", booster(lambda model: model["tree_info"].__setitem__(0, -1)))
        case("tree_info too short", booster(lambda model: model["tree_info"].pop()))
        for value in ("19", "21", "2000000000", "-1", "99999999999999999999"):
            case(
                f"num_trees {value}",
                booster(lambda model, value=value: model["gbtree_model_param"].__setitem__("num_trees", value)),
            )
        case("feature names too few", lambda learner: learner["feature_names"].pop())
        case("feature names too many", lambda learner: learner["feature_names"].append("EXTRA"))
        case("feature names twice", lambda learner: learner["feature_names"].__setitem__(1, "CRIM"))
        case("feature names numbers", lambda learner: learner.__setitem__("feature_names", list(range(13))))
        may_load = (
            "num_feature '1'",
            "num_feature '12'",
            "num_class '3'",
            "base_score ''",
            "base_score None",
            "tree_info too short",
        )
        for name, model in cases.items():
            self.rig.put(name, json.dumps(model).encode(), name in may_load[2:])
        for name, change in (
            ("version text", "3.2"),
            ("version negative", [-1, 0, 0]),
            ("version huge", [2**63, 0, 0]),
        ):
            self.rig.put(name, json.dumps(dict(band(), version=change)).encode(), may_load=True)

    def test_documents_nested_or_long_without_reason_are_refused(self):
        deep = 100_000
        text = json.dumps(band())
        cases = {
            "arrays": "[" * deep,
            "arrays closed": "[" * deep + "]" * deep,
            "objects": '{"a":' * deep + "1" + "}" * deep,
            "in the learner": '{"learner":' * deep,
            "in front of the learner": '{"x":' + "[" * deep + "]" * deep + "," + text[1:],
            "a key of 4 MB": '{"' + "k" * 4_000_000 + '":1,' + text[1:],
            "a string of 4 MB": '{"x":"' + "k" * 4_000_000 + '",' + text[1:],
            "a number of 4 MB": '{"x":' + "1" * 4_000_000 + "," + text[1:],
            "the learner twice": text[:-1] + "," + text[1:],
            "NaN": text.replace("0.28209587931632996", "NaN"),
            "1e400": text.replace("0.28209587931632996", "1e400"),
        }
        loads = (
            "a key of 4 MB",
            "a string of 4 MB",
            "a number of 4 MB",
            "the learner twice",
            "NaN",
            "1e400",
            "in front of the learner",
        )
        for name, data in cases.items():
            self.rig.put(name, data.encode(), name in loads)

    def test_a_tree_that_is_a_chain_of_30_000_does_not_overflow_the_stack(self):
        depth = 30_000
        model = band()
        booster = model["learner"]["gradient_booster"]["model"]
        count = 2 * depth + 1
        # Node 2k splits into the leaf 2k + 1 and the node 2k + 2.
        inner = range(0, 2 * depth, 2)
        left, right = [-1] * count, [-1] * count
        for node in inner:
            left[node], right[node] = node + 1, node + 2
        tree = copy.deepcopy(booster["trees"][0])
        tree.update(
            left_children=left,
            right_children=right,
            split_indices=[0] * count,
            split_conditions=[0.5] * count,
            default_left=[0] * count,
            base_weights=[0.0] * count,
            loss_changes=[0.0] * count,
            sum_hessian=[1.0] * count,
            split_type=[0] * count,
            parents=[2147483647] + [node // 2 * 2 - 2 if node % 2 == 0 else node - 1 for node in range(1, count)],
        )
        tree["tree_param"]["num_nodes"] = str(count)
        booster["trees"][0] = tree
        self.rig.put("a chain", json.dumps(model).encode(), may_load=True)

    def test_ubjson_that_lies_about_counts_is_refused(self):
        big = struct.pack(">q", 1 << 60)
        cases = {
            "an array of 2^60 floats": b"{L" + struct.pack(">q", 1) + b"a[$d#L" + big,
            "an array of 2^60 nulls": b"{L" + struct.pack(">q", 1) + b"a[$Z#L" + big + b"}",
            "an array of 2^60 trues": b"{L" + struct.pack(">q", 1) + b"a[$T#L" + big + b"}",
            "an array of 2^31 empty arrays": b"{L" + struct.pack(">q", 1) + b"a[$[#L" + struct.pack(">q", 1 << 31),
            "an array of -1": b"{L" + struct.pack(">q", 1) + b"a[$d#L" + struct.pack(">q", -1),
            "an array of -2^63": b"{L" + struct.pack(">q", 1) + b"a[$d#L" + struct.pack(">q", -1 << 63),
            "a key of 2^60": b"{L" + big + b"a",
            "a key of -1": b"{i\xffa",
            "a string of 2^60": b"{i\x01aSL" + big,
            "a string of -1": b"{i\x01aSi\xff",
            "an object of 2^60": b"{#L" + big,
            "arrays nested 100 000 deep": b"{i\x01a" + b"[" * 100_000,
            "objects nested 100 000 deep": b"{i\x01a" * 100_000,
            "a marker nobody knows": b"{i\x01aq}",
            "a count that is a float": b"{i\x01a[#d\x3f\x80\0\0",
            "a type without count": b"{i\x01a[$d\x3f\x80\0\0]",
        }
        real = contents(BAND)
        for name, data in cases.items():
            self.rig.put(name, data)
            # The same in front of a model that is otherwise right.
            self.rig.put(f"{name}, before a real model", data + real[1:])
        # Each length and count of the real file in turn.
        places = [
            index
            for index in range(len(real) - 9)
            if real[index : index + 1] == b"L" and real[index + 1 : index + 6] == b"\0" * 5
        ]
        chooser = random.Random(7)
        for place in places[:40] + chooser.sample(places, min(60, len(places))):
            for value in (0, -1, 1 << 62):
                changed = real[: place + 1] + struct.pack(">q", value) + real[place + 9 :]
                self.rig.put(f"the count at {place} = {value}", changed, may_load=value == 0)


class Call:
    """Pickles as a call of a function, which unpickling would make."""

    def __init__(self, function, arguments):
        self.function = function
        self.arguments = arguments

    def __reduce__(self):
        return self.function, self.arguments


def mutate(data, chooser):
    """One to four random changes: a byte, a bit, a run removed, doubled, zeroed or exchanged."""
    data = bytearray(data)
    for _ in range(chooser.randint(1, 4)):
        place = chooser.randrange(len(data))
        length = chooser.choice((1, 2, 4, 8, 64))
        kind = chooser.randrange(7)
        if kind == 0:
            data[place] = chooser.randrange(256)
        elif kind == 1:
            data[place] ^= 1 << chooser.randrange(8)
        elif kind == 2:
            del data[place : place + length]
        elif kind == 3:
            data[place:place] = data[place : place + length]
        elif kind == 4:
            data[place : place + length] = bytes(len(data[place : place + length]))
        elif kind == 5:
            data[place : place + length] = b"\xff" * len(data[place : place + length])
        else:
            other = chooser.randrange(len(data))
            data[place : place + length] = data[other : other + length]
        if not data:
            break
    return bytes(data)


def replace_somewhere(model, chooser):
    """Puts a hostile value at a random place of a JSON tree; returns the way there."""
    path, node = [], model
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chooser.choice(keys)
        path.append(key)
        child = node[key]
        if not isinstance(child, (dict, list)) or not child or chooser.random() < 0.05:
            node[key] = chooser.choice(
                (
                    -1,
                    0,
                    1,
                    2**31,
                    2**63,
                    -(2**63),
                    1e308,
                    0.5,
                    "",
                    "x",
                    "-1",
                    "2000000000",
                    None,
                    True,
                    [],
                    {},
                    [[]],
                    [1] * 1000,
                    {"a": 1},
                )
            )
            return "/".join(str(part) for part in path)
        node = child


def unframed(data):
    """The pickle without its frame opcode, whose length a change would make wrong."""
    if data[:2] == b"\x80\x04" and data[2:3] == b"\x95":
        return data[:2] + data[11:]
    return data


if __name__ == "__main__":
    unittest.main()
