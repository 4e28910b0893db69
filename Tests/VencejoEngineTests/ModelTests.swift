import Glibc
import Testing
import VencejoEngine

/// The example models through the public face, against what scikit-learn answered (Examples/house-price/expected.json).
@Suite struct ModelTests {
    private static func bytes(_ name: String) -> [UInt8] {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(3)
        let path = parts.joined(separator: "/") + "/Examples/house-price/" + name
        guard let file = unsafe fopen(path, "rb") else { return [] }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }

    private static let columns = [
        "CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO", "B", "LSTAT",
    ]

    private func expect(_ prediction: Prediction, equals expected: Double) {
        guard case .number(let found) = prediction.prediction else {
            Issue.record("\(prediction) is not a number")
            return
        }
        #expect(abs(found - expected) <= 1e-9 * abs(expected), "\(found) and \(expected)")
    }

    @Test func predictsRecordsAndRowsAsScikitLearn() throws {
        let model = try Model(bytes: Self.bytes("house-price.pkl"))
        #expect(model.summary.inputs.compactMap(\.name) == Self.columns)
        #expect(model.summary.predictor == "linear-folded")
        expect(try model.predict(record: ["CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06]), equals: 14.878767128824645)
        expect(try model.predict(record: [:]), equals: 21.607504713647298)
        let row: [Double?] = [0.62566, 0, 10.63, nil, 0.557, nil, 84.2, 3.7582, 2, 345, 17.6, 201.02, 14.79]
        expect(try model.predict(rows: [row])[0], equals: 18.15808735972551)
    }

    @Test func answersTheSameFromOneSession() throws {
        let session = try Model(bytes: Self.bytes("house-price.pkl")).makeSession()
        for _ in 0..<3 {
            expect(try session.predict(record: ["CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06]), equals: 14.878767128824645)
            expect(try session.predict(record: [:]), equals: 21.607504713647298)
        }
        #expect(try session.predict(records: []).isEmpty)
    }

    @Test func saysWhichValueDoesNotFit() throws {
        let model = try Model(bytes: Self.bytes("house-price.pkl"))
        #expect(throws: ModelError.row(0, column: "NOPE", problem: "the model has no such column")) {
            try model.predict(record: ["NOPE": 1])
        }
        #expect(throws: ModelError.row(1, column: "RM", problem: "text; expected a number")) {
            try model.predict(records: [["RM": 1], ["RM": "six"]])
        }
        #expect(throws: ModelError.row(0, column: nil, problem: "it has 2 values; expected 13")) {
            try model.predict(rows: [[1, 2]])
        }
    }

    @Test func refusesWhatIsNoModel() {
        for bytes in [[], [1, 2, 3], Array("{}".utf8)] {
            #expect(throws: ModelError.self) { try Model(bytes: bytes) }
        }
    }
}
