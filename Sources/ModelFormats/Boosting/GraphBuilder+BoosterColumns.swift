internal import ModelIR
internal import TensorCore

/// What boosted models within a pickle share.
extension GraphBuilder {
    /// A frame's columns as the numbers that trees take, categories as their codes.
    mutating func boosterInput(
        _ columns: [BoosterColumn], _ frame: Frame, path: String
    ) throws(ImportError) -> ValueID {
        guard columns.count == frame.count else {
            throw ImportError(
                .malformed, at: path, found: "\(frame.count) columns",
                expected: "\(columns.count), the features of the model")
        }
        var parts: [ValueID] = []
        var start = 0
        while start < columns.count {
            let isCoded = columns[start].categories != nil
            let kind = columns[start].kind
            var end = start + 1
            while end < columns.count, (columns[end].categories != nil) == isCoded, columns[end].kind == kind {
                end += 1
            }
            let selected = try matrix(frame[start..<end], as: kind == .string ? .text : .number, path: path)
            if isCoded {
                let encoder = OrdinalEncoder(
                    positionsAmong: columns[start..<end].compactMap(\.categories),
                    refusesUnknown: columns[start].refusesUnknown)
                parts.append(add(.ordinalEncoder(encoder), [selected], width: end - start, path: path))
            } else {
                parts.append(selected)
            }
            start = end
        }
        guard let first = parts.first else {
            throw ImportError(.malformed, at: path, found: "no features", expected: "at least one")
        }
        return parts.count == 1 ? first : add(.concat, parts, width: frame.count, path: path)
    }
}
