internal import ModelIR

/// The graph of a boosted model that stands alone in its file.
struct BoosterGraph: NodeSink {
    private(set) var graph: ImportedGraph
    private let columns: [BoosterColumn]

    init(_ columns: [BoosterColumn]) {
        self.columns = columns
        graph = ImportedGraph(columns: columns.map(\.column))
    }

    mutating func add(_ operation: Operator, _ inputs: [ValueID], width: Int, path: String) -> ValueID {
        graph.append(operation, inputs, path: path)
    }

    mutating func add(outputs: [GraphOutput]) {
        for output in outputs { graph.addOutput(output) }
    }

    /// The record's columns as numbers in their order, categories as their codes.
    mutating func input() -> ValueID {
        var parts: [ValueID] = []
        var order: [Int] = []
        func places(where condition: (OneHotEncoder.Categories?) -> Bool) -> [Int] {
            columns.indices.filter { condition(columns[$0].categories) }
        }
        let plain = places { $0 == nil }
        if !plain.isEmpty {
            parts.append(graph.append(.selectColumns(plain), path: "input"))
            order += plain
        }
        for isText in [false, true] {
            let coded = places { categories in
                guard let categories else { return false }
                if case .strings = categories { return isText }
                return !isText
            }
            guard !coded.isEmpty else { continue }
            let selected = graph.append(.selectColumns(coded), path: "input")
            let encoder = OrdinalEncoder(
                positionsAmong: coded.compactMap { columns[$0].categories },
                refusesUnknown: coded.contains { columns[$0].refusesUnknown })
            parts.append(graph.append(.ordinalEncoder(encoder), [selected], path: "categories"))
            order += coded
        }
        guard parts.count > 1 else { return parts.first ?? graph.append(.selectColumns([]), path: "input") }
        let whole = graph.append(.concat, parts, path: "input")
        var places = [Int](repeating: 0, count: order.count)
        for (place, column) in order.enumerated() { places[column] = place }
        return graph.append(.gatherColumns(places), [whole], path: "input")
    }
}
