/// Bytes on their way out: grows at the end, is used up at the front.
///
/// Written for the one thing an array is slow at: an answer is seven small pieces, and each `append` of an array costs
/// more in checks (unique, native, capacity, generic source) than its bytes.
@safe
package struct OutputBuffer: ~Copyable {
    /// The room of a fresh buffer, and of those that a ``OutputBufferPool`` keeps.
    static let standardCapacity = 2 << 10

    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    /// The first byte that has not been used, and the end of the bytes.
    private var start = 0
    private var end = 0

    /// Makes an empty buffer without memory.
    package init() { unsafe base = nil }

    deinit { unsafe base?.deallocate() }

    /// How many bytes wait.
    @inline(__always)
    package var count: Int { end &- start }

    /// Whether it holds memory.
    @inline(__always)
    package var hasMemory: Bool { unsafe base != nil }

    /// The bytes that wait.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let buffer = unsafe UnsafeBufferPointer(
                start: unsafe base.map { unsafe UnsafePointer(($0 + start).assumingMemoryBound(to: UInt8.self)) },
                count: count)
            return unsafe _overrideLifetime(Span(_unsafeElements: buffer), borrowing: self)
        }
    }

    /// Appends a copy of `bytes`.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        let count = bytes.count
        let place = unsafe room(count)
        unsafe bytes.withUnsafeBytes { source in
            if let from = source.baseAddress { unsafe place.copyMemory(from: from, byteCount: count) }
        }
        end &+= count
    }

    /// Appends one byte.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        unsafe room(1).storeBytes(of: byte, as: UInt8.self)
        end &+= 1
    }

    /// Appends CR LF.
    @inline(__always)
    mutating func appendLineEnd() {
        unsafe room(2).storeBytes(of: UInt16(littleEndian: 0x0A0D), as: UInt16.self)
        end &+= 2
    }

    /// Appends the letters of `text`.
    mutating func append(_ text: StaticString) {
        let count = text.utf8CodeUnitCount
        let place = unsafe room(count)
        unsafe place.copyMemory(from: text.utf8Start, byteCount: count)
        end &+= count
    }

    /// Appends `number` in decimal; negative numbers as 0.
    mutating func append(decimal number: Int) {
        var rest = UInt(max(0, number))
        var count = 1
        var bound: UInt = 10
        while rest >= bound, count < 19 {
            count &+= 1
            bound = bound &* 10
        }
        let place = unsafe room(count)
        var index = count &- 1
        while index >= 0 {
            unsafe place.storeBytes(
                of: UInt8(truncatingIfNeeded: 0x30 &+ rest % 10), toByteOffset: index, as: UInt8.self)
            rest /= 10
            index &-= 1
        }
        end &+= count
    }

    /// Appends what `write` puts into a span with that much room.
    mutating func append<R>(addingCapacity count: Int, _ write: (inout OutputSpan<UInt8>) -> R) -> R {
        let place = unsafe room(count).assumingMemoryBound(to: UInt8.self)
        let buffer = unsafe UnsafeMutableBufferPointer(start: place, count: count)
        var span = unsafe OutputSpan(buffer: buffer, initializedCount: 0)
        let result = write(&span)
        end &+= unsafe span.finalize(for: buffer)
        return result
    }

    /// Takes `count` bytes off the front.
    mutating func removeFirst(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "more than there is")
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    /// Forgets the bytes and keeps the memory.
    mutating func removeAll() {
        start = 0
        end = 0
    }

    /// Room for `count` more bytes at the end.
    @inline(__always)
    private mutating func room(_ count: Int) -> UnsafeMutableRawPointer {
        if let base = unsafe base, capacity &- end >= count { return unsafe base + end }
        return unsafe grow(count)
    }

    @inline(never)
    private mutating func grow(_ count: Int) -> UnsafeMutableRawPointer {
        let held = self.count
        let (needed, overflow) = held.addingReportingOverflow(count)
        precondition(!overflow, "an output cannot be that long")
        // Moving what is left to the front is enough where at least half has been used up.
        if let base = unsafe base, start >= capacity / 2, needed <= capacity {
            unsafe base.copyMemory(from: base + start, byteCount: held)
            start = 0
            end = held
            return unsafe base + held
        }
        var wanted = max(capacity, OutputBuffer.standardCapacity)
        while wanted < needed { wanted *= 2 }
        let grown = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
        if let base = unsafe base {
            unsafe grown.copyMemory(from: base + start, byteCount: held)
            unsafe base.deallocate()
        }
        unsafe base = grown
        capacity = wanted
        start = 0
        end = held
        return unsafe grown + held
    }

    /// Forgets everything, and gives memory beyond `bytesMax` back to the system.
    mutating func removeAll(keepingMax bytesMax: Int) {
        if capacity > bytesMax {
            unsafe base?.deallocate()
            unsafe base = nil
            capacity = 0
        }
        removeAll()
    }

    // MARK: Memory of a pool

    /// Takes over memory of the standard size.
    mutating func adopt(_ memory: UnsafeMutableRawPointer) {
        unsafe base?.deallocate()
        unsafe base = memory
        capacity = OutputBuffer.standardCapacity
        removeAll()
    }

    /// Gives the memory away where it is of the standard size, and back to the system otherwise.
    mutating func release() -> UnsafeMutableRawPointer? {
        let memory = unsafe base
        let isStandard = capacity == OutputBuffer.standardCapacity
        unsafe base = nil
        capacity = 0
        removeAll()
        if isStandard { return unsafe memory }
        unsafe memory?.deallocate()
        return nil
    }
}

/// Memory of empty output buffers: a connection holds some only while it has something to say, so that ten thousand
/// idle ones hold none and a busy one allocates nothing.
@safe
struct OutputBufferPool: ~Copyable {
    private static let keptMax = 256
    private var spare: [UnsafeMutableRawPointer] = unsafe []

    init() {
        unsafe spare.reserveCapacity(OutputBufferPool.keptMax)
    }

    deinit {
        for place in unsafe spare.indices { unsafe spare[place].deallocate() }
    }

    /// Gives `buffer` memory where it has none.
    @inline(__always)
    mutating func lend(_ buffer: inout OutputBuffer) {
        guard !buffer.hasMemory, let memory = unsafe spare.popLast() else { return }
        unsafe buffer.adopt(memory)
    }

    /// Takes the memory of an empty `buffer` back.
    @inline(__always)
    mutating func takeBack(_ buffer: inout OutputBuffer) {
        guard let memory = unsafe buffer.release() else { return }
        if unsafe spare.count < OutputBufferPool.keptMax {
            unsafe spare.append(memory)
        } else {
            unsafe memory.deallocate()
        }
    }
}
