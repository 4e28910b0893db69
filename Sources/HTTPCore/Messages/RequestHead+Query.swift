extension RequestHead {
    /// The value of the first parameter of that name in the query, decoded; empty where it has no `=`. Allocates.
    /// - Returns: nil where there is none; U+FFFD where it is not UTF-8.
    package func queryValue(_ name: String) -> String? {
        guard let query, let range = parameters(of: query).first(where: { self.name(at: $0, of: query) == name }) else {
            return nil
        }
        let equals = equals(in: range, of: query)
        return PathSyntax.decode(query.extracting(min(equals + 1, range.upperBound)..<range.upperBound)) ?? "\u{fffd}"
    }

    /// The names of the query's parameters in order, decoded; what is not UTF-8 is U+FFFD. Allocates.
    package var queryNames: [String] {
        guard let query else { return [] }
        return parameters(of: query).map { name(at: $0, of: query) }
    }

    /// Where the parameters stand.
    private func parameters(of query: Span<UInt8>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            if end > start { ranges.append(start..<end) }
            start = end + 1
        }
        return ranges
    }

    private func equals(in range: Range<Int>, of query: Span<UInt8>) -> Int {
        range.first { query[$0] == UInt8(ascii: "=") } ?? range.upperBound
    }

    private func name(at range: Range<Int>, of query: Span<UInt8>) -> String {
        PathSyntax.decode(query.extracting(range.lowerBound..<equals(in: range, of: query))) ?? "\u{fffd}"
    }
}
