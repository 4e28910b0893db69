internal import Glibc

/// Memory at addresses that stay, for the tables of kernels in C; handed over to `KernelTables`, which frees it.
@safe struct KernelMemory {
    fileprivate var blocks: [UnsafeMutableRawPointer] = unsafe []

    /// Copies the elements to where a cache line begins, or, if they are many, to pages that the system may make large:
    /// a random access then seldom waits for an address to be translated.
    ///
    /// - Returns: their address, valid as long as the tables live that take this memory.
    @unsafe mutating func store<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
        let byteCount = elements.count * MemoryLayout<Element>.stride
        let isLarge = byteCount >= Self.largePageBytes
        let alignment = isLarge ? Self.largePageBytes : Self.lineBytes
        let roundedUp = (max(byteCount, 1) + alignment - 1) / alignment * alignment
        let block = UnsafeMutableRawPointer.allocate(byteCount: roundedUp, alignment: alignment)
        if isLarge { _ = unsafe madvise(block, roundedUp, Int32(MADV_HUGEPAGE)) }
        unsafe blocks.append(block)
        let target = unsafe block.bindMemory(to: Element.self, capacity: elements.count)
        unsafe elements.withUnsafeBufferPointer { source in
            if let first = source.baseAddress { unsafe target.initialize(from: first, count: source.count) }
        }
        return unsafe UnsafePointer(target)
    }

    private static let lineBytes = 64
    private static let largePageBytes = 1 << 21
}

/// The tables of a kernel as C reads them: one struct whose pointers lead into memory that lives and dies with it.
@safe final class KernelTables<Native: BitwiseCopyable>: Sendable {
    @unsafe private struct Content {
        let native: UnsafePointer<Native>
        let memory: KernelMemory
    }

    // Written by `init` alone, and read until `deinit`.
    nonisolated(unsafe) private let content: Content

    init(_ native: Native, in memory: consuming KernelMemory) {
        let address = unsafe memory.store([native])
        unsafe content = unsafe Content(native: address, memory: memory)
    }

    /// Valid as long as this object lives.
    @unsafe var native: UnsafePointer<Native> { unsafe content.native }

    deinit {
        unsafe content.memory.blocks.withUnsafeBufferPointer { blocks in
            for index in blocks.indices { unsafe blocks[index].deallocate() }
        }
    }
}
