/// What is to happen at which time: a heap, the earliest first; of equal times, what was put in first.
struct Agenda {
    private struct Entry {
        let time: Int64
        let number: Int
        let action: () -> Void
    }

    private var heap: [Entry] = []
    private var count = 0

    var nextTime: Int64? { heap.first?.time }

    mutating func add(at time: Int64, _ action: @escaping () -> Void) {
        count += 1
        heap.append(Entry(time: time, number: count, action: action))
        var place = heap.count - 1
        while place > 0, isBefore(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func takeFirst() -> () -> Void {
        let first = heap[0]
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first.action }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != place else { return first.action }
            heap.swapAt(place, least)
            place = least
        }
    }

    mutating func removeAll() { heap = [] }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }
}
