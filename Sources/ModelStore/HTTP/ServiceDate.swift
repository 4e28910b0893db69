/// The time of an HTTP answer, such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7; the two obsolete forms are not
/// read).
enum ServiceDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970; nil for anything else.
    static func seconds(_ text: String) -> Int64? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[1].utf8.count == 2, parts[3].utf8.count == 4,
            parts[4].utf8.count == 8, let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let digits = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        return ISODate.seconds("\(parts[3])-\(digits)-\(parts[1])T\(parts[4])Z")
    }
}
