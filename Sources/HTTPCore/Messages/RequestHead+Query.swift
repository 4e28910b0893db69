extension RequestHead {
    /// The value of the first parameter of that name in the query, decoded; empty where it has no `=`. Allocates.
    /// - Returns: nil where there is none, or where it is not UTF-8.
    package func queryValue(_ name: StaticString) -> String? {
        guard let query else { return nil }
        var start = 0
        while start < query.count {
            var end = start
            while end < query.count, query[end] != UInt8(ascii: "&") { end += 1 }
            var equals = start
            while equals < end, query[equals] != UInt8(ascii: "=") { equals += 1 }
            if query.extracting(start..<equals).equalsIgnoringCase(name) {
                return PathSyntax.decode(query.extracting(min(equals + 1, end)..<end))
            }
            start = end + 1
        }
        return nil
    }
}
