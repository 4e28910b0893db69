/// Hands out pairs of nodes so that no subtree lies across two cache lines where one would do.
struct PackedForestLines {
    let pairsPerLine: Int
    private(set) var pairCount = 0
    /// By how many pairs are free: the first of them in one line, or -1.
    private var openLines: [Int]
    /// What is free of the line of shared pairs.
    private var shared = 0..<0

    init(pairsPerLine: Int) {
        self.pairsPerLine = pairsPerLine
        openLines = [Int](repeating: -1, count: pairsPerLine)
    }

    /// Takes a line for the first pairs of a subtree of `pairs` pairs; of one that is smaller than a line, all, from
    /// what another line has left if they fit.
    /// - Returns: the first pair.
    mutating func takeStart(of pairs: Int) -> Int {
        guard pairs < pairsPerLine else { return takeLine() }
        for free in pairs..<pairsPerLine where openLines[free] >= 0 {
            let start = openLines[free]
            openLines[free] = -1
            leave(free - pairs, from: start + pairs)
            return start
        }
        let start = takeLine()
        leave(pairsPerLine - pairs, from: start + pairs)
        return start
    }

    /// Takes a pair beside others that are shared.
    mutating func takeShared() -> Int {
        if shared.isEmpty {
            let start = takeLine()
            shared = start..<start + pairsPerLine
        }
        defer { shared = shared.lowerBound + 1..<shared.upperBound }
        return shared.lowerBound
    }

    private mutating func takeLine() -> Int {
        pairCount += pairsPerLine
        return pairCount - pairsPerLine
    }

    /// Remembers what a line has left, unless another one has as much.
    private mutating func leave(_ free: Int, from start: Int) {
        guard free > 0, openLines[free] < 0 else { return }
        openLines[free] = start
    }
}
