import Foundation
import Testing

/// What the library itself answered, for every fixture.
@Suite struct ScikitLearnParityTests {
    @Test(arguments: ParityCase.all)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let comparison = try ParityComparison(fixture)
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(10).joined(separator: "\n"))")
    }

    @Test func hasFixturesOfEveryVersion() {
        let versions = Set(ParityCase.all.map { $0.name.split(separator: "/")[0] })
        #expect(versions == ["1.1.3", "1.3.2", "1.5.2", "1.6.1", "1.7.2", "1.9.1"])
    }
}

/// `make parity`: cases on random data, written by the libraries themselves into the folder VENCEJO_PARITY.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["VENCEJO_PARITY"] != nil))
struct RandomParityTests {
    @Test func agreesWithTheLibraries() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["VENCEJO_PARITY"])
        var report: [String: (cases: Int, numbers: Int, worst: Double, mismatches: Int)] = [:]
        var failures = 0
        // Whose answers are sums of trees: how many cases are the library's own to the last bit.
        var treeReport: [String: (cases: Int, exact: Int)] = [:]
        var inexact: [String] = []
        for fixture in ParityCase.cases(in: URL(fileURLWithPath: folder)) {
            let version = String(fixture.name.prefix { $0 != "/" })
            do {
                let comparison = try ParityComparison(fixture)
                var line = report[version] ?? (0, 0, 0, 0)
                line.cases += 1
                line.numbers += comparison.numberCount
                line.worst = max(line.worst, comparison.worstError)
                line.mismatches += comparison.labelMismatches
                report[version] = line
                if comparison.hasTrees {
                    treeReport[version, default: (0, 0)].cases += 1
                    if comparison.inexactCount == 0 {
                        treeReport[version, default: (0, 0)].exact += 1
                    } else {
                        let outputs = comparison.inexactOutputs.sorted().joined(separator: ", ")
                        inexact.append(
                            "\(fixture.name): \(comparison.inexactCount) of \(comparison.numberCount) numbers, in "
                                + "\(outputs), by \(comparison.worstError) at most")
                    }
                }
                guard let first = comparison.differences.first else { continue }
                print("\(fixture.name): \(first), and \(comparison.differences.count - 1) more")
            } catch {
                print("\(fixture.name): \(error)")
            }
            failures += 1
        }
        print("version     cases     numbers  worst error  label mismatches")
        for (version, line) in report.sorted(by: { $0.key < $1.key }) {
            print(version, line.cases, line.numbers, line.worst, line.mismatches, separator: "    ")
        }
        print("trees       cases     equal to the last bit")
        for (version, line) in treeReport.sorted(by: { $0.key < $1.key }) {
            print(version, line.cases, line.exact, separator: "    ")
        }
        for line in inexact { print("not to the last bit:", line) }
        #expect(failures == 0)
        #expect(!report.isEmpty, "no case in the folder")
    }
}
