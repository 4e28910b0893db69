internal import ModelIR

extension Bisection: OperatorTyping {
    func outputType(of inputs: [ValueType], in context: inout TypingContext) throws(ImportError) -> ValueType {
        _ = try context.single(inputs, .float64, width: children.count)
        guard !children.isEmpty, children.count.isMultiple(of: 2) else {
            throw context.refusal("\(children.count) children", "two a node, one or more nodes")
        }
        for (index, child) in children.enumerated() {
            let isSound =
                child < 0 ? Int(~child) < clusterCount : Int(child) > index / 2 && Int(child) < children.count / 2
            guard isSound else {
                throw context.refusal("the child \(child)", "a later node, or one of \(clusterCount) clusters")
            }
        }
        return .classIndex(of: clusterCount)
    }
}
