/// Sums in the order in which NumPy adds up a contiguous row (`pairwise_sum` in its loops): one after the other below
/// eight numbers, in eight lanes up to 128, halves beyond.
enum NumPySum {
    static func of(_ values: ArraySlice<Double>) -> Double {
        let count = values.count
        let first = values.startIndex
        if count < 8 {
            // NumPy starts from -0, which is the neutral number.
            var sum = -0.0
            for value in values { sum += value }
            return sum
        }
        if count <= 128 {
            var lanes = Array(values[first..<first + 8])
            var index = 8
            while index + 8 <= count {
                for lane in 0..<8 { lanes[lane] += values[first + index + lane] }
                index += 8
            }
            var sum =
                ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
            while index < count {
                sum += values[first + index]
                index += 1
            }
            return sum
        }
        // Halves of whole lanes; a row is as wide as there are classes, so that this is not deep.
        let half = count / 2 - count / 2 % 8
        return of(values[first..<first + half]) + of(values[(first + half)...])
    }
}
