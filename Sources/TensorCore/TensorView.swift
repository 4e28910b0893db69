/// A tensor that lies in somebody else's bytes, such as a request's body: dense, row-major, little-endian.
package struct TensorView: Sendable, Hashable {
    package let name: String
    package let elementType: ElementType
    package let shape: Shape
    /// Where its elements lie in the borrowed bytes.
    package let byteRange: Range<Int>

    /// - Returns: nil if the range does not hold exactly the elements of `shape` (for element types of a fixed size).
    package init?(name: String, elementType: ElementType, shape: Shape, byteRange: Range<Int>) {
        if let byteCount = elementType.byteCount {
            let (expected, overflow) = shape.elementCount.multipliedReportingOverflow(by: byteCount)
            guard !overflow, expected == byteRange.count else { return nil }
        }
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.byteRange = byteRange
    }
}
