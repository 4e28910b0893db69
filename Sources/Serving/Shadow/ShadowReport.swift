/// How a new version answers the rows that the serving one was asked about last.
package struct ShadowReport: Sendable, Hashable {
    /// What changed of one output.
    package struct Output: Sendable, Hashable {
        package let name: String
        /// The largest difference of a number.
        package var largestDifference = 0.0
        /// The largest change of a number, relative to the greater of the two: 0 to 2.
        package var largestChange = 0.0
        /// Rows with another label.
        package var labelFlips = 0

        package init(name: String) { self.name = name }
    }

    /// The version it is compared with.
    package let version: Int
    package let policy: ShadowPolicy
    package var rowCount = 0
    /// Outputs that both versions have.
    package var outputs: [Output] = []
    /// Rows with another label in any output.
    package var flippedRows = 0
    /// Rows that have an answer from the old version alone, and from the new one alone.
    package var rowsLost = 0
    package var rowsWon = 0
    /// Nanoseconds a row, all rows in one batch: the best of some runs.
    package var nanosecondsBefore = 0.0
    package var nanosecondsAfter = 0.0
    /// Why nothing could be compared; nil where it was.
    package var obstacle: String?
    /// The limits that were broken, and what breaks clients whatever the rows are; each in a sentence.
    package var broken: [String] = []

    package init(version: Int, policy: ShadowPolicy) {
        self.version = version
        self.policy = policy
    }

    /// Whether the version is not to be published.
    package var isRefused: Bool { policy.action == .refuse && !broken.isEmpty }

    /// Fewer rows than this are compared and told, but not held against anybody.
    package static let rowsMin = 16

    /// Holds what was found against the policy's limits.
    mutating func judge() {
        guard rowCount >= Self.rowsMin else { return }
        let share = Double(flippedRows + rowsLost) / Double(rowCount)
        if share > policy.labelFlipsMax {
            broken.append(
                "\(flippedRows + rowsLost) of \(rowCount) rows have another label or no answer; "
                    + "at most a share of \(policy.labelFlipsMax) may")
        }
        guard let changeMax = policy.changeMax else { return }
        for output in outputs where output.largestChange > changeMax {
            broken.append(
                "\(output.name) changed by \(output.largestChange) of its value; at most \(changeMax) may")
        }
    }
}
