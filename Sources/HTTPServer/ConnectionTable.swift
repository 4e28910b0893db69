/// A loop's connections by slot, at addresses that do not change; see ``OwnedCell`` for why it is not an array.
///
/// Room is reserved for all slots; memory is used up to the highest that ever was.
@safe
struct ConnectionTable: ~Copyable {
    private let base: UnsafeMutablePointer<Connection>
    private let used = OwnedCell(0)
    /// The most slots.
    let capacity: Int

    /// Makes a table without slots.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe base = UnsafeMutablePointer<Connection>.allocate(capacity: capacity)
    }

    deinit {
        unsafe base.deinitialize(count: used.value)
        unsafe base.deallocate()
    }

    /// How many slots there are, open or not.
    @inline(__always)
    var count: Int { used.value }

    /// Makes one more slot; its number was `count`.
    func grow() {
        precondition(used.value < capacity, "the table is full")
        unsafe (base + used.value).initialize(to: Connection())
        used.value += 1
    }

    subscript(slot: Int) -> Connection {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(address(slot)) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe address(slot) }
    }

    @inline(__always)
    private func address(_ slot: Int) -> UnsafeMutablePointer<Connection> {
        precondition(slot >= 0 && slot < used.value, "no such slot")
        return unsafe base + slot
    }
}
