internal import ArgumentParser
internal import ServerApplication

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict rows from standard input, without a server.",
        usage: "vencejo predict <model> [options] < rows.json",
        discussion: """
            Takes what POST /predict takes: a record, a list of records, rows, or columns and data; or one such \
            document a line. Writes what it answers.

              echo '{"CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06}' | vencejo predict house-price.pkl
            """)

    @Argument(help: "A model file.")
    var model: String

    @Option(help: "Force a predictor by name; `vencejo inspect` lists them.")
    var predictor: String?

    @Option(
        help: ArgumentHelp(
            "Outputs to compute, such as prediction,decision_function; or all.", valueName: "names"))
    var outputs: String?

    @OptionGroup var rounds: IterationRangeOption

    func run() throws {
        let names = outputs?.split(separator: ",").map { String($0) } ?? []
        try OfflinePrediction.run(
            path: model, outputs: names, predictor: predictor, iterationRange: rounds.range()
        ) { print($0) }
    }
}
