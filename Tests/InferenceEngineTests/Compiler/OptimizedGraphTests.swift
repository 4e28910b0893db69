import InferenceEngine
import ModelIR
import TensorCore
import Testing

@Suite struct OptimizedGraphTests {
    private func names(_ graph: ImportedGraph) throws -> [String] {
        OptimizedGraph(try TypedGraph(graph)).nodes.map(\.node.operation.name)
    }

    @Test func movesColumnsOnce() throws {
        var graph = ImportedGraph(columns: columns(4))
        let left = graph.append(.selectColumns([3, 1]), path: "left")
        let right = graph.append(.selectColumns([0, 2]), path: "right")
        let inner = graph.append(.concat, [right], path: "one")
        let both = graph.append(.concat, [left, inner], path: "both")
        let gathered = graph.append(.gatherColumns([3, 0, 1]), [both], path: "gather")
        graph.addOutput(GraphOutput(name: "p", value: gathered, meaning: .values))
        #expect(try names(graph) == ["SelectColumns"])
        #expect(answer(try ModelCompiler.compile(graph), [[0, 1, 2, 3]]).doubles() == [2, 3, 1])
    }

    @Test func keepsWhatComputes() throws {
        var graph = ImportedGraph(columns: columns(2))
        let input = graph.append(.selectColumns([0, 1]), path: "input")
        let scaled = graph.append(
            .scaler(Scaler(form: .subtractDivide, offset: [0, 0], scale: [1, 1])), [input], path: "scale")
        let same = graph.append(.gatherColumns([0, 1]), [scaled], path: "same")
        let turned = graph.append(.gatherColumns([1, 0]), [same], path: "turned")
        let nested = graph.append(.concat, [turned, input], path: "nested")
        let outer = graph.append(.concat, [nested, same], path: "outer")
        graph.addOutput(GraphOutput(name: "p", value: outer, meaning: .values))
        #expect(try names(graph) == ["SelectColumns", "Scaler", "GatherColumns", "Concat"])
    }

    @Test func forcingNamesAPredictorThatExistsAndFits() throws {
        var graph = ImportedGraph(columns: columns(1))
        let input = graph.append(.selectColumns([0]), path: "input")
        graph.addOutput(GraphOutput(name: "p", value: input, meaning: .values))
        #expect(throws: ImportError.self) { try ModelCompiler.compile(graph, forcing: "no-such") }
        #expect(throws: ImportError.self) { try ModelCompiler.compile(graph, forcing: "forest-packed") }
        #expect(try ModelCompiler.compile(graph).predictor.report.name == "select")
    }
}
