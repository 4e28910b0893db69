/// Sizes of the scratch that a predictor needs, worked out when it is compiled.
package struct MemoryPlan: Sendable, Hashable {
    package var doubles = 0
    package var floats = 0
    package var integers = 0
    package var texts = 0

    package init(doubles: Int = 0, floats: Int = 0, integers: Int = 0, texts: Int = 0) {
        self.doubles = doubles
        self.floats = floats
        self.integers = integers
        self.texts = texts
    }

    package var byteCount: Int {
        doubles * 8 + floats * 4 + integers * 4 + texts * MemoryLayout<TextReference>.stride
    }
}

/// A string within a row, without its bytes.
package enum TextReference: Sendable {
    case missing
    /// The batch's own bytes in this input column.
    case input(column: Int)
    /// A string of the model, such as an imputer's replacement.
    case constant(String)
}

/// Scratch memory of one worker for one predictor. Made once, used by one thread at a time, never grown.
package final class Workspace {
    package var doubles: [Double]
    package var floats: [Float]
    package var integers: [Int32]
    package var texts: [TextReference]

    package init(plan: MemoryPlan) {
        doubles = [Double](repeating: 0, count: plan.doubles)
        floats = [Float](repeating: 0, count: plan.floats)
        integers = [Int32](repeating: 0, count: plan.integers)
        texts = [TextReference](repeating: .missing, count: plan.texts)
    }
}
