internal import ArgumentParser
internal import ServerApplication

struct Bundle: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make, check or show a bundle: a model with golden rows and a policy.",
        discussion: """
            A bundle is a zip or tar of a model's file and a vencejo.json, which docs/formats.md describes. \
            tools/export.py makes one with golden rows and histograms from a training frame. A bundle whose golden \
            rows are not answered as expected is never served.
            """,
        subcommands: [Make.self, Check.self, Show.self])

    struct Make: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Pack a model and a vencejo.json, and check them.")

        @Argument(help: "A model file.")
        var model: String

        @Option(help: ArgumentHelp("The vencejo.json to put beside it.", valueName: "file"))
        var description: String?

        @Option(help: "What the model is to be called, without a description.")
        var name: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("The bundle to write.", valueName: "file"))
        var output: String

        @OptionGroup var rounds: IterationRangeOption

        func run() throws {
            print(
                try BundleCommand.make(
                    model: model, description: description, name: name, iterationRange: rounds.range(),
                    output: output))
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Import a bundle and run its golden rows.")

        @Argument(help: "A bundle, a model file or a folder.")
        var bundle: String

        func run() throws { print(try BundleCommand.check(path: bundle)) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show what a bundle tells of its model.")

        @Argument(help: "A bundle, a model file or a folder.")
        var bundle: String

        func run() throws { print(try BundleCommand.show(path: bundle)) }
    }
}
