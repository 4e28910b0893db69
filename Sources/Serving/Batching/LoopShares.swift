/// Which models take more of a loop than their share, while others are asked there too.
enum LoopShares {
    /// A little more than a share is none too much: who takes as much as another should not change places with it.
    private static let margin = 1.25

    /// What a version of a model has had of a loop.
    struct Part {
        let model: String
        /// Nanoseconds of its predictions.
        var predicted: UInt64
        /// Requests that were answered.
        var requests: Int
    }

    /// - Parameters:
    ///   - parts: of all versions; those of a model count together.
    ///   - elapsed: nanoseconds in which they had them.
    ///   - requestMax: nanoseconds that a request takes at most besides its prediction. Where the loop had less for
    ///     each, it took less.
    /// - Returns: the models that had more than an equal part each of the time; none where only one was asked.
    static func greedy(_ parts: [Part], in elapsed: UInt64, requestMax: Double) -> Set<String> {
        let predicted = parts.reduce(0.0) { $0 + Double($1.predicted) }
        let requests = parts.reduce(0.0) { $0 + Double($1.requests) }
        guard requests > 0 else { return [] }
        let request = min(requestMax, max(0, Double(elapsed) - predicted) / requests)
        var taken: [String: Double] = [:]
        for part in parts where part.requests > 0 {
            taken[part.model, default: 0] += Double(part.predicted) + Double(part.requests) * request
        }
        guard taken.count > 1 else { return [] }
        let bound = max(predicted + requests * request, Double(elapsed)) / Double(taken.count) * margin
        return Set(taken.filter { $0.value > bound }.keys)
    }
}
