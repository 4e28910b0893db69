/// A point in time as RFC 3339 text in UTC, such as `2026-01-31T08:15:30.250Z`.
package struct Timestamp: Sendable, Hashable, CustomStringConvertible {
    package let unixMilliseconds: Int64

    package init(unixMilliseconds: Int64) {
        self.unixMilliseconds = unixMilliseconds
    }

    package init(unixSeconds: Int64) {
        unixMilliseconds = unixSeconds &* 1000
    }

    package var description: String {
        var text = ""
        let days = unixMilliseconds.flooringDivide(86_400_000)
        let milliseconds = Int(unixMilliseconds - days * 86_400_000)
        let (year, month, day) = Self.civil(fromDays: Int(days))
        func pad(_ value: Int, _ width: Int) {
            let digits = String(value)
            text += String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        pad(year, 4)
        text += "-"
        pad(month, 2)
        text += "-"
        pad(day, 2)
        text += "T"
        pad(milliseconds / 3_600_000, 2)
        text += ":"
        pad(milliseconds / 60_000 % 60, 2)
        text += ":"
        pad(milliseconds / 1000 % 60, 2)
        text += "."
        pad(milliseconds % 1000, 3)
        text += "Z"
        return text
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01: eras of 400 years, years beginning in March, so
    /// that the leap day is the last of the year.
    static func civil(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Int64 {
    fileprivate func flooringDivide(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
