/// Finds the known name that a mistyped one most likely meant.
enum NearestName {
    /// Names longer than this are not compared, so that the cost of an error stays bounded.
    private static let nameBytesMax = 128
    private static let candidatesMax = 2_000

    /// - Returns: the candidate with the smallest edit distance, letter case aside, if the distance is at most a
    ///   third of the name.
    static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8.prefix(nameBytesMax))
        var best: (name: String, distance: Int)?
        for candidate in candidates.prefix(candidatesMax) {
            let letters = Array(candidate.lowercased().utf8.prefix(nameBytesMax))
            let distance = editDistance(wanted, letters)
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, wanted.count / 3) else { return nil }
        return best.name
    }

    /// Levenshtein's distance with a single row of memory.
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (leftIndex, leftByte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = leftIndex + 1
            for (rightIndex, rightByte) in right.enumerated() {
                let substituted = diagonal + (leftByte == rightByte ? 0 : 1)
                diagonal = row[rightIndex + 1]
                row[rightIndex + 1] = min(substituted, min(diagonal, row[rightIndex]) + 1)
            }
        }
        return row[right.count]
    }
}
