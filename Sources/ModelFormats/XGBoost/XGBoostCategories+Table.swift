internal import ModelIR

extension XGBoostCategories {
    /// The categories by their codes; nil where the trees take codes as they are.
    ///
    /// XGBoost 3.1 cuts text outside ASCII apart where it stands in a frame of pandas' own strings, and then mistakes
    /// the categories itself: such a table is of no use, and the column takes codes.
    var table: OneHotEncoder.Categories? {
        switch self {
        case .none: return nil
        case .integers(let values):
            var numbers: [Double] = []
            for value in values {
                guard let number = Double(exactly: value), value.magnitude <= 1 << 53 else { return nil }
                numbers.append(number)
            }
            return Set(numbers).count == numbers.count ? .numbers(numbers) : nil
        case .text(let starts, let bytes):
            guard starts.count >= 2, starts[0] == 0, Int(starts[starts.count - 1]) == bytes.count else { return nil }
            var strings: [String] = []
            for index in 1..<starts.count {
                guard starts[index - 1] >= 0, starts[index - 1] <= starts[index], Int(starts[index]) <= bytes.count
                else {
                    return nil
                }
                let slice = bytes[Int(starts[index - 1])..<Int(starts[index])].map { UInt8(truncatingIfNeeded: $0) }
                guard slice.allSatisfy({ $0 < 0x80 }), let text = String(validating: slice, as: UTF8.self) else {
                    return nil
                }
                strings.append(text)
            }
            return Set(strings).count == strings.count ? .strings(strings) : nil
        }
    }
}
