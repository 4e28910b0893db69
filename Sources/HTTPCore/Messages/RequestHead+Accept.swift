extension RequestHead {
    /// How much the client wants an answer of a media type, in thousandths, as its `Accept` tells (RFC 9110 12.5.1):
    /// the weight of the range that names it most closely, of two such the first. 1000 where nothing is said; 0 where
    /// it is not wanted. An element with a malformed weight is passed over.
    ///
    /// - Parameters:
    ///   - type: `text`, of `text/csv`, in small letters.
    ///   - subtype: `csv`.
    /// - Complexity: O(bytes of the field).
    package borrowing func acceptedWeight(of type: StaticString, _ subtype: StaticString) -> Int {
        has(.accept) ? acceptance(of: type, subtype).weight : 1000
    }

    /// Whether `Accept` says that an answer of a media type is of no use, by `q=0`, and not only by naming others.
    package borrowing func refuses(_ type: StaticString, _ subtype: StaticString) -> Bool {
        let best = acceptance(of: type, subtype)
        return best.closeness > 0 && best.weight == 0
    }

    private borrowing func acceptance(
        of type: StaticString, _ subtype: StaticString
    ) -> (closeness: Int, weight: Int) {
        var best = (closeness: 0, weight: 0)
        for index in 0..<fieldCount where isField(index, .accept) {
            let value = value(at: index)
            var elements = ListElements()
            while let range = elements.next(in: value) {
                let media = MediaType(value.extracting(range))
                let closeness = Self.closeness(of: media.name, to: type, subtype)
                guard closeness > best.closeness else { continue }
                var weight = 1000
                if let text = media.parameter("q") {
                    guard let thousandths = AcceptEncoding.thousandths(text) else { continue }
                    weight = thousandths
                }
                best = (closeness, weight)
            }
        }
        return best
    }

    /// 3: it is the type; 2: `type/*`; 1: `*/*`; 0: another.
    private static func closeness(of range: Span<UInt8>, to type: StaticString, _ subtype: StaticString) -> Int {
        let slash = ByteSearch.firstIndex(of: UInt8(ascii: "/"), in: range, from: 0, to: range.count)
        guard slash < range.count else { return 0 }
        let left = range.extracting(0..<slash)
        let right = range.extracting(slash + 1..<range.count)
        if left.equalsIgnoringCase(type) {
            return right.equalsIgnoringCase(subtype) ? 3 : right.equals("*") ? 2 : 0
        }
        return left.equals("*") && right.equals("*") ? 1 : 0
    }
}
