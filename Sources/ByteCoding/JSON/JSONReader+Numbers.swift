extension JSONReader {
    /// Reads a number as it was written: exact 64-bit integers, anything else a correctly rounded double.
    ///
    /// - Throws: also for a number beyond the doubles (`1e400`), rather than call it infinite.
    package mutating func readNumber() throws(JSONError) -> JSONNumber {
        skipWhiteSpace()
        let start = offset
        if let number = scanPlain() {
            if let integer = Self.integer(number) { return integer }
            let value: Double = number.rounded()
            if value.isFinite { return .double(value) }
            offset = start
        }
        switch try scanNumber() {
        case .nonFinite(let value): return .double(value)
        case .decimal(let number):
            if let integer = Self.integer(number.plain) { return integer }
            return .double(try finite(number.double(in: source), from: start))
        }
    }

    /// The number as an integer of 64 bits, if it is written as one.
    @inline(__always)
    private static func integer(_ number: PlainDecimal) -> JSONNumber? {
        guard number.isInteger, number.significand != 0 || !number.isNegative else { return nil }
        if let value = number.int64 { return .int64(value) }
        return number.isNegative ? nil : .uint64(number.significand)
    }

    /// Reads a number as a double, correctly rounded.
    package mutating func readDouble() throws(JSONError) -> Double {
        skipWhiteSpace()
        let start = offset
        if let number = scanPlain() {
            let value: Double = number.rounded()
            if value.isFinite { return value }
            offset = start
        }
        switch try scanNumber() {
        case .nonFinite(let value): return value
        case .decimal(let number): return try finite(number.double(in: source), from: start)
        }
    }

    /// Reads a number as a float, correctly rounded from the text and not by way of a double.
    package mutating func readFloat() throws(JSONError) -> Float {
        skipWhiteSpace()
        let start = offset
        if let number = scanPlain() {
            let value: Float = number.rounded()
            if value.isFinite { return value }
            offset = start
        }
        switch try scanNumber() {
        case .nonFinite(let value): return Float(value)
        case .decimal(let number): return try finite(number.float(in: source), from: start)
        }
    }

    /// Reads an integer written without fraction or exponent.
    package mutating func readInt64() throws(JSONError) -> Int64 {
        skipWhiteSpace()
        let start = offset
        if let number = scanPlain() {
            if number.isInteger, let value = number.int64 { return value }
            offset = start
        }
        guard case .decimal(let number) = try scanNumber(), number.isInteger || number.isTooLarge else {
            offset = start
            throw error(.notAnInteger)
        }
        guard !number.isTooLarge, let value = number.plain.int64 else {
            offset = start
            throw error(.integerOutOfRange)
        }
        return value
    }

    enum ScannedNumber {
        case decimal(DecimalNumber)
        case nonFinite(Double)
    }

    @inline(__always)
    mutating func scanPlain() -> PlainDecimal? {
        PlainDecimal.scan(source, at: &offset, bytesMax: limits.numberBytesMax)
    }

    /// Passes one number of RFC 8259 section 6, white space before it already passed.
    @inline(never)
    mutating func scanNumber() throws(JSONError) -> ScannedNumber {
        let source = self.source
        let end = source.count
        let start = offset
        var index = start
        var number = DecimalNumber()
        if index < end, source[index] == ASCII.minus {
            number.isNegative = true
            index &+= 1
        }
        let digitsStart = index
        var significand: UInt64 = 0
        var digitCount = DecimalNumber.scanDigits(in: source, at: &index, into: &significand)
        if digitCount == 0 { return try scanWord(from: start, at: index) }
        if digitCount > 1, source[digitsStart] == ASCII.zero {
            offset = digitsStart &+ 1
            throw error(.leadingZero)
        }
        number.isInteger = true
        if index < end, source[index] == ASCII.dot {
            index &+= 1
            let fractionCount = DecimalNumber.scanDigits(in: source, at: &index, into: &significand)
            guard fractionCount > 0 else {
                offset = index
                throw unexpected(.digit)
            }
            number.isInteger = false
            number.exponent = -fractionCount
            digitCount &+= fractionCount
        }
        number.significand = significand
        number.digits = digitsStart..<index
        if index < end, source[index] | ASCII.caseBit == ASCII.lowerE {
            number.isInteger = false
            guard let (exponent, next) = DecimalNumber.scanExponent(in: source, at: index &+ 1) else {
                offset = min(DecimalNumber.endOfSign(in: source, at: index &+ 1), end)
                throw unexpected(.digit)
            }
            number.exponent &+= exponent
            number.writtenExponent = exponent
            index = next
        }
        guard index &- start <= limits.numberBytesMax else {
            throw error(.numberTooLong(bytesMax: limits.numberBytesMax))
        }
        if digitCount > DecimalNumber.digitsMax { number.takeLeadingDigits(of: source) }
        offset = index
        return .decimal(number)
    }

    /// What stands where a number's first digit was due: one of the three words, if they are allowed.
    @inline(never)
    private mutating func scanWord(from start: Int, at index: Int) throws(JSONError) -> ScannedNumber {
        offset = index
        if limits.allowsNonFinite {
            if try skipWord("Infinity") { return .nonFinite(index > start ? -.infinity : .infinity) }
            if index == start, try skipWord("NaN") { return .nonFinite(.nan) }
        }
        throw unexpected(index > start ? .digit : .number)
    }

    @inline(__always)
    private mutating func finite<Value: BinaryFloatingPoint>(
        _ value: Value, from start: Int
    ) throws(JSONError) -> Value {
        guard value.isFinite else {
            offset = start
            throw error(.numberOutOfRange)
        }
        return value
    }
}
