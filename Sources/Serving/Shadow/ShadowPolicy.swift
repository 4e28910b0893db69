/// What is done with a new version that answers recent rows otherwise than the one that serves.
package struct ShadowPolicy: Sendable, Hashable {
    package enum Action: String, Sendable, Hashable, CaseIterable {
        /// Beyond a limit it is not published.
        case refuse
        /// Beyond a limit it is published, and said to be beyond it.
        case warn
        /// Nothing is compared.
        case off
    }

    package var action: Action
    /// The greatest share of rows, 0 to 1, that may get another label, or a fault where they had an answer.
    package var labelFlipsMax: Double
    /// The greatest change of a number, relative to the greater of the two; nil: any.
    package var changeMax: Double?

    /// What holds where nothing is said: a retrained model may answer otherwise, and it is told how much.
    package static let standard = ShadowPolicy()

    package init(action: Action = .warn, labelFlipsMax: Double = 0.1, changeMax: Double? = nil) {
        self.action = action
        self.labelFlipsMax = labelFlipsMax
        self.changeMax = changeMax
    }
}
