/// The `Date` line of answers, made anew when the second changes (RFC 9110 5.6.7 and 6.6.1).
package struct HTTPDate: Sendable {
    private var seconds: Int64
    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT` and CRLF.
    package private(set) var line: [UInt8]

    /// Makes the line for a time in seconds since 1970.
    package init(unixSeconds: Int64) {
        seconds = unixSeconds
        line = Array("Date: \(HTTPDate.text(unixSeconds))\r\n".utf8)
    }

    /// The time alone, without the field's name and the line's end.
    var text: Span<UInt8> {
        @_lifetime(borrow self)
        get { line.span.extracting("Date: ".utf8.count..<line.count - 2) }
    }

    /// Takes over the time; true where the line has changed.
    package mutating func update(unixSeconds: Int64) -> Bool {
        guard unixSeconds != seconds else { return false }
        self = HTTPDate(unixSeconds: unixSeconds)
        return true
    }

    /// The IMF-fixdate of a time, such as `Sun, 06 Nov 1994 08:49:37 GMT`; times outside 1970...9999 are clamped.
    package static func text(_ unixSeconds: Int64) -> String {
        let seconds = min(max(unixSeconds, 0), 253_402_300_799)
        let days = seconds / 86400
        let rest = seconds % 86400
        // Days to a civil date by 400-year eras that begin on the first of March, so that leap days come last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return weekdays[Int(days % 7)] + ", " + two(day) + " " + months[Int(month - 1)] + " " + two(year / 100)
            + two(year % 100) + " " + two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60) + " GMT"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
