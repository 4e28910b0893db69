/// Predicted times of a ranked forest, fitted to measurements (see RankedForestBuilder).
enum RankedCost {
    /// Rows from which on a tile is run side by side.
    static func batchRowsMin(_ tables: RankedTables, level: CPULevel) -> Int {
        switch level {
        case .portable: 6
        default: tables.form.isByLevels ? 24 : 32
        }
    }
}
