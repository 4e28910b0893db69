internal import ArgumentParser
internal import ServerApplication

struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what is in a model file and how it would be served.",
        usage: "vencejo inspect <model> [options]",
        discussion: """
            Prints steps, columns, classes, size, the predictor that was chosen and why, and an example request. A \
            model that cannot be served is refused with the place, the reason, and what to do instead; nothing in \
            the file is run.
            """)

    @Argument(help: "A model file.")
    var model: String

    @Option(help: "Force a predictor by name.")
    var predictor: String?

    @OptionGroup var rounds: IterationRangeOption

    func run() throws {
        print(try ModelInspection.report(path: model, predictor: predictor, iterationRange: rounds.range()))
    }
}
