import Testing

/// The rules bite: each finds what it is there for, and nothing beside it.
@Suite struct RuleTests {
    @Test(arguments: [
        ("import TensorCore", "TensorCore"), ("internal import Glibc", "Glibc"), ("package import ModelIR", "ModelIR"),
        ("@testable import HTTPCore", "HTTPCore"), ("public import struct Crypto.SHA256", "Crypto"),
        ("@preconcurrency internal import Logging // why", "Logging"),
        ("  import   Synchronization", "Synchronization"),
    ])
    func readsTheModuleOfAnImport(_ line: String, _ module: String) {
        #expect(SourceLine.importedModule(line) == module)
    }

    @Test(arguments: ["// import TensorCore", "let text = \"import A\"", "important import", "import", ""])
    func readsNoModuleElsewhere(_ line: String) {
        #expect(SourceLine.importedModule(line) == nil)
    }

    @Test func leavesOutCommentsAndTexts() {
        #expect(SourceLine.code("let a = 1 // b") == "let a = 1 ")
        #expect(SourceLine.code("let a = \"x // y\" + b") == "let a =  + b")
        #expect(SourceLine.code("f(\"say \\\"hi\\\" now\", c)") == "f(, c)")
    }

    @Test func refusesAnImportAgainstTheLayers() {
        let findings = Rules.imports("Sources/TensorCore/A.swift", ["", "internal import ModelIR"])
        #expect(findings.map(\.description) == ["Sources/TensorCore/A.swift:2: TensorCore may not import ModelIR"])
        #expect(Rules.imports("Sources/ModelIR/A.swift", ["package import TensorCore"]).isEmpty)
    }

    @Test func refusesATransitiveImport() {
        // The server may import the engine, and ServingProtocols must not, though it builds.
        #expect(!Rules.imports("Sources/ServingProtocols/A.swift", ["import InferenceEngine"]).isEmpty)
        #expect(!Rules.imports("Sources/HTTPCore/A.swift", ["internal import Glibc"]).isEmpty)
    }

    @Test(arguments: ["Foundation", "FoundationEssentials", "FoundationNetworking"])
    func refusesFoundation(_ module: String) {
        #expect(!Rules.imports("Sources/ServerApplication/A.swift", ["internal import \(module)"]).isEmpty)
    }

    @Test func refusesAnUnknownTarget() {
        #expect(!Rules.imports("Sources/Mystery/A.swift", ["import TensorCore"]).isEmpty)
    }

    @Test(arguments: [
        "let x = unsafe span[unchecked" + ": 3]", "bytes.with" + "UnsafeBytes { }", "let p: Unsafe" + "Pointer<Int>",
        "let p: Unsafe" + "MutableRawPointer", "unsafe" + "BitCast(a, to: B.self)", "let o: Unman" + "aged<C>",
        "s.extracting(unchecked" + ": r)", "bytes.unsafe" + "LoadUnaligned(fromByteOffset: 0, as: UInt8.self)",
    ])
    func keepsUncheckedAccessInKernels(_ line: String) {
        let findings = Rules.unchecked("Sources/ServingProtocols/A.swift", ["", line])
        #expect(findings.map(\.line) == [2])
        #expect(Rules.unchecked("Sources/InferenceEngine/Kernels/A.swift", [line]).isEmpty)
        #expect(Rules.unchecked("Sources/EventLoop/A.swift", [line]).isEmpty)
        #expect(Rules.unchecked("Sources/HTTPCore/A.swift", ["// " + line]).isEmpty)
    }

    @Test func countsHolesInConcurrencyChecksAndAsksForAReason() {
        let hole = "final class Box: @unchecked " + "Sendable {"
        let explained = Rules.concurrencyHoles("Sources/EventLoop/A.swift", ["// One thread only.", hole])
        #expect(explained.holes.count == 1)
        #expect(explained.unexplained.isEmpty)
        let bare = Rules.concurrencyHoles(
            "Sources/EventLoop/A.swift", ["", hole, "nonisolated" + "(unsafe) let a = 1"])
        #expect(bare.holes.count == 2)
        #expect(bare.unexplained.map(\.line) == [2, 3])
    }

    @Test func findsLongLinesTabsAndUnfinishedWork() {
        let long = String(repeating: "x", count: 121)
        let lines = [long, "\tlet a = 1", "let b = 2 ", "// TO" + "DO: later", String(repeating: "x", count: 120), ""]
        #expect(Rules.layout("Sources/A/B.swift", lines).map(\.line) == [1, 2, 3, 4])
    }

    @Test func findsLongFiles() {
        let fits = [String](repeating: "x", count: 700) + [""]
        #expect(Rules.layout("Sources/A/B.swift", fits).isEmpty)
        #expect(Rules.layout("Sources/A/B.swift", ["x"] + fits).map(\.line) == [0])
    }

    @Test func readsTheManifest() {
        let manifest = """
            func layer(_ name: String) -> Target { }
            layer("A"), layer(
                "B", [
                    "A", crypto,
                ]),
            """
        let layers = ManifestReader.layers(in: manifest)
        #expect(layers.map(\.name) == ["A", "B"])
        #expect(layers.map(\.dependencies) == [[], ["A"]])
    }
}
