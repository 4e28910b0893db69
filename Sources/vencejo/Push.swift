internal import ArgumentParser
internal import ServerApplication

struct Push: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish a model into a store, or to a server that runs.",
        usage: "vencejo push <model> <store> [--name <name>] [<options>]",
        discussion: """
            The model is imported and compiled and its golden rows are run first, as for an upload; only then it is \
            sent, and servers that follow the store serve it a moment later.

              vencejo push churn.ubj s3://models/prod --name churn
              vencejo push house-price.zip /var/lib/vencejo
              vencejo push churn.ubj http://localhost:8080

            A server's token comes from VENCEJO_ADMIN_TOKEN or VENCEJO_ADMIN_TOKEN_FILE. \
            Credentials come from where the cloud's own tools look for them, never from the command line; \
            docs/stores.md tells which.
            """)

    @Argument(help: "A model file, a bundle or an MLflow folder.")
    var model: String

    @Argument(help: "A directory, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or the http:// address of a server.")
    var store: String

    @Option(help: "What the model is to be called; by default what its bundle says, or its file's name.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Of a store: versions of the model that stay for a rollback. Also from VENCEJO_KEEP_VERSIONS; by default "
                + "as many as there are, at least one.", valueName: "n"))
    var keepVersions: Int?

    @OptionGroup var rounds: IterationRangeOption

    func validate() throws {
        if StoreCommand.isServer(store), keepVersions != nil {
            throw ValidationError(
                "--keep-versions is for a push to a store; a server has its own, serve --keep-versions")
        }
    }

    func run() throws {
        var publish = PushOptions()
        publish.versionsKept = keepVersions
        print(
            try StoreCommand.push(
                path: model, to: store, name: name, iterationRange: rounds.range(), publish: publish))
    }
}
