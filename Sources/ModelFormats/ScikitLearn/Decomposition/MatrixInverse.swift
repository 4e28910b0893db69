/// The inverse of a small matrix, for models that keep a matrix where prediction needs its inverse.
enum MatrixInverse {
    /// Gauss-Jordan elimination with the greatest pivot of each column; nil if the matrix is singular.
    ///
    /// - Parameter values: row-major, `size` squared.
    /// - Complexity: O(size³).
    static func inverse(of values: [Double], size: Int) -> [Double]? {
        precondition(values.count == size * size, "a square matrix")
        var matrix = values
        var inverse = [Double](repeating: 0, count: size * size)
        for index in 0..<size { inverse[index * size + index] = 1 }
        for column in 0..<size {
            var pivot = column
            for row in column..<size
            where abs(matrix[row * size + column]) > abs(matrix[pivot * size + column]) { pivot = row }
            let value = matrix[pivot * size + column]
            guard value != 0, value.isFinite else { return nil }
            for index in 0..<size {
                matrix.swapAt(pivot * size + index, column * size + index)
                inverse.swapAt(pivot * size + index, column * size + index)
            }
            for index in 0..<size {
                matrix[column * size + index] /= value
                inverse[column * size + index] /= value
            }
            for row in 0..<size where row != column {
                let factor = matrix[row * size + column]
                guard factor != 0 else { continue }
                for index in 0..<size {
                    matrix[row * size + index] -= factor * matrix[column * size + index]
                    inverse[row * size + index] -= factor * inverse[column * size + index]
                }
            }
        }
        return inverse
    }
}
