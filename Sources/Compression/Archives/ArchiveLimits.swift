/// What an archive may hold.
package struct ArchiveLimits: Sendable {
    package var entriesMax = 10_000
    /// Bytes of an entry's path.
    package var pathBytesMax = 1024
    /// Bytes of all entries together when unpacked, as a multiple of the archive's; more than a model's numbers ever
    /// shrink.
    package var ratioMax = 200
    /// Bytes that all entries may have together whatever the archive's size is.
    package var freeBytes = 64 << 20
    /// Bytes of all entries together.
    package var totalBytesMax = 1 << 32

    package init() {}

    func unpackedBytesMax(archiveBytes: Int) -> Int {
        let (product, overflow) = archiveBytes.multipliedReportingOverflow(by: ratioMax)
        let (sum, sumOverflow) = product.addingReportingOverflow(freeBytes)
        return overflow || sumOverflow ? totalBytesMax : min(sum, totalBytesMax)
    }
}
