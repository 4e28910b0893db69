internal import Synchronization

/// A number that goes up and down, such as connections open now. May be used from any thread.
package final class Gauge: Sendable {
    private let bits = Atomic<Int64>(0)

    package init() {}

    /// - Complexity: one relaxed atomic addition.
    package func add(_ amount: Int) {
        bits.wrappingAdd(Int64(amount), ordering: .relaxed)
    }

    package func set(_ value: Int) {
        bits.store(Int64(value), ordering: .relaxed)
    }

    package var value: Int { Int(bits.load(ordering: .relaxed)) }
}
