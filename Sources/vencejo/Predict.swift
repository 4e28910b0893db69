internal import ArgumentParser
internal import ServerApplication

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict rows of a file or of standard input, without a server.",
        usage: "vencejo predict <model> [<rows>] [options]",
        discussion: """
            Takes what POST /predict takes: JSON (a record, a list of records, rows, or columns and data), NDJSON (a \
            record or a row a line) or CSV, read by the same code. Answers in the format of the rows, or as --to says.

              echo '{"RM": 5.45, "LSTAT": 18.06}' | vencejo predict house-price.pkl
              vencejo predict house-price.pkl rows.csv --output answers.csv
              vencejo predict house-price.pkl rows.csv --to ndjson --errors row
            """)

    @Argument(help: "A model file.")
    var model: String

    @Argument(help: "A file of rows; by default, or as -, standard input.")
    var rows: String?

    @Option(
        help: ArgumentHelp(
            "How the rows are written: json, ndjson or csv; by default the file's name or content tells.",
            valueName: "format"))
    var from: Format?

    @Option(
        help: ArgumentHelp(
            "How the answers are written: json, ndjson or csv; by default as the rows are.", valueName: "format"))
    var to: Format?

    @Option(
        help: ArgumentHelp(
            "Whether the first line of a CSV names the columns: present or absent; by default it tells by itself.",
            valueName: "header"))
    var header: Header?

    @Option(
        help: ArgumentHelp(
            "all: one wrong row fails the run; row: each row has its own answer or error.", valueName: "extent"))
    var errors: ErrorExtent = .all

    @Option(name: .shortAndLong, help: ArgumentHelp("A file for the answers.", valueName: "file"))
    var output: String?

    @Option(help: "Force a predictor by name; `vencejo inspect` lists them.")
    var predictor: String?

    @Option(
        help: ArgumentHelp(
            "Outputs to compute, such as prediction,decision_function; or all.", valueName: "names"))
    var outputs: String?

    @OptionGroup var rounds: IterationRangeOption

    enum Format: String, ExpressibleByArgument {
        case json, ndjson, csv
    }

    enum Header: String, ExpressibleByArgument {
        case present, absent
    }

    enum ErrorExtent: String, ExpressibleByArgument {
        case all, row
    }

    func run() throws {
        var options = OfflinePrediction.Options()
        options.outputs = outputs?.split(separator: ",").map { String($0) } ?? []
        options.predictor = predictor
        options.iterationRange = try rounds.range()
        options.rows = rows
        options.from = from.flatMap { RowFormat(rawValue: $0.rawValue) }
        options.to = to.flatMap { RowFormat(rawValue: $0.rawValue) }
        options.hasHeader = header.map { $0 == .present }
        options.isolatesRows = errors == .row
        options.output = output
        try OfflinePrediction.run(path: model, options)
    }
}
