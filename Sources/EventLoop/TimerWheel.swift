/// A hashed timer wheel: one pending deadline for each timer number, set, moved and cancelled in constant time.
///
/// It has no clock: `expire(at:into:)` is told what time it is. Deadlines are rounded up to the wheel's step (about
/// 67 ms), so that a timer never fires early and at most one step late.
///
/// An owner whose deadline moves with each event need not call `schedule` each time: it lets the old entry fire, sees
/// that its own deadline lies later, and schedules again. One wheel operation a timeout instead of one a request.
package struct TimerWheel: ~Copyable {
    /// Base-2 logarithm of the step in nanoseconds: 2^26 ns = 67 ms.
    private static let stepBits = 26
    private static let bucketCount = 512
    private static let none: Int32 = -1

    private struct Entry {
        var step: Int64 = 0
        var next: Int32 = TimerWheel.none
        var previous: Int32 = TimerWheel.none
        var isScheduled = false
    }

    private var entries: [Entry] = []
    private var buckets = [Int32](repeating: TimerWheel.none, count: TimerWheel.bucketCount)
    /// One bit a bucket that holds an entry, so that the next deadline is found in 8 words.
    private var occupied = [UInt64](repeating: 0, count: TimerWheel.bucketCount / 64)
    /// The last step that was expired.
    private var current: Int64
    /// How many timers are pending.
    package private(set) var count = 0

    /// Makes an empty wheel that starts at `now`.
    package init(now: LoopInstant) {
        current = now.nanoseconds >> TimerWheel.stepBits
    }

    /// Whether timer `id` is pending.
    package func isScheduled(_ id: Int) -> Bool {
        id < entries.count && entries[id].isScheduled
    }

    /// Sets timer `id` to fire at `deadline`, in place of an earlier setting.
    ///
    /// - Complexity: O(1); memory is proportional to the highest number ever used.
    package mutating func schedule(_ id: Int, at deadline: LoopInstant) {
        precondition(id >= 0 && id < Int(Int32.max), "a timer's number is a small index")
        while entries.count <= id { entries.append(Entry()) }
        if entries[id].isScheduled { unlink(id) }
        // Rounded up, and never into the step that has already been looked at.
        var step = deadline.nanoseconds >> TimerWheel.stepBits
        if deadline.nanoseconds & ((1 << TimerWheel.stepBits) - 1) != 0 { step += 1 }
        step = max(step, current + 1)
        let bucket = Int(step & Int64(TimerWheel.bucketCount - 1))
        let head = buckets[bucket]
        entries[id] = Entry(step: step, next: head, previous: TimerWheel.none, isScheduled: true)
        if head != TimerWheel.none { entries[Int(head)].previous = Int32(id) }
        buckets[bucket] = Int32(id)
        occupied[bucket >> 6] |= 1 << UInt64(bucket & 63)
        count += 1
    }

    /// Takes timer `id` back; does nothing where it is not pending.
    package mutating func cancel(_ id: Int) {
        if isScheduled(id) { unlink(id) }
    }

    /// Moves the wheel to `now` and appends the numbers of the timers that are due, each once and no longer pending.
    package mutating func expire(at now: LoopInstant, into due: inout [Int]) {
        let target = now.nanoseconds >> TimerWheel.stepBits
        guard target > current else { return }
        guard count > 0 else {
            current = target
            return
        }
        // After a pause longer than one turn each bucket is looked at once.
        let steps = min(target - current, Int64(TimerWheel.bucketCount))
        for offset in 1...steps {
            let bucket = Int((current + offset) & Int64(TimerWheel.bucketCount - 1))
            guard occupied[bucket >> 6] & (1 << UInt64(bucket & 63)) != 0 else { continue }
            var id = buckets[bucket]
            while id != TimerWheel.none {
                let next = entries[Int(id)].next
                if entries[Int(id)].step <= target {
                    unlink(Int(id))
                    due.append(Int(id))
                }
                id = next
            }
        }
        current = target
    }

    /// A time at which `expire(at:into:)` is worth calling: not after the first deadline, `nil` if nothing is pending.
    ///
    /// It may be early by whole turns of the wheel (34 s) for deadlines further away than one turn.
    package var nextDeadline: LoopInstant? {
        guard count > 0 else { return nil }
        let start = Int((current + 1) & Int64(TimerWheel.bucketCount - 1))
        let words = occupied.count
        for index in 0...words {
            var word = occupied[(start >> 6 &+ index) % words]
            if index == 0 { word &= ~0 << UInt64(start & 63) }
            if index == words { word &= ~(~0 << UInt64(start & 63)) }
            guard word != 0 else { continue }
            let bucket = ((start >> 6 &+ index) % words) << 6 + word.trailingZeroBitCount
            let ahead = (bucket - start + TimerWheel.bucketCount) % TimerWheel.bucketCount
            let step = current + 1 + Int64(ahead)
            let (nanoseconds, overflow) = step.multipliedReportingOverflow(by: 1 << Int64(TimerWheel.stepBits))
            return overflow ? .never : LoopInstant(nanoseconds: nanoseconds)
        }
        return nil
    }

    private mutating func unlink(_ id: Int) {
        let entry = entries[id]
        let bucket = Int(entry.step & Int64(TimerWheel.bucketCount - 1))
        if entry.previous != TimerWheel.none {
            entries[Int(entry.previous)].next = entry.next
        } else {
            buckets[bucket] = entry.next
            if entry.next == TimerWheel.none { occupied[bucket >> 6] &= ~(1 << UInt64(bucket & 63)) }
        }
        if entry.next != TimerWheel.none { entries[Int(entry.next)].previous = entry.previous }
        entries[id].isScheduled = false
        count -= 1
    }
}
