import ModelIR
import Testing

@testable import ModelFormats

/// What a hostile pickle gets: a refusal that names the opcode and its offset, in bounded time, with nothing run.
@Suite struct PickleRefusalTests {
    @Test(arguments: [
        ("cos\nsystem\n(S'id'\ntR.", "os.system", "byte 0 (GLOBAL)"),
        ("cposix\nsystem\n(S'id'\ntR.", "posix.system", "byte 0 (GLOBAL)"),
        ("c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval", "byte 0 (GLOBAL)"),
        ("cbuiltins\nexec\n(S'1'\ntR.", "builtins.exec", "byte 0 (GLOBAL)"),
        ("cbuiltins\ngetattr\n.", "builtins.getattr", "byte 0 (GLOBAL)"),
        ("cbuiltins\n__import__\n.", "builtins.__import__", "byte 0 (GLOBAL)"),
        ("csubprocess\nPopen\n(S'id'\ntR.", "subprocess.Popen", "byte 0 (GLOBAL)"),
        ("(S'id'\nios\nsystem\n.", "os.system", "byte 7 (INST)"),
        ("(cos\nsystem\nS'id'\no.", "os.system", "byte 1 (GLOBAL)"),
        ("cos.path\njoin\n.", "os.path.join", "byte 0 (GLOBAL)"),
        ("cimportlib\nimport_module\n.", "importlib.import_module", "byte 0 (GLOBAL)"),
        ("cpickle\nloads\n.", "pickle.loads", "byte 0 (GLOBAL)"),
        ("c__main__\nMyScaler\n)R.", "__main__.MyScaler", "byte 20 (REDUCE)"),
        ("c__main__\nMyScaler\n)\u{81}.", "__main__.MyScaler", "byte 20 (NEWOBJ)"),
        ("ccloudpickle.cloudpickle\n_make_function\n)R.", "cloudpickle.cloudpickle._make_function", "byte 41 (REDUCE)"),
        ("cbuiltins\nlen\n)R.", "builtins.len", "byte 15 (REDUCE)"),
        ("ccopyreg\n_reconstructor\n(ctorch\nX\nNNtR.", "torch.X", "byte 37 (REDUCE)"),
        ("ccopyreg\n__newobj__\n(ctorch\nX\ntR.", "torch.X", "byte 31 (REDUCE)"),
        ("csklearn\nX\n)R)R.", "a call of sklearn.X", "byte 14 (REDUCE)"),
        ("Pabc\n.", "a persistent id", "byte 0 (PERSID)"), ("NQ.", "a persistent id", "byte 1 (BINPERSID)"),
        ("\u{82}A.", "extension registry", "byte 0 (EXT1)"), ("\u{97}.", "out-of-band", "byte 0 (NEXT_BUFFER)"),
    ])
    func refusesWhatWouldRun(program: String, found: String, place: String) throws {
        let bytes = program.unicodeScalars.map { UInt8($0.value) }
        let error = try #require(importError { _ = try describeRoot(bytes) })
        #expect(error.kind == .unsupported)
        #expect(error.found.contains(found), "\(error)")
        #expect(error.place == place)
        if found.contains("."), !found.hasPrefix("a call") {
            #expect(error.remedy?.contains("nothing in a model file is ever run") == true)
        }
    }

    @Test func namesTheStackGlobal() throws {
        var program = PickleAssembler()
        program.text("os")
        program.text("system")
        program.op(0x93)
        program.text("id")
        program.op(0x85, 0x52)
        let error = try #require(importError { _ = try describeRoot(program.finished) })
        #expect(error.place == "byte 20 (STACK_GLOBAL)")
        #expect(error.found == "os.system")
    }

