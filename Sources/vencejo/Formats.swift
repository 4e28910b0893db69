internal import ArgumentParser
internal import ServerApplication

struct Formats: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the classes of models that are read.",
        discussion: "docs/formats.md tells the rest; its tables are what `vencejo formats --markdown` prints.")

    @Flag(help: "As Markdown tables.")
    var markdown = false

    func run() throws {
        print(markdown ? FormatList.markdown : FormatList.text)
    }
}
