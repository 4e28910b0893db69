import ModelIR
import TensorCore
import Testing

@Suite struct ImportedGraphTests {
    @Test func numbersValuesInTheOrderOfNodes() {
        var graph = ImportedGraph(columns: [Column(name: "a", kind: .float64)])
        let input = graph.append(.selectColumns([0]), path: "input")
        let label = graph.append(.argMax, [input], path: "label")
        #expect([input.index, label.index] == [0, 1])
        #expect(graph.nodes[1].inputs == [input])
    }

    @Test func refusesANodeBeforeItsInputs() async {
        await #expect(processExitsWith: .failure) {
            var graph = ImportedGraph(columns: [])
            _ = graph.append(.argMax, [ValueID(index: 0)], path: "label")
        }
    }

    @Test func namesTheFirstBytesOfAnUnknownFile() {
        let importers = ModelImporterList([])
        let bytes: [UInt8] = [0x7f, 0x45, 0x00, 0xff]
        let error = #expect(throws: ImportError.self) { try importers.importModel(bytes.span) }
        #expect(error?.kind == .unknownFormat)
        #expect(error?.found == "the bytes 7f 45 00 ff")
        let empty: [UInt8] = []
        #expect(throws: ImportError.self) { try importers.importModel(empty.span) }
    }
}
