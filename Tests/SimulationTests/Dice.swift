/// Every choice of a simulation, from one seed (SplitMix64).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func roll() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// One of the range. The tiny bias of a remainder does not matter here.
    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(roll() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func nanoseconds(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(roll() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// True in so many of a hundred cases.
    mutating func chance(percent: Int) -> Bool { number(0...99) < percent }

    /// True in so many of a thousand cases.
    mutating func chance(permille: Int) -> Bool { number(0...999) < permille }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

    /// Mostly small, sometimes up to the bound: for sizes.
    mutating func skewed(_ range: ClosedRange<Int>) -> Int {
        let bits = number(0...62)
        let wide = Int(truncatingIfNeeded: roll() >> 1) >> bits
        return range.lowerBound + wide % (range.upperBound - range.lowerBound + 1)
    }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        guard elements.count > 1 else { return }
        for index in stride(from: elements.count - 1, through: 1, by: -1) {
            elements.swapAt(index, number(0...index))
        }
    }
}
