package import TensorCore

/// Names one value of a graph: the output of the node with that index.
package struct ValueID: Hashable, Sendable {
    package let index: Int

    package init(index: Int) {
        self.index = index
    }
}

/// An operator, where it came from, and whose values it takes.
package struct Node: Sendable {
    /// Its place in the saved object, such as `pipeline/scale`, for messages and `inspect`.
    package let path: String
    package let operation: Operator
    package let inputs: [ValueID]

    package init(path: String, operation: Operator, inputs: [ValueID]) {
        self.path = path
        self.operation = operation
        self.inputs = inputs
    }
}

/// What a graph's value is called outside, and how it is to be read.
package struct GraphOutput: Sendable {
    package enum Meaning: Sendable {
        case values
        case label(ClassLabels)
        case probabilities(ClassLabels)
        /// One label a target.
        case labels([ClassLabels])
        /// The probabilities of each target's classes, the targets one after the other.
        case targetProbabilities([ClassLabels])
    }

    package let name: String
    package let value: ValueID
    package let meaning: Meaning
    /// Whether a row's value is a list even if it holds one number; with more it always is.
    package let isVector: Bool
    /// Whether it is answered without being asked for.
    package let isDefault: Bool

    package init(
        name: String, value: ValueID, meaning: Meaning, isVector: Bool = false, isDefault: Bool = true
    ) {
        self.name = name
        self.value = value
        self.meaning = meaning
        self.isVector = isVector
        self.isDefault = isDefault
    }

    /// The same output of another node.
    package func moved(to value: ValueID) -> GraphOutput {
        GraphOutput(name: name, value: value, meaning: meaning, isVector: isVector, isDefault: isDefault)
    }
}

/// A model as its file tells it: operators in topological order over the columns of one record. The first stage of
/// `ImportedGraph -> TypedGraph -> OptimizedGraph -> Predictor`; every vendor's quirk is settled here.
package struct ImportedGraph: Sendable {
    package private(set) var columns: [Column]
    package private(set) var nodes: [Node] = []
    package private(set) var outputs: [GraphOutput] = []
    package var recordPolicy = RecordPolicy()
    /// A record to show, one value a column; nil if none is known.
    package var example: [CellValue]?

    package init(columns: [Column]) {
        self.columns = columns
    }

    /// Adds a node whose inputs are values of earlier nodes.
    package mutating func append(_ operation: Operator, _ inputs: [ValueID] = [], path: String) -> ValueID {
        precondition(inputs.allSatisfy { $0.index < nodes.count }, "nodes are added in topological order")
        nodes.append(Node(path: path, operation: operation, inputs: inputs))
        return ValueID(index: nodes.count - 1)
    }

    /// The same graph over columns of which the first are those that it had, described in another way, and of which
    /// nothing reads the rest.
    package func replacing(columns: [Column]) -> ImportedGraph {
        precondition(columns.count >= self.columns.count, "columns are described anew, not taken away")
        var graph = self
        graph.columns = columns
        return graph
    }

    package mutating func addOutput(_ output: GraphOutput) {
        precondition(output.value.index < nodes.count, "an output is the value of a node")
        outputs.append(output)
    }

    /// Takes other outputs in place of those that were added.
    package mutating func setOutputs(_ outputs: [GraphOutput]) {
        self.outputs = []
        for output in outputs { addOutput(output) }
    }

    /// Tells what else is known of an input column; its name and kind stay.
    package mutating func describe(column index: Int, _ change: (inout Column) -> Void) {
        let old = columns[index]
        change(&columns[index])
        precondition(columns[index].name == old.name && columns[index].kind == old.kind, "a column stays the same one")
    }
}