    @Test(arguments: [
        "", "\u{80}", "\u{80}\u{6}N.", "0.", "1.", "2.", "t.", "(", "(2.", "(.", "e.", "u.", "(a.", "(Ns.", "Na.",
        "NNs.",
        "}(Nu.", "(Nd.", "]Ns.", ")Na.", "g0\n.", "h\u{0}.", "j\u{1}\u{0}\u{0}\u{0}.", "p-1\n.", "Np-1\n.", "NNb.",
        ")Nb.",
        "csklearn\nX\nNb.", "NN\u{93}.", "\u{85}.", "N\u{86}.", "Iabc\n.", "I\n.", "Fabc\n.", "Sabc\n.", "S'\n.",
        "S'abc\n.",
        "Labc\n.", "NN.", "(N.", "N", "\u{1}.", "N.N", "(o.", "NR.", "Ncsklearn\nX\nR.", "csklearn\nX\nNR.",
        "cnumpy\ndtype\n(S'f9'\ntR.", "cnumpy\ndtype\n)R.", "cnumpy\ndtype\n(S'f8'\ntRNb.",
        "cnumpy\ndtype\n(S'f99999999999999'\ntR.",
        "cnumpy\ndtype\n(S'f8'\ntR(I3\nS'<'\nNNNI4\nI4\nI0\ntb.", "cnumpy.core.multiarray\nscalar\n)R.",
        "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\ntRS'abc'\ntR.",
        "cnumpy.core.multiarray\n_reconstruct\n)RNb.", "cnumpy.core.numeric\n_frombuffer\n)R.",
        "cbuiltins\nbytes\n(I100000000000\ntR.", "c_codecs\nencode\n(Va\nS'utf-8'\ntR.", "T\u{ff}\u{ff}\u{ff}\u{7f}.",
        "\u{8b}\u{ff}\u{ff}\u{ff}\u{ff}.", "\u{8d}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}.",
    ])
    func refusesBrokenPrograms(program: String) {
        let bytes = program.unicodeScalars.map { UInt8($0.value) }
        #expect(importError { _ = try describeRoot(bytes) } != nil, "\(program.debugDescription)")
    }

    @Test func refusesShapesThatOverflow() {
        for shape in [[1 << 30, 1 << 30, 1 << 30], [-1], [1 << 30, 1 << 30], [3], [0x7fff_ffff]] {
            var program = PickleAssembler()
            program.array("f8", shape: shape, data: [UInt8](repeating: 0, count: 16))
            let error = importError { _ = try describeRoot(program.finished) }
            #expect(error?.kind == .malformed, "\(shape)")
        }
    }

    @Test func refusesElementsWithoutBytes() {
        var program = PickleAssembler()
        program.array("V0", shape: [1 << 30], data: [])
        #expect(importError { _ = try describeRoot(program.finished) }?.kind == .malformed)
    }

    @Test func boundsStackMemoAndNodes() {
        var limits = PickleLimits()
        limits.stackDepthMax = 100
        limits.memoEntriesMax = 50
        limits.nodesMax = 60
        let deep = [UInt8](repeating: 0x4e, count: 101) + [0x2e]
        #expect(importError { _ = try describeRoot(deep, limits: limits) }?.kind == .limit)
        let marks = [UInt8](repeating: 0x28, count: 101) + [0x2e]
        #expect(importError { _ = try describeRoot(marks, limits: limits) }?.kind == .limit)
        let copies = [0x4e] + [UInt8](repeating: 0x32, count: 101) + [0x2e]
        #expect(importError { _ = try describeRoot(copies, limits: limits) }?.kind == .limit)
        let memos = [0x4e] + [UInt8](repeating: 0x94, count: 51) + [0x2e]
        #expect(importError { _ = try describeRoot(memos, limits: limits) }?.kind == .limit)
        let nodes: [UInt8] = [[UInt8]](repeating: [0x5d, 0x30], count: 61).flatMap { $0 } + [0x4e, 0x2e]
        #expect(importError { _ = try describeRoot(nodes, limits: limits) }?.kind == .limit)
        let name = Array("c".utf8) + [UInt8](repeating: 0x61, count: 513) + Array("\nx\n.".utf8)
        #expect(importError { _ = try describeRoot(name) }?.kind == .limit)
        let digits = Array("L".utf8) + [UInt8](repeating: 0x39, count: 4301) + Array("\n.".utf8)
        #expect(importError { _ = try describeRoot(digits) }?.kind == .limit)
    }

    /// What a byte of a file may stand for, packed or not, is bounded by the file's size.
    @Test(
        arguments: [
            ([0x29], [0x85], "tuples in tuples"), ([0x4e], [0x94], "memo entries"), ([], [0x29, 0x30], "empty tuples"),
            ([], [0x4e], "a deep stack"), ([], [0x7d, 0x94], "dicts"),
            ([0x5d], [0x28, 0x4e, 0x4e, 0x4e, 0x65], "a list"),
        ] as [([UInt8], [UInt8], String)])
    func boundsMemoryByTheFile(start: [UInt8], repeated: [UInt8], what: String) {
        var bytes = start
        while bytes.count < 900_000 { bytes += repeated }
        var limits = PickleLimits()
        limits.freeMemory = 1 << 20
        limits.packedBytes = 5000
        #expect(limits.memoryMax(fileBytes: bytes.count) == 1 << 20 + 320_000)
        let error = importError { _ = try describeRoot(bytes + [0x2e], limits: limits) }
        #expect(error?.kind == .limit, "\(what)")
        #expect(error?.expected == "no more, in a file of 5000 bytes", "\(what)")
    }

