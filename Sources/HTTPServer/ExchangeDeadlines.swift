internal import EventLoop
internal import HTTPCore

/// When exchanges asked to be told that their time is over: a heap, the earliest first.
///
/// An exchange that ends before its time stays in the heap; ``compact(keeping:)`` takes such entries out whenever the
/// heap has doubled, so that it holds at most about twice as many as there are exchanges under way.
struct ExchangeDeadlines {
    private struct Entry {
        let deadline: LoopInstant
        let exchange: ExchangeID
    }

    private static let compactedAtLeast = 64
    private var heap: [Entry] = []
    private var compactionCount = ExchangeDeadlines.compactedAtLeast

    /// The earliest deadline; `nil` if there is none.
    var next: LoopInstant? { heap.first?.deadline }

    /// Whether it has grown enough for ``compact(keeping:)``.
    var isCompactionDue: Bool { heap.count >= compactionCount }

    /// - Complexity: O(log count).
    mutating func add(_ exchange: ExchangeID, at deadline: LoopInstant) {
        heap.append(Entry(deadline: deadline, exchange: exchange))
        siftUp(heap.count - 1)
    }

    /// Takes out the earliest exchange whose deadline is not after `now`.
    mutating func popDue(at now: LoopInstant) -> ExchangeID? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first.exchange
    }

    /// Forgets exchanges that are over.
    ///
    /// - Complexity: O(count), constant for each `add` where it is called when due.
    mutating func compact(keeping isAlive: (ExchangeID) -> Bool) {
        heap.removeAll { !isAlive($0.exchange) }
        for place in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(place) }
        compactionCount = max(ExchangeDeadlines.compactedAtLeast, heap.count * 2)
    }

    private mutating func siftUp(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].deadline < heap[parent].deadline else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in 2 * place + 1...2 * place + 2
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
