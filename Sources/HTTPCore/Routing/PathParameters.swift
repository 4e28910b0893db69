/// Where the parameters of a matched path lie in it, in the order of the template. At most four.
package struct PathParameters: Sendable {
    static let countMax = 4
    private var starts: InlineArray<4, Int32> = InlineArray(repeating: 0)
    private var ends: InlineArray<4, Int32> = InlineArray(repeating: 0)
    /// How many there are.
    package private(set) var count = 0

    /// Makes an empty list, to be filled by a match.
    package init() {}

    /// The bytes of parameter `index` as they came, of the path that was matched.
    @_lifetime(copy path)
    package func raw(_ index: Int, of path: Span<UInt8>) -> Span<UInt8> {
        precondition(index < count, "the template has no such parameter")
        return path.extracting(Int(starts[index])..<Int(ends[index]))
    }

    /// Parameter `index` decoded; `nil` where it is not UTF-8. Allocates.
    package func text(_ index: Int, of path: Span<UInt8>) -> String? {
        PathSyntax.decode(raw(index, of: path))
    }

    mutating func push(_ range: Range<Int>) {
        starts[count] = Int32(truncatingIfNeeded: range.lowerBound)
        ends[count] = Int32(truncatingIfNeeded: range.upperBound)
        count += 1
    }

    mutating func pop() { count -= 1 }

    mutating func removeAll() { count = 0 }
}
