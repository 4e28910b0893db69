import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// Predictions equal those of XGBoost 1.7, 2.1 and 3.2.
@Suite struct XGBoostParityTests {
    @Test(arguments: XGBoostFixture.names)
    func answersAsXGBoostDid(name: String) throws {
        let fixture = try XGBoostFixture(name)
        let model = try importXGBoost(fixture.model).get()
        #expect(model.format == (fixture.isJSON ? "xgboost-json" : "xgboost-ubjson"))
        #expect(name.hasSuffix(model.producer.dropFirst("XGBoost ".count)))

        var graph = model.graph
        let place = try #require(
            graph.nodes.firstIndex { node in
                if case .treeEnsemble = node.operation { return true }
                return false
            })
        graph.addOutput(GraphOutput(name: "margin", value: ValueID(index: place), meaning: .values))
        for predictor in ["reference", nil] {
            let compiled = try ModelCompiler.compile(graph, forcing: predictor)
            var rows = RowBatch(layout: compiled.layout)
            for values in fixture.rows {
                let row = rows.appendRow()
                for (column, value) in values.enumerated() {
                    if let value {
                        rows.setDouble(value, row: row, column: column)
                    } else {
                        rows.setMissing(row: row, column: column)
                    }
                }
            }
            var output = OutputBatch(fields: compiled.signature.outputs)
            let workspace = compiled.predictor.makeWorkspace()
            compiled.predictor.predict(rows, into: &output, using: workspace)
            #expect(output.faults.isEmpty)
            let fields = compiled.signature.outputs
            let margins = try #require(fields.firstIndex { $0.name == "margin" })
            // Margins are sums in XGBoost's own order: equal to the bit.
            expectEqual(output.values[margins].float32, fixture.margin, ulps: 0, "\(name) margin")
            let prediction = try #require(fields.firstIndex { $0.name == OutputField.predictionName })
            switch fields[prediction].kind {
            case .values:
                expectEqual(output.values[prediction].float32, fixture.prediction, ulps: 1, "\(name) prediction")
            case .label:
                #expect(output.values[prediction].labels.map(Double.init) == fixture.prediction.flatMap { $0 })
            case .probabilities, .labels, .targetProbabilities: Issue.record("a prediction of another kind")
            }
            let probabilities = fields.firstIndex { $0.name == OutputField.probabilitiesName }
            if let expected = fixture.probabilities, let probabilities {
                expectEqual(output.values[probabilities].float32, expected, ulps: 1, "\(name) probabilities")
            } else {
                // XGBClassifier answers 1 - margin and margin for a raw objective: those are none.
                #expect(fixture.probabilities == nil || name.hasPrefix("classifier-logitraw"))
            }
        }
    }

    private func expectEqual(_ values: [Float], _ expected: [[Double]], ulps: Int32, _ what: String) {
        let flat = expected.flatMap { $0 }.map { Float($0) }
        guard values.count == flat.count else {
            Issue.record("\(what): \(values.count) values, expected \(flat.count)")
            return
        }
        for index in flat.indices {
            let distance = Int32(bitPattern: values[index].bitPattern) - Int32(bitPattern: flat[index].bitPattern)
            if abs(distance) > ulps {
                Issue.record("\(what)[\(index)]: \(values[index]), expected \(flat[index])")
                return
            }
        }
    }

    @Test func coversAllThreeVersions() {
        #expect(XGBoostFixture.names.count > 80)
        for version in ["1.7.6", "2.1.4", "3.2.0"] {
            #expect(XGBoostFixture.names.filter { $0.hasSuffix(version) }.count > 30)
        }
    }
}
