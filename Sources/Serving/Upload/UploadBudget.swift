internal import Synchronization

/// The bytes, decoded, of all uploads that are on their way: received and neither published nor given up. One that is
/// coded may be a thousand times as long as what is sent, so that the length of each alone bounds too little.
final class UploadBudget: Sendable {
    private let bytesMax: Int
    private let used = Atomic<Int>(0)

    /// - Parameter bytesMax: at least what one upload may have, or that could never come.
    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// - Returns: false, with nothing taken, where they would be too many.
    func take(_ count: Int) -> Bool {
        let (sum, overflow) = used.add(count, ordering: .relaxed).oldValue.addingReportingOverflow(count)
        if !overflow, sum <= bytesMax { return true }
        giveBack(count)
        return false
    }

    func giveBack(_ count: Int) { used.subtract(count, ordering: .relaxed) }
}
