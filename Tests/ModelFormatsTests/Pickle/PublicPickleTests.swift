import Foundation
import ModelIR
import Testing

@testable import ModelFormats

/// Pickles and joblib files that others have published, of versions that no fixture is made with. They lie in the
/// folder VENCEJO_PUBLIC_MODELS; without it the tests are skipped.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VENCEJO_PUBLIC_MODELS"] != nil))
struct PublicPickleTests {
    static let folder = ProcessInfo.processInfo.environment["VENCEJO_PUBLIC_MODELS"]

    private static func files() throws -> [(name: String, bytes: [UInt8])] {
        let root = URL(fileURLWithPath: try #require(folder))
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).sorted()
        var files: [(name: String, bytes: [UInt8])] = []
        for path in paths where [".joblib", ".pkl", ".pickle", ".model", ".bst"].contains(where: path.hasSuffix) {
            files.append((path, Array(try Data(contentsOf: root.appending(path: path)))))
        }
        return files
    }

    /// Every pickle among them is read to its end, whatever it holds.
    @Test func readsEveryPickle() throws {
        var count = 0
        for file in try Self.files() {
            let found = PickleContainer.detect(file.bytes.span)
            guard let container = found else { continue }
            count += 1
            let content = try container.unwrap(file.bytes.span, limits: PickleLimits()) ?? file.bytes
            let document = try PickleMachine.read(content.span)
            let root = document.describe(document.root)
            print(file.name, container.name ?? "plain", root)
        }
        #expect(count > 0, "no pickle in the folder")
    }

    /// Each is served or refused with a reason.
    @Test func importsOrRefusesEveryFile() throws {
        for file in try Self.files() {
            let error = importError { _ = try SupportedFormats.importers.importModel(file.bytes.span) }
            print(file.name, error?.description ?? "served")
            if let error { #expect(!error.found.isEmpty && error.kind != .malformed, "\(file.name): \(error)") }
        }
    }
}
