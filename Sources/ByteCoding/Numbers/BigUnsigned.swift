/// A natural number of any size, as far as exact decimal comparison needs one.
struct BigUnsigned {
    /// Least significant first, without zeros at the end.
    private var limbs: [UInt64] = []

    init(_ value: UInt64 = 0) {
        if value != 0 { limbs.append(value) }
    }

    var isZero: Bool { limbs.isEmpty }

    /// Becomes `self * factor + addend`.
    mutating func multiplyAdd(_ factor: UInt64, _ addend: UInt64) {
        var carry = addend
        for index in limbs.indices {
            var (high, low) = limbs[index].multipliedFullWidth(by: factor)
            let (sum, overflow) = low.addingReportingOverflow(carry)
            low = sum
            if overflow { high &+= 1 }
            limbs[index] = low
            carry = high
        }
        if carry != 0 { limbs.append(carry) }
    }

    /// Becomes `self * 5^exponent`.
    mutating func multiply(byPowerOfFive exponent: Int) {
        // 5^27 is the largest power of five in 64 bits.
        var rest = exponent
        while rest >= 27 {
            multiplyAdd(7_450_580_596_923_828_125, 0)
            rest -= 27
        }
        var factor: UInt64 = 1
        for _ in 0..<rest { factor *= 5 }
        multiplyAdd(factor, 0)
    }

    /// Becomes `self * 2^bits`.
    mutating func shiftLeft(_ bits: Int) {
        guard !isZero else { return }
        multiplyAdd(1 << UInt64(bits & 63), 0)
        limbs.insert(contentsOf: repeatElement(0, count: bits >> 6), at: 0)
    }

    func compare(to other: BigUnsigned) -> ExactDecimal.Order {
        if limbs.count != other.limbs.count { return limbs.count < other.limbs.count ? .less : .greater }
        for index in limbs.indices.reversed() where limbs[index] != other.limbs[index] {
            return limbs[index] < other.limbs[index] ? .less : .greater
        }
        return .equal
    }
}
