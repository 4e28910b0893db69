/// A tree node as the forest kernels walk it. The right child lies behind the left one; a leaf is its own left child
/// and tests slot 0, which holds the smallest key, so that a walk that has arrived stays where it is.
protocol CompactNode: Sendable {
    associatedtype Key: ForestKey

    /// Goes right where the row's key is greater. A leaf's number in the ensemble's leaf table.
    var threshold: Key { get }
    /// The place in the row's expanded keys.
    var slot: Int { get }
    /// The left child, by its place among all nodes.
    var left: Int { get }

    init(threshold: Key, slot: Int, left: Int)

    /// Slots and nodes that fit the fields.
    static var slotCountMax: Int { get }
    static var nodeCountMax: Int { get }
}

/// 8 bytes: float32 features.
struct CompactNode8: CompactNode {
    let threshold: Int32
    /// The slot in the low 10 bits, the left child above.
    private let packed: UInt32

    static let slotBits: UInt32 = 10
    static let slotCountMax = 1 << 10
    static let nodeCountMax = 1 << 22

    init(threshold: Int32, slot: Int, left: Int) {
        self.threshold = threshold
        packed = UInt32(left) << Self.slotBits | UInt32(slot)
    }

    @inline(always)
    var slot: Int { Int(packed & 0x3ff) }
    @inline(always)
    var left: Int { Int(packed >> Self.slotBits) }
}

/// 16 bytes: float64 features, or more columns or nodes than the small one can count.
struct CompactNode16: CompactNode {
    let threshold: Int64
    private let slot32: UInt32
    private let left32: UInt32

    static let slotCountMax = Int(Int32.max)
    static let nodeCountMax = Int(Int32.max)

    init(threshold: Int64, slot: Int, left: Int) {
        self.threshold = threshold
        slot32 = UInt32(slot)
        left32 = UInt32(left)
    }

    @inline(always)
    var slot: Int { Int(slot32) }
    @inline(always)
    var left: Int { Int(left32) }
}
