internal import Synchronization

/// What one version of a model costs, as all threads know it: learnt from runs wherever they happen.
package final class ModelCost: Sendable {
    private static let serials = Atomic<UInt64>(0)
    /// Of no other model in this process, also not of one that is gone.
    package let serial: UInt64
    private let fit: Mutex<CostFit>
    // The fit's two numbers as bits, to be read without the lock. Read between two writes, they are of neighbouring
    // fits, which is as good.
    private let perRow: Atomic<UInt64>
    private let perRun: Atomic<UInt64>
    private let isFitYoung = Atomic(true)

    /// - Parameter nanosecondsPerRow: what the predictor says of itself.
    package init(nanosecondsPerRow: Double) {
        let fit = CostFit(nanosecondsPerRow: nanosecondsPerRow)
        serial = Self.serials.wrappingAdd(1, ordering: .relaxed).newValue
        self.fit = Mutex(fit)
        perRow = Atomic(fit.nanosecondsPerRow.bitPattern)
        perRun = Atomic(fit.nanosecondsPerRun.bitPattern)
    }

    /// - Complexity: two relaxed loads.
    package func nanoseconds(rows: Int) -> Double {
        nanosecondsPerRow * Double(rows) + Double(bitPattern: perRun.load(ordering: .relaxed))
    }

    package var nanosecondsPerRow: Double { Double(bitPattern: perRow.load(ordering: .relaxed)) }

    /// It says little yet: each run counts.
    package var isYoung: Bool { isFitYoung.load(ordering: .relaxed) }

    /// The fit as it is now.
    package var current: CostFit { fit.withLock { $0 } }

    /// A run took so long. Never waits: where another thread tells of a run at this moment, this one is not counted.
    package func observe(rows: Int, nanoseconds: UInt64) {
        _ = fit.withLockIfAvailable { fit in
            fit.observe(rows: rows, nanoseconds: Double(nanoseconds))
            perRow.store(fit.nanosecondsPerRow.bitPattern, ordering: .relaxed)
            perRun.store(fit.nanosecondsPerRun.bitPattern, ordering: .relaxed)
            // Not for each run: all loops read it.
            if isFitYoung.load(ordering: .relaxed) != fit.isYoung {
                isFitYoung.store(fit.isYoung, ordering: .relaxed)
            }
        }
    }
}
