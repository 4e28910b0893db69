internal import InferenceAPI

/// What waits for one model, in the order in which it is to run.
///
/// Each priority has a queue of its own, first come first served. The next one is that whose head came first, where a
/// high one counts as come a step earlier and a low one a step later: a low one waits for what comes within a step
/// after it, and then for nothing more.
struct ComputeQueue: Sendable {
    private var lists = [[ComputeScheduler.Entry]](repeating: [], count: RequestPriority.allCases.count)
    /// Where each list begins.
    private var heads = [Int](repeating: 0, count: RequestPriority.allCases.count)
    private(set) var count = 0
    private(set) var requests = 0
    private(set) var rows = 0
    private(set) var bytes = 0

    mutating func append(_ entry: ComputeScheduler.Entry) {
        lists[Int(entry.terms.priority.rawValue)].append(entry)
        count += 1
        requests += entry.requests
        rows += entry.rows
        bytes += entry.bytes
    }

    /// The next one.
    func first(step: UInt64) -> ComputeScheduler.Entry? { firstList(step).map { lists[$0][heads[$0]] } }

    @discardableResult
    mutating func removeFirst(step: UInt64) -> ComputeScheduler.Entry? {
        guard let list = firstList(step) else { return nil }
        let entry = lists[list][heads[list]]
        heads[list] += 1
        if heads[list] == lists[list].count {
            lists[list].removeAll(keepingCapacity: heads[list] <= 1024)
            heads[list] = 0
        } else if heads[list] >= 256, heads[list] * 2 >= lists[list].count {
            lists[list].removeFirst(heads[list])
            heads[list] = 0
        }
        forget(entry)
        return entry
    }

    /// - Complexity: O(waiting).
    mutating func remove(_ id: UInt64) -> ComputeScheduler.Entry? {
        for list in lists.indices {
            for place in heads[list]..<lists[list].count where lists[list][place].id == id {
                let entry = lists[list].remove(at: place)
                forget(entry)
                return entry
            }
        }
        return nil
    }

    /// One of several requests of an entry has been withdrawn.
    /// - Complexity: O(waiting).
    mutating func shrink(_ id: UInt64, rows fewer: Int) -> Bool {
        for list in lists.indices {
            for place in heads[list]..<lists[list].count where lists[list][place].id == id {
                lists[list][place].requests -= 1
                lists[list][place].rows -= fewer
                requests -= 1
                rows -= fewer
                return true
            }
        }
        return false
    }

    /// Rows that run before `entry` if it is appended now and nothing more comes.
    /// - Complexity: O(waiting) for a high priority; O(1) where nothing of a lower one waits.
    func rows(before entry: ComputeScheduler.Entry, step: UInt64) -> Int {
        var before = rows
        let rank = Self.rank(entry, step)
        for list in lists.indices where list > Int(entry.terms.priority.rawValue) {
            for place in (heads[list]..<lists[list].count).reversed() {
                guard Self.rank(lists[list][place], step) > rank else { break }
                before -= lists[list][place].rows
            }
        }
        return before
    }

    /// When the one that has waited longest has come.
    var oldestArrival: UInt64? {
        var oldest: UInt64?
        for list in lists.indices where heads[list] < lists[list].count {
            oldest = min(oldest ?? .max, lists[list][heads[list]].arrival)
        }
        return oldest
    }

    /// By when a wait for more has to end, so that no deadline passes meanwhile: each is left half of what it has to
    /// spare.
    /// - Parameter cost: nanoseconds that the run takes.
    /// - Complexity: O(waiting).
    func waitEnd(cost: Double) -> UInt64 {
        var end = UInt64.max
        for list in lists.indices {
            for entry in lists[list][heads[list]...] where entry.terms.deadline != .never {
                let deadline = max(entry.terms.deadline.nanoseconds, entry.arrival)
                let spare = max(0, Double(deadline - entry.arrival) - cost)
                end = min(end, entry.arrival + UInt64(spare / 2))
            }
        }
        return end
    }

    private mutating func forget(_ entry: ComputeScheduler.Entry) {
        count -= 1
        requests -= entry.requests
        rows -= entry.rows
        bytes -= entry.bytes
    }

    private func firstList(_ step: UInt64) -> Int? {
        var best: (list: Int, rank: UInt64)?
        for list in lists.indices where heads[list] < lists[list].count {
            let rank = Self.rank(lists[list][heads[list]], step)
            if rank < best?.rank ?? .max { best = (list, rank) }
        }
        return best?.list
    }

    /// The lowest is next. 0, 1 and 2 steps: the order is that of -1, 0 and 1, without a sign.
    private static func rank(_ entry: ComputeScheduler.Entry, _ step: UInt64) -> UInt64 {
        entry.arrival &+ UInt64(entry.terms.priority.rawValue) &* step
    }
}
