import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// What the library itself answered, for every fixture.
@Suite struct ScikitLearnParityTests {
    @Test(arguments: ParityCase.all)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let bytes = try fixture.modelBytes
        let expected = try fixture.answer
        let imported = try ScikitLearnImporter().importModel(bytes.span)
        #expect(imported.producer == expected.library)
        #expect(imported.graph.columns.compactMap(\.name) == expected.columns ?? [])
        #expect(!imported.steps.isEmpty)
        let model = try ModelCompiler.compile(imported.graph)
        let answer = try ParityAnswer(model, rows: expected.rows)

        for row in expected.rows.indices {
            guard let prediction = expected.prediction[row], prediction != .missing else {
                #expect(answer.faults.contains(row), "row \(row) is refused by the library")
                continue
            }
            #expect(!answer.faults.contains(row), "row \(row)")
            switch (answer.predictions[row], prediction) {
            case (.number(let found), .number(let wanted)): #expect(agree(found, wanted), "row \(row)")
            case (.list(let found), .list(let wanted)):
                #expect(found.count == wanted.count)
                for (one, other) in zip(found, wanted) { #expect(agree(one, other), "row \(row)") }
            case (let found, let wanted): #expect(found == wanted, "row \(row)")
            }
            if let wanted = expected.probabilities?[row] {
                #expect(answer.probabilities[row].count == wanted.count)
                for (one, other) in zip(answer.probabilities[row], wanted) { #expect(agree(one, other), "row \(row)") }
            }
        }
    }

    @Test func hasFixturesOfEveryVersion() {
        let versions = Set(ParityCase.all.map { $0.name.split(separator: "/")[0] })
        #expect(versions == ["1.1.3", "1.3.2", "1.5.2", "1.7.2", "1.9.1"])
    }
}
