/// A class as a row of numbers: `on` in the class's column, `off` in the others.
package struct ClassIndicator: Sendable, Hashable {
    /// The column of each class.
    package let columns: [Int]
    /// Columns of the row.
    package let width: Int
    package let on: Double
    package let off: Double

    package init(columns: [Int], width: Int, on: Double, off: Double) {
        self.columns = columns
        self.width = width
        self.on = on
        self.off = off
    }
}
