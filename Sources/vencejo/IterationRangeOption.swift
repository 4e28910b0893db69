internal import ArgumentParser
internal import ServerApplication

/// `--iteration-range 0:50`.
struct IterationRangeOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The boosting rounds of XGBoost, LightGBM or CatBoost that predict, counted from 0.",
            valueName: "start:end"))
    var iterationRange: String?

    /// - Throws: if it is no range.
    func range() throws -> Range<Int>? { try iterationRange.map { try ModelSource.iterationRange($0) } }
}
