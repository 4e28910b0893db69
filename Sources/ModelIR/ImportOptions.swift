/// What whoever sends a model wants otherwise than its file says.
package struct ImportOptions: Sendable, Hashable {
    /// The boosting rounds that predict, counted from 0: XGBoost's `iteration_range`, LightGBM's `start_iteration` and
    /// `num_iteration`, CatBoost's `ntree_start` and `ntree_end`. Not empty; nil for those that the library would use,
    /// which of a model that stopped early are those up to its best one.
    package var iterationRange: Range<Int>?

    package init(iterationRange: Range<Int>? = nil) {
        self.iterationRange = iterationRange
    }

    /// The options, where the model in a file may have some of its own: these win.
    package func over(_ inner: ImportOptions) -> ImportOptions {
        ImportOptions(iterationRange: iterationRange ?? inner.iterationRange)
    }

    /// The same rounds of a model that has so many.
    ///
    /// - Returns: nil where no rounds were asked for.
    /// - Throws: `ImportError` where the model has fewer.
    package static func checked(_ range: Range<Int>?, roundCount: Int) throws(ImportError) -> Range<Int>? {
        guard let range else { return nil }
        guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= roundCount else {
            throw refusal(of: range, found: "a model of \(roundCount) rounds", expected: "rounds that it has")
        }
        return range
    }

    /// The refusal of a range by a model that has no use for it.
    package static func refusal(of range: Range<Int>, found: String, expected: String) -> ImportError {
        ImportError(
            .unsupported, at: "iteration_range [\(range.lowerBound), \(range.upperBound)]", found: found,
            expected: expected)
    }
}