    @Test func nestsManyListsWithoutRecursion() throws {
        let count = 150_000
        var bytes = [UInt8](repeating: 0x5d, count: count)
        bytes += [UInt8](repeating: 0x61, count: count - 1)
        #expect(try describeRoot(bytes + [0x2e]) == "a list of 1")
        let tuples = [0x29] + [UInt8](repeating: 0x85, count: count)
        #expect(try describeRoot(tuples + [0x2e]) == "a tuple of 1")
    }

    @Test func keepsCycles() throws {
        // l = []; l.append(l); d = {}; d[l] = d
        let list: [UInt8] = [0x5d, 0x94, 0x68, 0, 0x61, 0x2e]
        #expect(try describeRoot(list) == "a list of 1")
        let dictionary: [UInt8] = [0x7d, 0x94, 0x68, 0, 0x68, 0, 0x73, 0x2e]
        #expect(try describeRoot(dictionary) == "a dict of 1")
    }

    @Test func sharesInsteadOfCopying() throws {
        // Each list holds the one before it twice: 2^1000 leaves, 1000 nodes.
        var bytes: [UInt8] = [0x5d]
        for _ in 0..<1000 { bytes += [0x32, 0x86] }
        #expect(try describeRoot(bytes + [0x2e]) == "a tuple of 2")
    }

    @Test func boundsPicklesInPickles() throws {
        var program = PickleAssembler()
        for _ in 0..<9 {
            program.global("joblib.numpy_pickle", "NumpyArrayWrapper")
            program.op(0x29, 0x81, 0x7d, 0x28)
            program.text("shape")
            program.op(0x4b, 1, 0x85)
            program.text("dtype")
            program.dataType("O8", order: "|", flags: 63)
            program.op(0x75, 0x62)
        }
        let error = try #require(importError { _ = try describeRoot(program.finished) })
        #expect(error.kind == .limit)
        #expect(error.found == "pickles nested deeper than 8")
    }
}

/// Small files that would make a careless reader work or allocate without end.
@Suite(.timeLimit(.minutes(5))) struct PickleAmplificationTests {
    /// A list of `count` items under memo 0, then `repeats` times the bytes, then None.
    private func program(count: Int, repeats: Int, _ bytes: [UInt8], before: [UInt8] = []) -> [UInt8] {
        var program: [UInt8] = [0x80, 4, 0x5d, 0x71, 0, 0x28]
        for _ in 0..<count { program += [0x29] }
        program += [0x65, 0x30] + before
        for _ in 0..<repeats { program += bytes }
        return program + [0x4e, 0x2e]
    }

    @Test func countsWhatSetsCopy() {
        // set(list) again and again, each then changed so that it is copied.
        let bytes = Array("cbuiltins\nset\nq\u{1}0".utf8)
        let call: [UInt8] = [0x68, 1, 0x68, 0, 0x85, 0x52, 0x28, 0x4e, 0x90, 0x30]
        let hostile = program(count: 20_000, repeats: 20_000, call, before: bytes)
        #expect(importError { _ = try describeRoot(hostile) }?.kind == .limit)
    }

    @Test func countsWhatDictionariesCopy() {
        var list: [UInt8] = [0x80, 4, 0x5d, 0x71, 0, 0x28]
        for _ in 0..<10_000 { list += [0x29, 0x29, 0x86] }
        list += [0x65, 0x30] + Array("ccollections\nOrderedDict\nq\u{1}0".utf8)
        for _ in 0..<20_000 { list += [0x68, 1, 0x68, 0, 0x85, 0x52, 0x30] }
        #expect(importError { _ = try describeRoot(list + [0x4e, 0x2e]) }?.kind == .limit)
    }

    @Test func doesNotSearchAHugeStateAgainAndAgain() {
        var bytes: [UInt8] = [0x80, 4] + Array("cjoblib.numpy_pickle\nNumpyArrayWrapper\nq\u{1}0".utf8)
        bytes += [0x7d, 0x71, 0, 0x28]
        for _ in 0..<100_000 { bytes += [0x8c, 1, 0x61, 0x4e] }
        bytes += [0x75, 0x30]
        for _ in 0..<100_000 { bytes += [0x68, 1, 0x29, 0x81, 0x68, 0, 0x62, 0x30] }
        #expect(importError { _ = try describeRoot(bytes + [0x4e, 0x2e]) }?.kind == .malformed)
    }
}
