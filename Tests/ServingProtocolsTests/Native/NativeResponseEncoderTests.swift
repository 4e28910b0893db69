import ByteCoding
import TensorCore
import Testing

@testable import ServingProtocols

private func encode(_ fields: [OutputField], rows: Int, isSingle: Bool, fill: (inout OutputBatch) -> Void) -> String {
    var batch = OutputBatch(fields: fields)
    batch.reset(rowCount: rows)
    fill(&batch)
    var writer = JSONWriter()
    NativeResponseEncoder(outputs: fields).encode(batch, rows: 0..<rows, isSingle: isSingle, into: &writer)
    #expect(writer.bytes.last == UInt8(ascii: "\n"))
    return String(decoding: writer.bytes.dropLast(), as: UTF8.self)
}

@Suite struct NativeResponseEncoderTests {
    private static let classes = ClassLabels.strings(["no", "y\"es"])
    private static let classifier = [
        OutputField(name: "prediction", kind: .label(classes), width: 1, isVector: false),
        OutputField(name: "probabilities", kind: .probabilities(classes, .float32), width: 2, isVector: true),
    ]

    @Test func writesOneValueForOneRecord() {
        let fields = [OutputField(name: "prediction", kind: .values(.float64), width: 1, isVector: false)]
        #expect(encode(fields, rows: 1, isSingle: true) { $0.values[0].float64[0] = 24.1 } == #"{"prediction":24.1}"#)
    }

    @Test func writesALabelAndAnObjectATarget() {
        let targets = [ClassLabels.strings(["no", "y\"es"]), .integers([3, 5, 7])]
        let fields = [
            OutputField(name: "prediction", kind: .labels(targets), width: 2, isVector: true),
            OutputField(name: "probabilities", kind: .targetProbabilities(targets, .float64), width: 5, isVector: true),
        ]
        let one = encode(fields, rows: 1, isSingle: true) {
            $0.values[0].labels = [1, 2]
            $0.values[1].float64 = [0.25, 0.75, 0.5, 0, 0.5]
        }
        #expect(
            one == #"{"prediction":["y\"es",7],"probabilities":[{"no":0.25,"y\"es":0.75},{"3":0.5,"5":0.0,"7":0.5}]}"#)
        let many = encode([fields[0]], rows: 2, isSingle: false) { $0.values[0].labels = [0, 0, 1, 1] }
        #expect(many == #"{"predictions":[["no",3],["y\"es",5]]}"#)
        // A target alone still is a list.
        let single = [OutputField(name: "prediction", kind: .labels([targets[1]]), width: 1, isVector: true)]
        #expect(encode(single, rows: 1, isSingle: true) { $0.values[0].labels = [1] } == #"{"prediction":[5]}"#)
    }

    @Test func writesSeveralNumbersOfARowAsAList() {
        // Several targets, quantiles or class scores: whether or not the importer has said that it is a vector.
        let fields = [OutputField(name: "prediction", kind: .values(.float32), width: 2, isVector: false)]
        let text = encode(fields, rows: 2, isSingle: false) {
            for index in 0..<4 { $0.values[0].float32[index] = Float(index) }
        }
        #expect(text == #"{"predictions":[[0.0,1.0],[2.0,3.0]]}"#)
    }

    @Test func writesParallelArraysForManyRows() {
        let text = encode(Self.classifier, rows: 2, isSingle: false) {
            $0.values[0].labels[0] = 1
            $0.values[0].labels[1] = 0
            for (index, value) in [0.1, 0.9, 0.75, 0.25].enumerated() { $0.values[1].float32[index] = Float(value) }
        }
        #expect(
            text
                == #"{"predictions":["y\"es","no"],"probabilities":[{"no":0.1,"y\"es":0.9},{"no":0.75,"y\"es":0.25}]}"#)
    }

    @Test func printsFloat32AsTheShortestFloat32() {
        let fields = [OutputField(name: "prediction", kind: .values(.float32), width: 1, isVector: false)]
        #expect(encode(fields, rows: 1, isSingle: true) { $0.values[0].float32[0] = 0.1 } == #"{"prediction":0.1}"#)
    }

    @Test func writesNullForWhatIsNotFinite() {
        let fields = [OutputField(name: "prediction", kind: .values(.float64), width: 2, isVector: true)]
        let text = encode(fields, rows: 1, isSingle: true) {
            $0.values[0].float64[0] = .infinity
            $0.values[0].float64[1] = .nan
        }
        #expect(text == #"{"prediction":[null,null]}"#)
    }

    @Test(arguments: [
        (ClassLabels.integers([-3, 7]), #"{"prediction":7}"#), (.booleans([false, true]), #"{"prediction":true}"#),
        (.doubles([0.5, 1]), #"{"prediction":1.0}"#), (.strings(["a", "ü"]), #"{"prediction":"ü"}"#),
    ])
    func keepsTheTypeOfALabel(labels: ClassLabels, expected: String) {
        let fields = [OutputField(name: "prediction", kind: .label(labels), width: 1, isVector: false)]
        #expect(encode(fields, rows: 1, isSingle: true) { $0.values[0].labels[0] = 1 } == expected)
    }
}
