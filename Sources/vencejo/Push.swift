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

    @Option(
        help: ArgumentHelp(
            "Of a server: what it does with a version that answers recent rows otherwise.", valueName: "policy"))
    var shadow: ShadowAction?

    @Flag(help: "Of a server: everything but the swap.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Of a server: publish only if the model still has this ETag, with its quotes; * for any.",
            valueName: "etag"))
    var ifMatch: String?

    @OptionGroup var rounds: IterationRangeOption

    enum ShadowAction: String, ExpressibleByArgument, CaseIterable {
        case off, warn, refuse
    }

    private var publish: PushOptions {
        var publish = PushOptions()
        publish.versionsKept = keepVersions
        publish.shadow = shadow?.rawValue
        publish.isDryRun = dryRun
        publish.ifMatch = ifMatch
        return publish
    }

    func validate() throws {
        if StoreCommand.isServer(store) {
            guard keepVersions == nil else {
                throw ValidationError(
                    "--keep-versions is for a push to a store; a server has its own, serve --keep-versions")
            }
        } else if publish.isForServer {
            throw ValidationError(
                "--shadow, --dry-run and --if-match are for a push to a server, such as http://localhost:8080")
        }
        if let ifMatch, !ifMatch.utf8.allSatisfy({ (0x20...0x7e).contains($0) }) {
            throw ValidationError("--if-match takes an ETag in its quotes, or *")
        }
    }

    func run() throws {
        print(
            try StoreCommand.push(
                path: model, to: store, name: name, iterationRange: rounds.range(), publish: publish))
    }
}
