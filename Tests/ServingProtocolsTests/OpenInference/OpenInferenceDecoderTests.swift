import ByteCoding
import HTTPCore
import InferenceAPI
import SeededRandom
import TensorCore
import Testing

@testable import ServingProtocols

private let numbers = RowLayout(columns: [
    Column(name: "x", kind: .float64, acceptsMissing: true), Column(name: "y", kind: .float64, acceptsMissing: true),
    Column(name: "z", kind: .float64, acceptsMissing: true),
])
private let mixed = RowLayout(columns: [
    Column(name: "x", kind: .float64, acceptsMissing: true), Column(name: "n", kind: .int64, acceptsMissing: true),
    Column(name: "c", kind: .string, acceptsMissing: true), Column(name: "r", kind: .float64),
])
private let unnamed = RowLayout(columns: [
    Column(name: nil, kind: .float64, acceptsMissing: true), Column(name: nil, kind: .float64, acceptsMissing: true),
])
private let ignoring = RowLayout(
    columns: [Column(name: "x", kind: .float64), Column(name: "y", kind: .float64)],
    recordPolicy: RecordPolicy(unknownFields: .ignore))

/// Inputs that the models of numbers take.
private let matrix = #"{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3]}"#
private let column = #"{"name":"x","shape":[1],"datatype":"FP64","data":[1]}"#

/// The values of a body's rows as text; missing ones are `-`.
private func values(_ body: String, _ layout: RowLayout, tail: [UInt8]? = nil) throws(InferenceError) -> [[String]] {
    var decoder = OpenInferenceDecoder()
    var batch = RowBatch(layout: layout)
    let json = Array(body.utf8)
    let bytes = json + (tail ?? [])
    _ = try decoder.decode(
        bytes.span, jsonBytes: tail == nil ? nil : json.count, of: openInferenceModel(layout), into: &batch)
    var rows: [[String]] = []
    for row in 0..<batch.rowCount {
        var values: [String] = []
        for column in 0..<layout.width {
            if batch.isMissing(row: row, column: column) {
                values.append("-")
            } else {
                switch layout.columns[column].kind {
                case .float64: values.append("\(batch.double(row: row, column: column))")
                case .int64: values.append("\(batch.int64(row: row, column: column))")
                case .string:
                    let text = batch.stringBytes(row: row, column: column)
                    values.append(String(decoding: text.indices.map { text[$0] }, as: UTF8.self))
                }
            }
        }
        rows.append(values)
    }
    return rows
}

private func refusal(
    _ body: String, _ layout: RowLayout = numbers, tail: [UInt8]? = nil, numbersMax: Int = 1 << 20
) -> InferenceError? {
    var decoder = OpenInferenceDecoder(numbersMax: numbersMax)
    var batch = RowBatch(layout: layout)
    batch.appendRow()
    let json = Array(body.utf8)
    let bytes = json + (tail ?? [])
    do {
        _ = try decoder.decode(
            bytes.span, jsonBytes: tail == nil ? nil : json.count, of: openInferenceModel(layout), into: &batch)
        return nil
    } catch {
        #expect(batch.rowCount == 1, "a refused body leaves no row behind")
        return error
    }
}

@Suite struct OpenInferenceDecoderTests {
    // MARK: Forms

