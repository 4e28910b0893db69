internal import Synchronization

/// How far a publish has come. Written by the control thread, read by whoever asks.
package final class PublishProgress: Sendable {
    package enum Step: UInt8, Sendable, CaseIterable {
        case receiving, importing, compiling, checkingGoldenRows, warmingUp, comparing, publishing

        /// As an answer names it.
        package var name: String {
            switch self {
            case .receiving: "receive"
            case .importing: "import"
            case .compiling: "compile"
            case .checkingGoldenRows: "golden"
            case .warmingUp: "warm_up"
            case .comparing: "shadow"
            case .publishing: "publish"
            }
        }
    }

    private let number = Atomic<UInt8>(0)

    package init() {}

    package var step: Step { Step(rawValue: number.load(ordering: .relaxed)) ?? .receiving }

    func begin(_ step: Step) { number.store(step.rawValue, ordering: .relaxed) }
}

/// How a publish is to be done.
package struct PublishOptions: Sendable {
    package var precondition = PublishPrecondition.none
    /// Everything but the swap: nothing is stored and nothing serves that did not before.
    package var isDryRun = false
    /// What is done with a version that answers otherwise; nil: what the model's policy says.
    package var shadowAction: ShadowPolicy.Action?
    /// Whether a model of that name is a reason to refuse.
    package var mustBeNew = false
    package var progress: PublishProgress?

    package init(precondition: PublishPrecondition = .none) { self.precondition = precondition }
}
