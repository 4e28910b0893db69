extension JSONReader {
    /// Reads the numbers with which an array goes on, correctly rounded, as the bits of doubles: as many as there
    /// are `places`, up to the array's end or the first element that is no ordinary number. ``nextElement()`` goes on
    /// there.
    ///
    /// A row of numbers is what bodies mostly hold: this is ``nextElement()`` and ``readDouble()`` in one loop.
    ///
    /// - Returns: how many were read.
    package mutating func readDoubles(bits target: inout MutableSpan<UInt64>, at places: Range<Int>) -> Int {
        for place in places {
            let before = offset
            if !isFresh {
                skipWhiteSpace()
                guard offset < source.count, source[offset] == ASCII.comma else { return place - places.lowerBound }
                offset += 1
            }
            skipWhiteSpace()
            guard let bits = scanPlain()?.finiteBits else {
                offset = before
                return place - places.lowerBound
            }
            isFresh = false
            target[place] = bits
        }
        return places.count
    }
}
