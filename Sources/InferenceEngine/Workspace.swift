/// Sizes of the scratch that a predictor needs, worked out when it is compiled.
package struct MemoryPlan: Sendable, Hashable {
    package var doubles = 0
    package var floats = 0
    package var integers = 0

    package init(doubles: Int = 0, floats: Int = 0, integers: Int = 0) {
        self.doubles = doubles
        self.floats = floats
        self.integers = integers
    }

    package var byteCount: Int { doubles * 8 + floats * 4 + integers * 4 }
}

/// Scratch memory of one worker for one predictor. Made once, used by one thread at a time, never grown.
package final class Workspace {
    package var doubles: [Double]
    package var floats: [Float]
    package var integers: [Int32]

    package init(plan: MemoryPlan) {
        doubles = [Double](repeating: 0, count: plan.doubles)
        floats = [Float](repeating: 0, count: plan.floats)
        integers = [Int32](repeating: 0, count: plan.integers)
    }
}
