/// The columns of a wide row that are not zero, in a workspace: their numbers stand at their columns, and a bit tells
/// which were set. Neither is ever cleared as a whole.
struct SparseColumns: Sendable {
    let width: Int
    /// Where column 0 lies in the workspace's doubles.
    let base: Int
    /// In its long integers: a bit for each column that is set, and a bit for each word of those that is not zero.
    private let bits: Int
    private let words: Range<Int>

    init(width: Int, memory: inout MemoryPlan) {
        self.width = width
        base = memory.take(width, of: \.doubles)
        let wordCount = (width + 63) / 64
        bits = memory.take(wordCount, of: \.longIntegers)
        let count = (wordCount + 63) / 64
        let first = memory.take(count, of: \.longIntegers)
        words = first..<first + count
    }

    /// Sets a column to zero, unless it is set.
    func mark(_ column: Int, in workspace: Workspace) {
        let word = column >> 6
        let bit: Int64 = 1 << Int64(column & 63)
        guard workspace.longIntegers[bits + word] & bit == 0 else { return }
        workspace.longIntegers[bits + word] |= bit
        workspace.longIntegers[words.lowerBound + word >> 6] |= 1 << Int64(word & 63)
        workspace.doubles[base + column] = 0
    }

    /// Moves the columns that are set, in order, to the scratch's indices; none is set after that.
    /// - Returns: their count.
    func take(in workspace: Workspace) -> Int {
        var count = 0
        for place in words {
            var left = workspace.longIntegers[place]
            workspace.longIntegers[place] = 0
            while left != 0 {
                let word = (place - words.lowerBound) * 64 + left.trailingZeroBitCount
                left &= left &- 1
                var set = workspace.longIntegers[bits + word]
                workspace.longIntegers[bits + word] = 0
                workspace.scratch.reserveIndices(count + 64)
                while set != 0 {
                    workspace.scratch.indices[count] = word * 64 + set.trailingZeroBitCount
                    set &= set &- 1
                    count += 1
                }
            }
        }
        return count
    }
}
