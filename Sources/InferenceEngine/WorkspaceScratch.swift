/// Memory of a worker for operators whose need depends on the row: it grows to the largest and is kept.
package struct WorkspaceScratch: Sendable {
    package var numbers: [Double] = []
    package var indices: [Int] = []
    package var text = TextScratch()

    package init() {}

    /// Makes room for `count` numbers.
    mutating func reserve(_ count: Int) {
        while numbers.count < count { numbers.append(0) }
    }

    /// Makes room for `count` indices.
    mutating func reserveIndices(_ count: Int) {
        while indices.count < count { indices.append(0) }
    }
}
