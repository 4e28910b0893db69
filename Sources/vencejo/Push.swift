internal import ArgumentParser
internal import ServerApplication

struct Push: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish a model into a store, from a build pipeline.",
        usage: "vencejo push <model> <store> [--name <name>]",
        discussion: """
            The model is imported and compiled and its golden rows are run first, as for an upload; only then it is \
            sent, and servers that follow the store serve it a moment later.

              vencejo push churn.ubj s3://models/prod --name churn
              vencejo push house-price.zip /var/lib/vencejo

            Credentials come from where the cloud's own tools look for them, never from the command line; \
            docs/stores.md tells which.
            """)

    @Argument(help: "A model file, a bundle or an MLflow folder.")
    var model: String

    @Argument(help: "The store: a directory, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX.")
    var store: String

    @Option(help: "What the model is to be called; by default what its bundle says, or its file's name.")
    var name: String?

    @OptionGroup var rounds: IterationRangeOption

    func run() throws {
        print(try StoreCommand.push(path: model, to: store, name: name, iterationRange: rounds.range()))
    }
}
