import ByteCoding
import Foundation
import Testing

/// One file of the fixtures, as lines of two words.
struct FixtureFile {
    struct Case {
        let first: String
        let second: String
    }

    let cases: [Case]

    init(_ name: String) throws {
        let folder = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures")
        let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        cases = text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return Case(first: String(words[0]), second: String(words[1]))
        }
    }
}
