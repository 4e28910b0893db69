/// A media type with its parameters, as a field's value tells it: `text/csv; header=present` (RFC 9110 8.3.1).
package struct MediaType: ~Escapable {
    private let value: Span<UInt8>
    private let nameEnd: Int

    /// - Complexity: O(bytes of the name).
    @_lifetime(copy value)
    package init(_ value: Span<UInt8>) {
        self.value = value
        var end = 0
        while end < value.count, value[end] != UInt8(ascii: ";"), value[end] != UInt8(ascii: " ") { end += 1 }
        nameEnd = end
    }

    /// Such as `text/csv`, in whatever letter case it came.
    package var name: Span<UInt8> {
        @_lifetime(copy self)
        get { value.extracting(0..<nameEnd) }
    }

    /// The value of a parameter, without its quotes if it has some; nil where there is none of that name. Escapes in
    /// quotes stay as they are: no value that we know has any.
    @_lifetime(copy self)
    package func parameter(_ lowercased: StaticString) -> Span<UInt8>? {
        var start = nameEnd
        while start < value.count {
            let end = parameterEnd(from: start)
            let range = ListElements.trimmed(value, start..<end)
            let equals = ByteSearch.firstIndex(
                of: UInt8(ascii: "="), in: value, from: range.lowerBound, to: range.upperBound)
            if equals < range.upperBound,
                value.extracting(range.lowerBound..<equals).equalsIgnoringCase(lowercased)
            {
                return unquoted(equals + 1..<range.upperBound)
            }
            start = end + 1
        }
        return nil
    }

    /// Where the next semicolon outside quotes stands.
    private func parameterEnd(from start: Int) -> Int {
        var index = start
        var isQuoted = false
        while index < value.count, isQuoted || value[index] != UInt8(ascii: ";") {
            if value[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
            index += 1
        }
        return index
    }

    @_lifetime(copy self)
    private func unquoted(_ range: Range<Int>) -> Span<UInt8> {
        let quote = UInt8(ascii: "\"")
        guard range.count >= 2, value[range.lowerBound] == quote, value[range.upperBound - 1] == quote else {
            return value.extracting(range)
        }
        return value.extracting(range.lowerBound + 1..<range.upperBound - 1)
    }
}
