import ModelIR
import Testing

@testable import ModelFormats

/// What a pickle's root is, in words, without the library's types.
func describeRoot(_ bytes: [UInt8], limits: PickleLimits = PickleLimits()) throws -> String {
    let document = try PickleMachine.read(bytes.span, limits: limits)
    return document.describe(document.root)
}

func importError(_ body: () throws -> Void) -> ImportError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ImportError
    }
}

@Suite struct PickleMachineTests {
    @Test(arguments: [
        ("N.", "None"), ("I01\n.", "True"), ("I00\n.", "False"), ("I42\n.", "42"), ("I-7\n.", "-7"), ("L12L\n.", "12"),
        ("L9223372036854775807L\n.", "9223372036854775807"), ("L9223372036854775808L\n.", "an integer beyond 64 bits"),
        ("F1.5\n.", "1.5"), ("F-1e-3\n.", "-0.001"), ("Fnan\n.", "nan"), ("S'a\\x41\\n'\n.", "\"aA\n\""),
        ("S\"it's\"\n.", "\"it's\""), ("Vsn\\u00f6\n.", "\"snö\""), ("V\\U0001F600\n.", "\"😀\""),
        ("(I1\nI2\nt.", "a tuple of 2"), ("(I1\nI2\nl.", "a list of 2"), ("(I1\nI2\nd.", "a dict of 1"),
        ("(lp0\nI1\na.", "a list of 1"), ("(dp0\nI1\nI2\ns.", "a dict of 1"), (").", "a tuple of 0"),
        ("(I1\n1N.", "None"), ("N0I1\n.", "1"), ("I1\np5\n0g5\n.", "1"), ("csklearn\nX\n.", "sklearn.X"),
        ("(isklearn\nX\n.", "sklearn.X"), ("(csklearn\nX\nI1\no.", "sklearn.X"),
    ])
    func readsTextProtocols(program: String, expected: String) throws {
        #expect(try describeRoot(Array(program.utf8)) == expected)
    }

