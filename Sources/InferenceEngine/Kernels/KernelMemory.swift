internal import Glibc

/// Tables at addresses that stay, for kernels in C: filled once, never written again, freed with their owner.
@safe final class KernelMemory: Sendable {
    // Written by `store` only, before the owner shares the memory with anyone.
    nonisolated(unsafe) private var blocks: [UnsafeMutableRawPointer] = unsafe []

    /// Copies the elements to where a cache line begins, or, if they are many, to pages that the system may make large:
    /// a random access then seldom waits for an address to be translated.
    ///
    /// - Returns: their address, valid as long as this object lives.
    @unsafe func store<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
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

    deinit {
        unsafe blocks.withUnsafeBufferPointer { blocks in
            for index in blocks.indices { unsafe blocks[index].deallocate() }
        }
    }

    private static let lineBytes = 64
    private static let largePageBytes = 1 << 21
}