    @Test(arguments: [
        (
            #"{"inputs":[{"name":"any","shape":[2,3],"datatype":"FP64","data":[1,2,3,4,5,6]}]}"#,
            [["1.0", "2.0", "3.0"], ["4.0", "5.0", "6.0"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[2,3],"datatype":"FP64","data":[[1,2,3],[4,5,6]]}]}"#,
            [["1.0", "2.0", "3.0"], ["4.0", "5.0", "6.0"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[2,3],"datatype":"FP32","data":[[1,[2]],3,[[4,5],6],[]]}]}"#,
            [["1.0", "2.0", "3.0"], ["4.0", "5.0", "6.0"]]
        ),
        (#"{"inputs":[{"name":"any","shape":[1,3],"datatype":"FP64","data":[1,null,NaN]}]}"#, [["1.0", "-", "-"]]),
        (
            #"{"inputs":[{"name":"any","shape":[1,3],"datatype":"FP32","data":[0.1,-0,1e-50]}]}"#,
            [["0.10000000149011612", "-0.0", "0.0"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[1,3],"datatype":"FP16","data":[0.1,1,2]}]}"#,
            [["0.0999755859375", "1.0", "2.0"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[1,3],"datatype":"BOOL","data":[true,false,null]}]}"#,
            [["1.0", "0.0", "-"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[1,3],"datatype":"UINT8","data":[0,255,7]}]}"#,
            [["0.0", "255.0", "7.0"]]
        ),
        (
            #"{"inputs":[{"name":"any","shape":[1,3],"datatype":"BYTES","data":["1.5","","NaN"]}]}"#,
            [["1.5", "-", "-"]]
        ),
        (
            #"{"inputs":[{"name":"y","shape":[2],"datatype":"FP64","data":[1,2]}]}"#,
            [["-", "1.0", "-"], ["-", "2.0", "-"]]
        ),
        (
            #"{"inputs":[{"name":"z","shape":[1,1],"datatype":"INT32","data":[[-5]]},"#
                + #"{"name":"\u0078","shape":[1],"datatype":"FP64","data":[1]}]}"#,
            [["1.0", "-", "-5.0"]]
        ),
        (#"{"inputs":[{"name":"any","shape":[0,3],"datatype":"FP64"}]}"#, []),
        (#"{"inputs":[{"name":"x","shape":[0],"datatype":"FP64","data":[]}]}"#, []),
    ])
    func takesEachForm(body: String, expected: [[String]]) throws {
        #expect(try values(body, numbers) == expected)
    }

    @Test func takesEachKindOfColumn() throws {
        let body = #"""
            {"inputs":[{"name":"n","shape":[2,1],"datatype":"INT64","data":[9007199254740993,null]},
            {"name":"c","shape":[2,1],"datatype":"BYTES","data":["Os\"lo",""]},
            {"name":"r","shape":[2,1],"datatype":"FP32","data":[1,2]}],"parameters":{"content_type":"pd"}}
            """#
        #expect(try values(body, mixed) == [["-", "9007199254740993", "Os\"lo", "1.0"], ["-", "-", "", "2.0"]])
    }

    @Test func aMatrixOfTextHasTextForEachColumn() throws {
        let body = #"{"inputs":[{"name":"a","shape":[1,4],"datatype":"BYTES","data":["1.5","3.0","Oslo","7"]}]}"#
        #expect(try values(body, mixed) == [["1.5", "3", "Oslo", "7.0"]])
    }

    @Test func aModelWithoutNamesTakesAMatrix() throws {
        #expect(
            try values(#"{"inputs":[{"name":"","shape":[1,2],"datatype":"FP64","data":[1,2]}]}"#, unnamed)
                == [["1.0", "2.0"]])
        #expect(refusal(#"{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP64","data":[1]}]}"#, unnamed) != nil)
    }

    @Test func aNullIsAMemberThatIsNotThere() throws {
        let body = #"""
            {"id":null,"parameters":null,"outputs":null,"inputs":[
            {"name":"a","shape":[1,3],"datatype":"FP64","parameters":null,"data":[1,2,3]}]}
            """#
        #expect(try values(body, numbers) == [["1.0", "2.0", "3.0"]])
        let output = #"{"outputs":[{"name":"prediction","parameters":null}],"inputs":[\#(matrix)]}"#
        #expect(try values(output, numbers) == [["1.0", "2.0", "3.0"]])
        #expect(refusal(#"{"inputs":null}"#) != nil)
    }

    @Test func aModelOfOneColumnWithoutANameIsAskedWhateverItPassesOver() throws {
        let lonely = RowLayout(
            columns: [Column(name: nil, kind: .float64)], recordPolicy: RecordPolicy(unknownFields: .ignore))
        let body = #"{"inputs":[{"name":"input","shape":[2,1],"datatype":"FP64","data":[1,2]}]}"#
        #expect(try values(body, lonely) == [["1.0"], ["2.0"]])
    }

    @Test func columnsWithoutNamesAreCountedFromOne() throws {
        let error = refusal(#"{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP64","data":[1,Infinity]}]}"#, unnamed)
        guard case .invalid(let problem)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.column == "2")
    }

    @Test func aModelThatPassesOverUnknownFieldsPassesOverUnknownInputs() throws {
        let body = #"""
            {"inputs":[{"name":"q","shape":[5],"datatype":"BYTES","data":["a","b","c","d","e"]},
            {"name":"y","shape":[1],"datatype":"FP64","data":[2]},\#(column)]}
            """#
        #expect(try values(body, ignoring) == [["1.0", "2.0"]])
    }

    // MARK: The property

    /// The rows are those of the same values sent as a native request, bit for bit, whatever wire they come by, as a
    /// matrix or as columns, with members in any order.
    @Test(arguments: 0..<60)
    func comesToTheRowsOfANativeRequest(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...5, using: &generator)
        func double() -> Double {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: .nan
            case 1: Double(Int.random(in: -1000...1000, using: &generator))
            default: Double(bitPattern: UInt64.random(in: 0...0x7FE0_0000_0000_0000, using: &generator))
            }
        }
        let rows = (0..<count).map { _ in (0..<3).map { _ in double() } }
        let integers = (0..<count).map { _ in Int64.random(in: .min ... .max, using: &generator) }
        let texts = (0..<count).map { "t\($0 % 2)" }
        func text(_ value: Double) -> String { value.isNaN ? "null" : "\(value)" }

        let matrix = TestTensor(name: "input", shape: [count, 3], elements: .doubles(rows.flatMap { $0 }))
        let columns = (0..<3).map { column in
            TestTensor(
                name: ["x", "y", "z"][column], shape: column == 0 ? [count] : [count, 1],
                elements: .doubles(rows.map { $0[column] }))
        }.shuffled(using: &generator)
        let native = try nativeRows(
            "[" + rows.map { "[" + $0.map { text($0) }.joined(separator: ",") + "]" }.joined(separator: ",") + "]",
            numbers)
        let floats = TestTensor(
            name: "f", shape: [count, 3], elements: .floats(rows.flatMap { $0 }.map { narrow($0) }))
        let nativeFloats = try nativeRows(
            "["
                + rows.map { "[" + $0.map { text(Double(narrow($0))) }.joined(separator: ",") + "]" }
                .joined(separator: ",") + "]", numbers)

        let frame = [
            TestTensor(name: "n", shape: [count, 1], elements: .integers(integers)),
            TestTensor(name: "c", shape: [count], elements: .texts(texts)),
            TestTensor(name: "r", shape: [count, 1], elements: .doubles(rows.map { $0[0].isNaN ? 0 : $0[0] })),
        ].shuffled(using: &generator)
        let records = (0..<count).map {
            #"{"n":\#(integers[$0]),"c":"\#(texts[$0])","r":\#(rows[$0][0].isNaN ? 0 : rows[$0][0])}"#
        }
        let nativeFrame = try nativeRows("[" + records.joined(separator: ",") + "]", mixed)

        for wire in TestWire.allCases {
            #expect(
                try openInferenceRows([matrix], wire, numbers, using: &generator) == native, "seed \(seed), \(wire)")
            #expect(
                try openInferenceRows(columns, wire, numbers, using: &generator) == native, "seed \(seed), \(wire)")
            #expect(
                try openInferenceRows([floats], wire, numbers, using: &generator) == nativeFloats,
                "seed \(seed), \(wire)")
            #expect(
                try openInferenceRows(frame, wire, mixed, using: &generator) == nativeFrame, "seed \(seed), \(wire)")
        }
    }

    /// A float32 that is finite where the double is too large for one.
    private func narrow(_ value: Double) -> Float {
        let float = Float(value)
        return float.isInfinite ? 3.25 : float
    }

    private func nativeRows(_ body: String, _ layout: RowLayout) throws -> [UInt8] {
        var decoder = NativeRequestDecoder()
        var batch = RowBatch(layout: layout)
        let bytes = Array(body.utf8)
        _ = try decoder.decode(bytes.span, into: &batch)
        var identity: [UInt8] = []
        batch.appendIdentity(of: 0..<batch.rowCount, to: &identity)
        return identity
    }

    // MARK: Refusals

    @Test(arguments: [
        "", "7", "[]", "{}", #"{"inputs":{}}"#, #"{"inputs":[]}"#, #"{"inputs":[7]}"#, #"{"inputs":[{}]}"#,
        #"{"inputs":[],"inputs":[]}"#,
        #"{"inputs":[\#(matrix)]"#,
        #"{"inputs":[\#(matrix)]}x"#,
        #"{"inputs":[{"shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64"}]}"#,
        #"{"inputs":[{"name":7,"shape":[1,3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":7,"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,-3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3.0],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[4611686018427387904,4],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[2147483648,2147483648],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1000000000,3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP128","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"fp64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"BF16","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[],"datatype":"FP64","data":[1]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,1,3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP64","data":[1,2]}]}"#,
        #"{"inputs":[{"name":"a","shape":[3],"datatype":"FP64","data":[1,2,3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3,4]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,"3"]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,true]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,Infinity]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,-Infinity]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,1e999]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP32","data":[1,2,1e39]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP32","data":[1,2,null,1e39]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP16","data":[1,2,70000]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":7}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":{"a":1}}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"INT8","data":[1,2,128]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"UINT8","data":[1,2,-1]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"INT64","data":[1,2,1.5]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"INT64","data":[1,2,9223372036854775808]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"UINT64","data":[1,2,18446744073709551616]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"BOOL","data":[true,false,1]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"BOOL","data":[true,false,"true"]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"BYTES","data":["1","2",3]}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"BYTES","data":["1","2","three"]}]}"#,
        #"{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["1"]}]}"#,
        #"{"inputs":[\#(column),\#(column)]}"#,
        #"{"inputs":[\#(column),{"name":"y","shape":[2],"datatype":"FP64","data":[1,2]}]}"#,
        #"{"inputs":[\#(column),{"name":"q","shape":[1],"datatype":"FP64","data":[1]}]}"#,
        #"{"inputs":[\#(column),\#(matrix)]}"#,
        #"{"inputs":[\#(matrix),\#(column)]}"#,
        #"{"inputs":[\#(matrix)],"outputs":[{"name":"nope"}]}"#,
        #"{"inputs":[\#(matrix)],"outputs":[{}]}"#,
        #"{"inputs":[\#(matrix)],"outputs":[{"name":"prediction"},{"name":"prediction"}]}"#,
        #"{"inputs":[\#(matrix)],"outputs":[{"name":"prediction","parameters":{"classification":2}}]}"#,
        #"{"inputs":[\#(matrix)],"id":7}"#,
        #"{"inputs":[\#(matrix)],"parameters":[]}"#,
        #"{"inputs":[\#(matrix)],"parameters":{"timeout":-1}}"#,
        #"{"inputs":[\#(matrix)],"parameters":{"timeout":"1"}}"#,
        #"{"inputs":[\#(matrix)],"parameters":{"priority":-1}}"#,
        #"{"inputs":[\#(matrix)],"parameters":{"sequence_id":4}}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","parameters":{"shared_memory_region":"r"}}]}"#,
        #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","parameters":{"binary_data_size":24}}]}"#,
    ])
    func refusesWithoutLeavingARow(body: String) {
        let error = refusal(body)
        #expect(error.map { OpenInferenceError.status($0) } == .badRequest)
        #expect(error.map { OpenInferenceError.code($0) } == .invalidArgument)
    }

    @Test func refusesWhereTheColumnHasNoRuleForAMissingValue() {
        let body = #"{"inputs":[{"name":"r","shape":[2,1],"datatype":"FP64","data":[1,null]}]}"#
        guard case .invalid(let problem)? = refusal(body, mixed) else {
            Issue.record("it was taken")
            return
        }
        #expect(problem.sentence.hasPrefix("row 2, column \"r\", /inputs/0/data/1: the model has no rule"))
        #expect(refusal(#"{"inputs":[\#(column)]}"#, mixed) != nil)
        // A fast path looks for them, too.
        let tail = Double.nan.bitPattern.littleEndianBytes + 1.0.bitPattern.littleEndianBytes
        let binary = #"{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP64","parameters":{"binary_data_size":16}}]}"#
        #expect(refusal(binary, ignoring, tail: tail) != nil)
    }

    @Test func holdsRowsToTheBound() {
        let body = #"{"inputs":[{"name":"a","shape":[3,3],"datatype":"FP64","data":[1,2,3,1,2,3,1,2,3]}]}"#
        #expect(refusal(body, numbersMax: 9) == nil)
        guard case .tooLarge? = refusal(body, numbersMax: 8) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test func anyCutOfABodyIsRefused() {
        let body = #"{"id":"a","inputs":[{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,[2,3]]}],"outputs":[]}"#
        #expect(refusal(body) == nil)
        for end in 0..<body.utf8.count {
            #expect(refusal(String(decoding: body.utf8.prefix(end), as: UTF8.self)) != nil, "cut at \(end)")
        }
    }

    // MARK: Terms

    @Test func parametersBecomeTerms() throws {
        var decoder = OpenInferenceDecoder()
        var batch = RowBatch(layout: numbers)
        let body = Array(
            #"""
            {"parameters":{"timeout":1500,"priority":1,"binary_data_output":true,"other":"x"},"id":"r-1",
            "inputs":[\#(matrix)]}
            """#.utf8)
        let request = try decoder.decode(
            body.span, jsonBytes: nil, of: openInferenceModel(numbers), into: &batch)
        #expect(String(decoding: request.id, as: UTF8.self) == "r-1")
        #expect(request.wantsBinary)
        let terms = request.terms.joined(with: .standard, now: 1000)
        #expect(terms == RequestTerms(deadline: RequestDeadline(nanoseconds: 1_501_000), priority: .high))
        #expect(OpenInferenceDecoder.earlyTerms(of: body.span, jsonBytes: nil) == request.terms)
        // What cannot be told early is passed over, and what stands before it is not lost.
        let long = body.dropLast(3) + Array(repeating: UInt8(ascii: " "), count: OpenInferenceDecoder.earlyBytes)
        #expect(OpenInferenceDecoder.earlyTerms(of: Array(long).span, jsonBytes: nil) == request.terms)
        let broken = Array(
            #"{"parameters":{"timeout":1500,"priority":1},"id":"\#(String(repeating: "x", count: 9000))""#.utf8)
        #expect(OpenInferenceDecoder.earlyTerms(of: broken.span, jsonBytes: nil) == request.terms)
        let behind = Array(#"{"id":"\#(String(repeating: "x", count: 9000))","parameters":{"timeout":1500}}"#.utf8)
        #expect(OpenInferenceDecoder.earlyTerms(of: behind.span, jsonBytes: nil) == OpenInferenceTerms())
        // No number is taken for another one where the look ends.
        for filler in OpenInferenceDecoder.earlyBytes - 60..<OpenInferenceDecoder.earlyBytes {
            let text =
                #"{"id":"\#(String(repeating: "x", count: filler))","parameters":{"timeout":1500000},"inputs":[]}"#
            let terms = OpenInferenceDecoder.earlyTerms(of: Array(text.utf8).span, jsonBytes: nil)
            #expect([0, 1_500_000_000].contains(terms.timeoutNanoseconds), "\(filler)")
        }
        let sooner = RequestTerms(deadline: RequestDeadline(nanoseconds: 7), priority: .low)
        #expect(request.terms.joined(with: sooner, now: 1000).deadline == sooner.deadline)
        #expect(OpenInferenceTerms().joined(with: sooner, now: 1000) == sooner)
    }
}

@Suite struct OpenInferenceBinaryTests {
    private func input(_ name: String, _ shape: [Int], _ type: String, _ size: Int) -> String {
        #"{"name":"\#(name)","shape":\#(shape),"datatype":"\#(type)","parameters":{"binary_data_size":\#(size)}}"#
    }

    @Test(
        arguments: [
            ("FP32", Float(1.5).bitPattern.littleEndianBytes, "1.5"), ("FP64", 1.5.bitPattern.littleEndianBytes, "1.5"),
            ("FP16", UInt16(0x3E00).littleEndianBytes, "1.5"), ("BF16", UInt16(0x3FC0).littleEndianBytes, "1.5"),
            ("INT8", [0xFF], "-1.0"), ("UINT8", [0xFF], "255.0"), ("INT16", [0xFE, 0xFF], "-2.0"),
            ("UINT16", [0xFE, 0xFF], "65534.0"), ("INT32", [0xFD, 0xFF, 0xFF, 0xFF], "-3.0"),
            ("UINT32", [0xFD, 0xFF, 0xFF, 0xFF], "4294967293.0"), ("INT64", Int64(-7).littleEndianBytes, "-7.0"),
            ("UINT64", UInt64.max.littleEndianBytes, "1.8446744073709552e+19"), ("BOOL", [2], "1.0"),
            ("FP32", Float.nan.bitPattern.littleEndianBytes, "-"),
        ] as [(String, [UInt8], String)])
    func takesEachType(type: String, bytes: [UInt8], expected: String) throws {
        let body = #"{"inputs":[\#(input("y", [1, 1], type, bytes.count))]}"#
        #expect(try values(body, numbers, tail: bytes) == [["-", expected, "-"]])
        let matrix = #"{"inputs":[\#(input("a", [1, 3], type, bytes.count * 3))]}"#
        #expect(try values(matrix, numbers, tail: bytes + bytes + bytes) == [[expected, expected, expected]])
    }

    @Test func binaryAndJSONInputsStandSideBySide() throws {
        let text: [UInt8] = [2, 0, 0, 0, 0xC3, 0xA9, 0, 0, 0, 0]
        let body = #"""
            {"inputs":[\#(input("c", [2, 1], "BYTES", text.count)),
            {"name":"n","shape":[2],"datatype":"INT64","data":[1,2]},\#(input("r", [2], "FP32", 8))]}
            """#
        let tail = text + Float(1).bitPattern.littleEndianBytes + Float(2).bitPattern.littleEndianBytes
        #expect(try values(body, mixed, tail: tail) == [["-", "1", "é", "1.0"], ["-", "2", "", "2.0"]])
    }

    @Test func refusesWhatDoesNotAddUp() {
        let three = [UInt8](repeating: 0, count: 24)
        #expect(refusal(#"{"inputs":[\#(input("a", [1, 3], "FP64", 24))]}"#, tail: three) == nil)
        for (size, tail) in [
            (25, three + [0]), (23, three), (24, three + [0]), (24, Array(three.dropLast())), (-1, []),
        ] {
            let error = refusal(#"{"inputs":[\#(input("a", [1, 3], "FP64", size))]}"#, tail: tail)
            #expect(error.map { OpenInferenceError.status($0) } == .badRequest, "\(size), \(tail.count)")
        }
        let both = #"{"name":"a","shape":[1,3],"datatype":"FP64","data":[1,2,3],"parameters":{"binary_data_size":24}}"#
        #expect(refusal(#"{"inputs":[\#(both)]}"#, tail: three) != nil)
        #expect(
            refusal(#"{"inputs":[\#(input("a", [1, 3], "BYTES", 12))]}"#, tail: [9, 0, 0, 0] + three[0..<8]) != nil)
        #expect(refusal(#"{"inputs":[\#(input("c", [1], "BYTES", 5))]}"#, mixed, tail: [1, 0, 0, 0, 0xFF]) != nil)
        let infinite = Double.infinity.bitPattern.littleEndianBytes
        #expect(refusal(#"{"inputs":[\#(input("y", [1], "FP64", 8))]}"#, tail: infinite) != nil)
        let huge = #"{"inputs":[\#(input("a", [3_074_457_345_618_258_602, 3], "FP64", 24))]}"#
        #expect(refusal(huge, tail: three) != nil)
    }

    @Test func aBodyWithoutJSONIsTheOnlyInput() throws {
        var decoder = OpenInferenceDecoder()
        var batch = RowBatch(layout: unnamed)
        let body = [1.0, 2, 3, 4].flatMap { $0.bitPattern.littleEndianBytes }
        let request = try decoder.decode(body.span, jsonBytes: 0, of: openInferenceModel(unnamed), into: &batch)
        #expect(request.wantsBinary)
        #expect(batch.rowCount == 2 && batch.double(row: 1, column: 0) == 3)
        let cut = Array(body.dropLast())
        #expect(throws: InferenceError.self) {
            try decoder.decode(cut.span, jsonBytes: 0, of: openInferenceModel(unnamed), into: &batch)
        }
        var named = RowBatch(layout: numbers)
        #expect(throws: InferenceError.self) {
            try decoder.decode(body.span, jsonBytes: 0, of: openInferenceModel(numbers), into: &named)
        }
    }
}

@Suite struct OpenInferenceRawTextTests {
    /// As other servers have it: no length stands in front.
    @Test func aBodyWithoutJSONIsTheText() throws {
        let text = RowLayout(columns: [Column(name: nil, kind: .string)])
        for body in ["a text of more than one word", "a", "\u{0}\u{0}\u{0}\u{0}"] {
            var decoder = OpenInferenceDecoder()
            var batch = RowBatch(layout: text)
            let bytes = Array(body.utf8)
            _ = try decoder.decode(bytes.span, jsonBytes: 0, of: openInferenceModel(text), into: &batch)
            #expect(batch.rowCount == 1)
            let found = batch.stringBytes(row: 0, column: 0)
            #expect(found.indices.map { found[$0] } == bytes)
        }
        var decoder = OpenInferenceDecoder()
        var batch = RowBatch(layout: text)
        let broken: [UInt8] = [0xFF]
        #expect(throws: InferenceError.self) {
            try decoder.decode(broken.span, jsonBytes: 0, of: openInferenceModel(text), into: &batch)
        }
        #expect(batch.rowCount == 0)
    }
}

@Suite struct OpenInferenceMessageTests {
    private func refusal(_ write: (inout ProtobufWriter) -> Void) -> InferenceError? {
        var writer = ProtobufWriter()
        write(&writer)
        let message = writer.bytes
        var decoder = OpenInferenceDecoder()
        var batch = RowBatch(layout: numbers)
        do {
            _ = try decoder.decode(message: message.span, of: openInferenceModel(numbers), into: &batch)
            return nil
        } catch {
            #expect(batch.rowCount == 0)
            return error
        }
    }

    private let tensor = TestTensor(name: "a", shape: [1, 3], elements: .floats([1, 2, 3]))

    @Test func refusesMixedAndMissingContents() {
        #expect(refusal { tensor.write(&$0, isRaw: false) } == nil)
        #expect(refusal { _ in } != nil)
        #expect(refusal { tensor.write(&$0, isRaw: true) } != nil)
        #expect(
            refusal {
                tensor.write(&$0, isRaw: false)
                $0.bytes(7, tensor.binary.span)
            } != nil)
        #expect(
            refusal {
                tensor.write(&$0, isRaw: true)
                $0.bytes(7, tensor.binary.span)
                $0.bytes(7, tensor.binary.span)
            } != nil)
        #expect(
            refusal {
                tensor.write(&$0, isRaw: true)
                $0.bytes(7, Array(tensor.binary.dropLast()).span)
            } != nil)
        #expect(
            refusal {
                tensor.write(&$0, isRaw: false)
                let output = $0.beginMessage(6)
                $0.string(1, "nope")
                $0.endMessage(output)
            } != nil)
    }

    /// The same parameters, over HTTP and gRPC: refused over both, or taken over both.
    @Test(
        arguments: [
            ("content_type", .text("base64"), false, false), ("content_type", .text("pd_json"), false, false),
            ("content_type", .text("pd"), false, true), ("content_type", .number(7), false, true),
            ("other", .text("base64"), false, true), ("shared_memory_region", .text("a"), false, false),
            ("classification", .number(0), true, true), ("classification", .number(2), true, false),
            ("classification", .text(""), true, true), ("classification", .flag(false), true, true),
            ("classification", .flag(true), true, false), ("shared_memory_region", .text("a"), true, false),
        ] as [(String, ParameterValue, Bool, Bool)])
    func parametersOfTensorsAreOneRule(
        name: String, value: ParameterValue, isOfOutput: Bool, isTaken: Bool
    ) {
        func write(_ writer: inout ProtobufWriter, _ number: UInt32) {
            let entry = writer.beginMessage(number)
            writer.string(1, name)
            let parameter = writer.beginMessage(2)
            switch value {
            case .flag(let flag): writer.bool(1, flag)
            case .number(let number): writer.uint64(2, number)
            case .text(let text): writer.string(3, text)
            }
            writer.endMessage(parameter)
            writer.endMessage(entry)
        }
        let called = refusal {
            let input = $0.beginMessage(5)
            $0.string(1, "a")
            $0.string(2, "FP64")
            let shape: [Int64] = [1, 3]
            $0.packed(3, shape.span)
            if !isOfOutput { write(&$0, 4) }
            let contents = $0.beginMessage(5)
            let numbers = [1.0, 2, 3]
            $0.packed(7, numbers.span)
            $0.endMessage(contents)
            $0.endMessage(input)
            guard isOfOutput else { return }
            let output = $0.beginMessage(6)
            $0.string(1, "prediction")
            write(&$0, 2)
            $0.endMessage(output)
        }
        let parameters = #""parameters":{"\#(name)":\#(value.json)}"#
        let posted = ServingProtocolsTests.refusal(
            isOfOutput
                ? #"{"outputs":[{"name":"prediction",\#(parameters)}],"inputs":[\#(matrix)]}"#
                : #"{"inputs":[{"name":"a","shape":[1,3],"datatype":"FP64",\#(parameters),"data":[1,2,3]}]}"#)
        #expect((called == nil) == isTaken)
        #expect((posted == nil) == isTaken)
    }

    @Test func aMessageHasBoundedFields() throws {
        var writer = ProtobufWriter()
        writer.string(1, "m")
        for _ in 1..<OpenInferenceMessages.fieldsMax { writer.string(99, "") }
        let most = writer.bytes
        #expect(try !OpenInferenceMessages.target(of: most.span, hasTerms: true).name.isEmpty)
        writer.string(99, "")
        let tooMany = writer.bytes
        #expect(throws: InferenceError.self) {
            try OpenInferenceMessages.target(of: tooMany.span, hasTerms: true)
        }
        var wide = ProtobufWriter()
        let entry = wide.beginMessage(4)
        wide.string(1, "note")
        for _ in 0...OpenInferenceMessages.parameterBytesMax / 2 { wide.string(9, "") }
        wide.endMessage(entry)
        let parameters = wide.bytes
        #expect(throws: InferenceError.self) {
            try OpenInferenceMessages.target(of: parameters.span, hasTerms: true)
        }
    }

    @Test func parametersBecomeTerms() throws {
        var writer = ProtobufWriter()
        writer.string(1, "m")
        writer.string(2, "champion")
        for (name, field, value) in [("timeout", UInt32(2), UInt64(2000)), ("priority", 5, 1)] {
            let entry = writer.beginMessage(4)
            writer.string(1, name)
            let parameter = writer.beginMessage(2)
            writer.uint64(field, value)
            writer.endMessage(parameter)
            writer.endMessage(entry)
        }
        let message = writer.bytes
        let target = try OpenInferenceMessages.target(of: message.span, hasTerms: true)
        #expect(String(decoding: message[target.name], as: UTF8.self) == "m")
        #expect(String(decoding: message[target.version], as: UTF8.self) == "champion")
        #expect(
            target.terms.joined(with: .standard, now: 0)
                == RequestTerms(deadline: RequestDeadline(nanoseconds: 2_000_000), priority: .high))
    }

    @Test func anyCutOfAMessageIsRefused() {
        var writer = ProtobufWriter()
        tensor.write(&writer, isRaw: false)
        let whole = writer.bytes
        for end in 0..<whole.count {
            var decoder = OpenInferenceDecoder()
            var batch = RowBatch(layout: numbers)
            let cut = Array(whole.prefix(end))
            #expect(throws: InferenceError.self, "cut at \(end)") {
                try decoder.decode(message: cut.span, of: openInferenceModel(numbers), into: &batch)
            }
        }
    }
}

/// A parameter of a tensor.
enum ParameterValue {
    case flag(Bool)
    case number(UInt64)
    case text(String)

    var json: String {
        switch self {
        case .flag(let flag): "\(flag)"
        case .number(let number): "\(number)"
        case .text(let text): "\"\(text)\""
        }
    }
}

extension FixedWidthInteger {
    fileprivate var littleEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self($0 * 8)) }
    }
}
