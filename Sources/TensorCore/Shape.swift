/// The extents of a tensor, outermost first. Every extent is at least zero and their product fits an `Int`.
package struct Shape: Hashable, Sendable, CustomStringConvertible {
    package let extents: [Int]
    /// The product of all extents; 1 for a scalar.
    package let elementCount: Int

    /// - Returns: nil if an extent is negative or the product overflows.
    package init?(_ extents: [Int]) {
        var product = 1
        for extent in extents {
            guard extent >= 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            product = next
        }
        self.extents = extents
        self.elementCount = product
    }

    package var rank: Int { extents.count }

    package var description: String {
        "[" + extents.map { String($0) }.joined(separator: ", ") + "]"
    }
}
