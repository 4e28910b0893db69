internal import ArgumentParser
internal import ServerApplication

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what a store holds: models, versions, digests, sizes, generations.",
        usage: "vencejo models --store <store>")

    @Option(help: "The store: a directory, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or https://HOST/PATH.")
    var store: String

    func run() throws { print(try StoreCommand.list(store)) }
}
