/// The memory of a loop's HTTP/2 sessions: free lists by size, so that a busy connection's streams, fields and frames
/// are made of what the streams before them left.
///
/// A block is a power of two bytes: a header of 16, which holds its list's number, then what the caller gets, aligned
/// to 16. Larger blocks, and those beyond ``keptBytesMax``, go to the system.
@safe
final class HTTP2MemoryPool {
    /// Bytes of free blocks that are kept; beyond, they go back to the system.
    static let keptBytesMax = 4 << 20
    private static let headerBytes = 16
    private static let smallestShift = 6
    private static let listCount = 8
    private static let systemList = UInt64.max

    /// The free lists, at an address that C can be given.
    @safe
    struct Lists {
        var heads = unsafe InlineArray<8, UnsafeMutableRawPointer?>(repeating: nil)
        var keptBytes = 0
        /// How often the system was asked.
        var systemAllocations = 0
    }

    let lists: UnsafeMutablePointer<Lists>

    init() {
        unsafe lists = .allocate(capacity: 1)
        unsafe lists.initialize(to: Lists())
    }

    deinit {
        for list in 0..<HTTP2MemoryPool.listCount {
            while let block = unsafe lists.pointee.heads[list] {
                unsafe lists.pointee.heads[list] = block.load(as: UnsafeMutableRawPointer?.self)
                unsafe (block - HTTP2MemoryPool.headerBytes).deallocate()
            }
        }
        unsafe lists.deallocate()
    }

    /// How often the system was asked for memory.
    var systemAllocations: Int { unsafe lists.pointee.systemAllocations }

    /// A block of at least `bytes` bytes; nil where the size makes no sense.
    static func allocate(_ lists: UnsafeMutablePointer<Lists>, _ bytes: Int) -> UnsafeMutableRawPointer? {
        let (total, overflow) = bytes.addingReportingOverflow(headerBytes)
        guard bytes >= 0, !overflow else { return nil }
        let list = listNumber(total)
        if list < listCount, let block = unsafe lists.pointee.heads[list] {
            unsafe lists.pointee.heads[list] = block.load(as: UnsafeMutableRawPointer?.self)
            unsafe lists.pointee.keptBytes &-= 1 << (list &+ smallestShift)
            return unsafe block
        }
        unsafe lists.pointee.systemAllocations += 1
        let size = list < listCount ? 1 << (list &+ smallestShift) : total
        let base = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        unsafe base.storeBytes(of: list < listCount ? UInt64(list) : systemList, as: UInt64.self)
        unsafe base.storeBytes(of: UInt64(size &- headerBytes), toByteOffset: 8, as: UInt64.self)
        return unsafe base + headerBytes
    }

    /// Takes a block back.
    static func release(_ lists: UnsafeMutablePointer<Lists>, _ block: UnsafeMutableRawPointer?) {
        guard let block = unsafe block else { return }
        let base = unsafe block - headerBytes
        let list = unsafe base.load(as: UInt64.self)
        guard list != systemList else { return unsafe base.deallocate() }
        let size = 1 << (Int(list) &+ smallestShift)
        guard unsafe lists.pointee.keptBytes &+ size <= keptBytesMax else { return unsafe base.deallocate() }
        unsafe block.storeBytes(of: lists.pointee.heads[Int(list)], as: UnsafeMutableRawPointer?.self)
        unsafe lists.pointee.heads[Int(list)] = block
        unsafe lists.pointee.keptBytes &+= size
    }

    /// A block of zeros for `count` elements of `bytes` bytes.
    static func allocateZeros(
        _ lists: UnsafeMutablePointer<Lists>, _ count: Int, _ bytes: Int
    ) -> UnsafeMutableRawPointer? {
        let (total, overflow) = count.multipliedReportingOverflow(by: bytes)
        guard count >= 0, !overflow, let block = unsafe allocate(lists, total) else { return nil }
        unsafe block.initializeMemory(as: UInt8.self, repeating: 0, count: total)
        return unsafe block
    }

    /// A block of another size with the same bytes.
    static func reallocate(
        _ lists: UnsafeMutablePointer<Lists>, _ block: UnsafeMutableRawPointer?, _ bytes: Int
    ) -> UnsafeMutableRawPointer? {
        guard let block = unsafe block else { return unsafe allocate(lists, bytes) }
        let room = unsafe Int((block - headerBytes).load(fromByteOffset: 8, as: UInt64.self))
        if bytes <= room { return unsafe block }
        guard let grown = unsafe allocate(lists, bytes) else { return nil }
        unsafe grown.copyMemory(from: block, byteCount: room)
        unsafe release(lists, block)
        return unsafe grown
    }

    @inline(__always)
    private static func listNumber(_ total: Int) -> Int {
        let width = Int.bitWidth &- max(1, total &- 1).leadingZeroBitCount
        return max(0, width &- smallestShift)
    }
}