    @Test(arguments: [
        ([0x4b, 255], "255"), ([0x4d, 0x34, 0x12], "4660"), ([0x4a, 0xff, 0xff, 0xff, 0xff], "-1"),
        ([0x8a, 0], "0"), ([0x8a, 1, 0xff], "-1"), ([0x8a, 2, 0xff, 0], "255"),
        ([0x8a, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], "an integer beyond 64 bits"),
        ([0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff], "-9223372036854775808"),
        ([0x8b, 1, 0, 0, 0, 5], "5"),
        ([0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "1.5"), ([0x88], "True"), ([0x89], "False"),
        ([0x8c, 2, 0xc3, 0xa9], "\"é\""), ([0x55, 1, 0xe9], "\"é\""), ([0x54, 1, 0, 0, 0, 0xe9], "\"é\""),
        ([0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 0x61], "\"a\""), ([0x43, 2, 1, 2], "2 bytes"),
        ([0x8e, 1, 0, 0, 0, 0, 0, 0, 0, 7], "1 bytes"), ([0x96, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0x98], "1 bytes"),
        ([0x4e, 0x85], "a tuple of 1"), ([0x4e, 0x4e, 0x86], "a tuple of 2"),
        ([0x4e, 0x4e, 0x4e, 0x87], "a tuple of 3"),
        ([0x5d, 0x28, 0x4e, 0x4e, 0x65], "a list of 2"), ([0x7d, 0x28, 0x4e, 0x4e, 0x75], "a dict of 1"),
        ([0x8f, 0x28, 0x4e, 0x90], "a set"), ([0x28, 0x4e, 0x91], "a set"), ([0x4e, 0x32, 0x86], "a tuple of 2"),
        ([0x4b, 9, 0x71, 3, 0x30, 0x68, 3], "9"), ([0x4b, 9, 0x94, 0x30, 0x68, 0], "9"),
        ([0x4b, 9, 0x72, 0, 0, 0, 0x7f, 0x30, 0x6a, 0, 0, 0, 0x7f], "9"),
        ([0x95, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x4e], "None"),
    ])
    func readsBinaryProtocols(program: [UInt8], expected: String) throws {
        #expect(try describeRoot([0x80, 5] + program + [0x2e]) == expected)
    }

    @Test func keepsObjectsAsRecords() throws {
        var program = PickleAssembler()
        program.global("sklearn.linear_model._base", "LinearRegression")
        program.op(0x29, 0x81, 0x7d)  // EMPTY_TUPLE NEWOBJ EMPTY_DICT
        program.text("intercept_")
        program.op(0x4b, 3, 0x73, 0x62)  // 3, SETITEM, BUILD
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        let found = document.record(document.root)
        let record = try #require(found)
        let name = document.fullName(record)
        #expect(name == "sklearn.linear_model._base.LinearRegression")
        let intercept = document.attribute("intercept_", of: record)
        let coefficients = document.attribute("coef_", of: record)
        #expect(intercept == .integer(3))
        #expect(coefficients == nil)
    }

    @Test func theLastOfEqualKeysCounts() throws {
        var program = PickleAssembler()
        program.op(0x7d, 0x28)
        program.text("a")
        program.op(0x4b, 1)
        program.text("a")
        program.op(0x4b, 2, 0x75)
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        let found = document.pairs(document.root)
        let pairs = try #require(found)
        let value = document.lookUp("a", in: pairs)
        #expect(value == .integer(2))
    }

    @Test(arguments: [
        ("f8", false, [1, 2, 3, 4, 5, 6].map(Double.init)), ("f8", true, [1, 3, 5, 2, 4, 6].map(Double.init)),
    ])
    func readsArraysInBothOrders(code: String, isFortran: Bool, expected: [Double]) throws {
        var program = PickleAssembler()
        let data = (1...6).flatMap { value in
            PickleAssembler.little(Int(bitPattern: UInt(Double(value).bitPattern)), bytes: 8)
        }
        program.array(code, shape: [2, 3], isFortran: isFortran, data: data)
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        let found = document.array(document.root)
        let array = try #require(found)
        var budget = 100
        let elements = try document.doubles(array, place: "here", budget: &budget)
        // [[1, 2, 3], [4, 5, 6]] by rows; by columns the file's 1, 2 are the first column.
        #expect(elements.values == (isFortran ? [1, 3, 5, 2, 4, 6] : expected))
        #expect(budget == 94)
    }

    @Test(arguments: [
        ("i1", [0xff], -1.0), ("u1", [0xff], 255), ("i2", [0, 0x80], -32768), ("i4", [1, 0, 0, 0], 1),
        ("u8", [255, 255, 255, 255, 255, 255, 255, 255], 18_446_744_073_709_551_616), ("b1", [1], 1),
        ("f4", [0, 0, 0xc0, 0x3f], 1.5), ("f2", [0, 0x3e], 1.5),
    ])
    func readsEveryNumberType(code: String, data: [UInt8], expected: Double) throws {
        var program = PickleAssembler()
        program.array(code, shape: [1], data: data)
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        var budget = 100
        let found = document.array(document.root)
        let array = try #require(found)
        let values = try document.doubles(array, place: "", budget: &budget).values
        #expect(values == [expected])
    }

    @Test func readsTextArrays() throws {
        var program = PickleAssembler()
        let data: [UInt8] = [0x61, 0, 0, 0, 0, 0, 0, 0, 0x26, 0x26, 0, 0, 0x62, 0, 0, 0]
        program.global("numpy.core.multiarray", "_reconstruct")
        program.global("numpy", "ndarray")
        program.op(0x4b, 0, 0x85)
        program.raw([0x62])
        program.op(0x87, 0x52, 0x28, 0x4b, 1, 0x4b, 2, 0x85)
        program.dataType("U2", size: 8)
        program.op(0x89)
        program.raw(data)
        program.op(0x74, 0x62)
        let bytes = program.finished
        let document = try PickleMachine.read(bytes.span)
        var budget = 2
        let found = document.array(document.root)
        let array = try #require(found)
        let values = try document.scalars(array, place: "", budget: &budget).values
        #expect(values == [.text("a"), .text("☦b")])
        var empty = 1
        var kind: ImportError.Kind?
        do { _ = try document.scalars(array, place: "", budget: &empty) } catch { kind = error.kind }
        #expect(kind == .limit)
    }

    @Test func readsScalars() throws {
        var program = PickleAssembler()
        program.global("numpy._core.multiarray", "scalar")
        program.dataType("f4")
        program.raw([0, 0, 0xc0, 0x3f])
        program.op(0x86, 0x52)
        #expect(try describeRoot(program.finished) == "1.5")
    }

    @Test func readsJoblibArraysWithAndWithoutPadding() throws {
        for padding in [nil, 3, 16] as [Int?] {
            var program = PickleAssembler()
            program.op(0x5d)
            program.global("joblib.numpy_pickle", "NumpyArrayWrapper")
            program.op(0x29, 0x81, 0x7d, 0x28)
            program.text("shape")
            program.op(0x4b, 2, 0x85)
            program.text("order")
            program.text("C")
            program.text("dtype")
            program.dataType("i1", order: "|")
            program.text("numpy_array_alignment_bytes")
            program.op(padding == nil ? 0x4e : 0x88)
            program.op(0x75, 0x62)
            if let padding {
                program.bytes += [UInt8(padding)] + [UInt8](repeating: 0xff, count: padding)
            }
            program.bytes += [7, 0xff]
            program.op(0x61)
            let bytes = program.finished
            let document = try PickleMachine.read(bytes.span)
            let hasJoblibArrays = document.hasJoblibArrays
            #expect(hasJoblibArrays)
            var budget = 2
            let found = document.sequence(document.root).flatMap { document.array($0[0]) }
            let array = try #require(found)
            let values = try document.doubles(array, place: "", budget: &budget).values
            #expect(values == [7, -1])
        }
    }
}
