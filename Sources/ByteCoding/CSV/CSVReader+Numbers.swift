extension CSVReader {
    /// Reads the numbers with which a record goes on, correctly rounded, as the bits of doubles: as many as there are
    /// `places`, up to the record's end or the first cell that is no ordinary number. ``nextCell()`` goes on there.
    ///
    /// A row of numbers is what bodies mostly hold: this is ``nextCell()`` and ``CSVNumber/double(_:)`` in one loop.
    ///
    /// - Returns: how many were read.
    package mutating func readDoubles(bits target: inout MutableSpan<UInt64>, at places: Range<Int>) -> Int {
        for place in places {
            let before = offset
            if !isFresh {
                guard offset < source.count, source[offset] == ASCII.comma else { return place - places.lowerBound }
                offset += 1
            }
            let number = PlainDecimal.scan(source, at: &offset, bytesMax: CSVNumber.bytesMax)
            guard let bits = number?.finiteBits, isCellEnd(offset) else {
                offset = before
                return place - places.lowerBound
            }
            isFresh = false
            target[place] = bits
        }
        return places.count
    }
}
