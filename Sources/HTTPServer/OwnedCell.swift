/// A value at an address of its own, used in place by the one thread that owns it.
///
/// A stored property of a class is checked for overlapping access by the runtime at each touch; a third of a request's
/// instructions when measured. What a loop touches for each request lives in cells and in the ``ConnectionTable``
/// instead. Sound because one thread owns the loop and no access lasts while a handler runs: each is one read, write
/// or call of a method which calls nobody.
@safe
struct OwnedCell<Value: ~Copyable>: ~Copyable {
    private let pointer: UnsafeMutablePointer<Value>

    /// Moves a value to its own address.
    init(_ value: consuming Value) {
        unsafe pointer = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    /// The value in place.
    var value: Value {
        @inline(__always)
        unsafeAddress { unsafe UnsafePointer(pointer) }
        @inline(__always)
        nonmutating unsafeMutableAddress { unsafe pointer }
    }
}
