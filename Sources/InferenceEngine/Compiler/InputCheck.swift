/// What a node demands of its inputs' numbers, where an earlier node may have computed others.
package enum InputCheck: Sendable, Hashable {
    case none
    /// NaN is taken.
    case notInfinite
    case finite

    func accepts(_ value: Double) -> Bool {
        switch self {
        case .none: true
        case .notInfinite: !value.isInfinite
        case .finite: value.isFinite
        }
    }
}
