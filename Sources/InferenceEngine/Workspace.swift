/// Sizes of the scratch that a predictor needs, worked out when it is compiled.
package struct MemoryPlan: Sendable, Hashable {
    package var doubles = 0
    package var floats = 0
    package var integers = 0
    package var longIntegers = 0
    package var texts = 0
    /// Scratch that a stage uses while it runs and nobody after it: as much as the one that needs most.
    package private(set) var sharedIntegers = 0
    package private(set) var sharedLongIntegers = 0

    package init() {}

    package var byteCount: Int {
        (doubles + longIntegers + sharedLongIntegers) * 8 + (floats + integers + sharedIntegers) * 4
            + texts * MemoryLayout<TextReference>.stride
    }

    /// Makes sure of scratch that stages share, from the first element of its array on.
    package mutating func share(integers: Int = 0, longIntegers: Int = 0) {
        sharedIntegers = max(sharedIntegers, integers)
        sharedLongIntegers = max(sharedLongIntegers, longIntegers)
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

/// Scratch memory of one worker for one predictor. Made once, used by one thread at a time, never grown but for
/// its scratch.
package final class Workspace {
    // A worker runs one stage at a time on its workspace, and a stage lends an array to one function at a time: nothing
    // can reach an array that is lent. The checks at run time that this is so cost more than many a stage.
    @safe @exclusivity(unchecked) package var doubles: [Double]
    @safe @exclusivity(unchecked) package var floats: [Float]
    @safe @exclusivity(unchecked) package var integers: [Int32]
    @safe @exclusivity(unchecked) package var longIntegers: [Int64]
    @safe @exclusivity(unchecked) package var texts: [TextReference]
    /// What each stage may use from the beginning, and none expects to find again.
    @safe @exclusivity(unchecked) package var sharedIntegers: [Int32]
    @safe @exclusivity(unchecked) package var sharedLongIntegers: [Int64]
    /// What some operators take besides, by the row.
    @safe @exclusivity(unchecked) package var scratch = WorkspaceScratch()
    /// The rows at fault of the tile that is being computed.
    @safe @exclusivity(unchecked) var faults = TileFaults()

    package init(plan: MemoryPlan) {
        doubles = [Double](repeating: 0, count: plan.doubles)
        floats = [Float](repeating: 0, count: plan.floats)
        integers = [Int32](repeating: 0, count: plan.integers)
        longIntegers = [Int64](repeating: 0, count: plan.longIntegers)
        texts = [TextReference](repeating: .missing, count: plan.texts)
        sharedIntegers = [Int32](repeating: 0, count: plan.sharedIntegers)
        sharedLongIntegers = [Int64](repeating: 0, count: plan.sharedLongIntegers)
    }
}

/// An element type of a workspace, so that generic predictors reach the array of their own type.
protocol WorkspaceElement: Sendable {
    /// The workspace's array of this type.
    static subscript(of workspace: Workspace) -> [Self] { get set }
    /// How many of this type a plan has.
    static var planned: WritableKeyPath<MemoryPlan, Int> { get }
}

// `_modify` lends the array in place; a setter would copy it.
extension Double: WorkspaceElement {
    static subscript(of workspace: Workspace) -> [Double] {
        _read { yield workspace.doubles }
        _modify { yield &workspace.doubles }
    }

    static var planned: WritableKeyPath<MemoryPlan, Int> { \.doubles }
}

extension Float: WorkspaceElement {
    static subscript(of workspace: Workspace) -> [Float] {
        _read { yield workspace.floats }
        _modify { yield &workspace.floats }
    }

    static var planned: WritableKeyPath<MemoryPlan, Int> { \.floats }
}

extension Int32: WorkspaceElement {
    static subscript(of workspace: Workspace) -> [Int32] {
        _read { yield workspace.integers }
        _modify { yield &workspace.integers }
    }

    static var planned: WritableKeyPath<MemoryPlan, Int> { \.integers }
}

extension Int64: WorkspaceElement {
    static subscript(of workspace: Workspace) -> [Int64] {
        _read { yield workspace.longIntegers }
        _modify { yield &workspace.longIntegers }
    }

    static var planned: WritableKeyPath<MemoryPlan, Int> { \.longIntegers }
}
