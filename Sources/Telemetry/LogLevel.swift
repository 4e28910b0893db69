/// How much a line matters; a log writes those of its level and above.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, notice, warning, error, critical

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    /// The level of that rank, the highest for one beyond.
    init(rank: Int) {
        self = LogLevel.allCases.first { $0.rank == rank } ?? .critical
    }

    var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .notice: 2
        case .warning: 3
        case .error: 4
        case .critical: 5
        }
    }

    /// The name that Google Cloud Logging and others read in the field `severity`.
    var severity: String { rawValue.uppercased() }
}
