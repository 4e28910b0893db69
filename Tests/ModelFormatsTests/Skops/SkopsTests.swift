import Compression
import InferenceEngine
import ModelIR
import SeededRandom
import TensorCore
import Testing

@testable import ModelFormats

/// skops files: the same answers as the library, and refusals for everything that is bent.
@Suite struct SkopsTests {
    static let cases = ParityCase.committed("skops")

    @Test(arguments: cases)
    func agreesWithTheLibrary(fixture: ParityCase) throws {
        let comparison = try ParityComparison(fixture)
        #expect(comparison.differences.isEmpty, "\(comparison.differences.prefix(10).joined(separator: "\n"))")
    }

    @Test func namesItsFormat() throws {
        let bytes = try Self.named("mixed_frame").modelBytes
        let model = try SupportedFormats.importers.importModel(bytes.span)
        #expect(model.format == "skops")
        #expect(model.producer == "scikit-learn 1.7.2")
        #expect(model.steps.map(\.path).contains("pipeline/preprocess/numeric/impute"))
    }

    static func named(_ name: String) throws -> ParityCase {
        try #require(cases.first { $0.name.hasSuffix("/" + name) })
    }

    @discardableResult
    static func load(_ bytes: [UInt8]) throws(ImportError) -> CompiledModel {
        try ModelCompiler.compile(SupportedFormats.importers.importModel(bytes.span).graph, outputs: .all)
    }

    // MARK: Bent files

    /// The files of a case, unpacked.
    private static func files(_ name: String) throws -> [(path: String, contents: [UInt8])] {
        let bytes = try named(name).modelBytes
        let archive = try Archive(bytes.span, format: .zip)
        var files: [(path: String, contents: [UInt8])] = []
        for entry in archive.entries { files.append((entry.path, try archive.contents(of: entry, in: bytes.span))) }
        return files
    }

    /// Reads files as the importer does behind the archive.
    private static func read(_ files: [(path: String, contents: [UInt8])]) -> ImportError? {
        importError {
            var bytes: [UInt8] = []
            var ranges: [String: Range<Int>] = [:]
            for file in files {
                ranges[file.path] = bytes.count..<bytes.count + file.contents.count
                bytes += file.contents
            }
            let document = try SkopsReader.read(bytes.span, files: ranges, limits: PickleLimits())
            let model = try ScikitLearnImporter.importModel(document, format: "skops")
            _ = try ModelCompiler.compile(model.graph, outputs: .all)
        }
    }

    private static func schema(_ text: String) -> ImportError? { read([("schema.json", Array(text.utf8))]) }

    @Test(arguments: [
        "", "{", "[]", "{}", "null", #"{"__loader__": 1}"#, #"{"__loader__": "ObjectNode"}"#,
        #"{"__loader__": "ObjectNode", "__class__": "Ridge"}"#,
        #"{"__loader__": "JsonNode", "content": "[1]"}"#, #"{"__loader__": "JsonNode", "content": 1}"#,
        #"{"__loader__": "JsonNode", "content": ""}"#, #"{"__loader__": "JsonNode", "content": "1 2"}"#,
        #"{"__loader__": "ListNode", "content": {}}"#, #"{"__loader__": "TupleNode"}"#,
        #"{"__loader__": "DictNode", "content": {"a": 1}, "key_types": {"content": []}}"#,
        #"{"__loader__": "NdArrayNode", "type": "numpy", "file": "a.npy", "__class__": "ndarray"}"#,
        #"{"__loader__": "NdArrayNode", "type": "other", "__class__": "ndarray"}"#,
        #"""
        {"__loader__": "NdArrayNode", "type": "json", "content": [], "shape": {"__loader__": "JsonNode",\#
         "content": "1"}}
        """#,
        #"{"__loader__": "SliceNode", "content": {"start": [], "stop": null, "step": null}}"#,
        #"{"__loader__": "BytesNode", "file": "x.bin"}"#, #"{"__loader__": "MysteryNode"}"#,
    ])
    func refusesBrokenSchemas(text: String) throws {
        let error = try #require(Self.schema(text))
        #expect(!error.found.isEmpty)
    }

    @Test(arguments: [
        ("os", "system", "FunctionNode"), ("builtins", "eval", "TypeNode"), ("torch", "Module", "ObjectNode"),
        ("__main__", "Mine", "ObjectNode"), ("operator", "methodcaller", "OperatorFuncNode"),
        ("subprocess", "Popen", "ConstructorFromReduceNode"), ("my.package", "f", "PartialNode"),
    ])
    func refusesWhatWouldRun(module: String, name: String, loader: String) throws {
        let error = try #require(
            Self.schema(
                #"{"__class__": "\#(name)", "__module__": "\#(module)", "__loader__": "\#(loader)", "#
                    + #""content": {"__loader__": "TupleNode", "content": []}}"#))
        #expect(error.kind == .unsupported)
        #expect(error.found == "\(module).\(name)")
        #expect(error.place == "schema.json, byte 0")
        #expect(error.remedy?.contains("nothing in a model file is ever run") == true)
    }

    @Test func boundsTheDepth() throws {
        let open = #"{"__loader__": "ListNode", "content": ["#
        #expect(try #require(Self.schema(String(repeating: open, count: 101))).kind == .truncated)
        let nested = String(repeating: open, count: 101) + String(repeating: "]}", count: 101)
        #expect(try #require(Self.schema(nested)).kind == .limit)
        #expect(Self.schema(String(repeating: "[", count: 100_000)) != nil)
    }

    @Test(arguments: ["stored_plainly", "sparse_coefficients", "mixed_frame"])
    func refusesEveryTruncation(name: String) throws {
        let bytes = try Self.named(name).modelBytes
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let cut = Array(bytes[..<length])
            #expect(importError { try Self.load(cut) } != nil, "\(length) of \(bytes.count) bytes")
        }
    }

    /// Changes behind the archive, whose checksums would find most of them.
    @Test(.timeLimit(.minutes(5)), arguments: ["stored_plainly", "text_of_many_kinds", "transposed_array"])
    func survivesMutation(name: String) throws {
        let original = try Self.files(name)
        let seed = UInt64.random(in: 0..<1 << 32)
        print("mutating \(name) from seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var files = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let file = Int.random(in: 0..<files.count, using: &generator)
                guard !files[file].contents.isEmpty else { continue }
                let place = Int.random(in: 0..<files[file].contents.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: files[file].contents[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: files[file].contents.remove(at: place)
                default: files[file].contents.insert(UInt8.random(in: 0x20...0x7E, using: &generator), at: place)
                }
            }
            _ = Self.read(files)
        }
    }

    @Test func readsNumPyFiles() throws {
        func file(_ header: String, _ data: [UInt8], version: UInt8 = 1) throws(ImportError) -> NumPyFile {
            let length = PickleAssembler.little(header.utf8.count, bytes: version == 1 ? 2 : 4)
            let bytes = [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
            return try NumPyFile(bytes.span, 0..<bytes.count, place: "a.npy")
        }
        let plain = try file(
            "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), } \n", [UInt8](repeating: 0, count: 16))
        #expect(plain.shape.extents == [2, 1])
        #expect(plain.order == .fortran)
        #expect(plain.elements.count == 16)
        let structure = try file(
            "{'descr': [('left', '<i8'), ('', '|V4'), ('pair', '<f4', (2,)), (('title', 'x'), '>f4')], "
                + "'fortran_order': False, 'shape': (1,)}", [UInt8](repeating: 0, count: 24), version: 2)
        #expect(structure.dataType.itemBytes == 24)
        #expect(structure.dataType.fields.map(\.name) == ["left", "x"])
        #expect(structure.dataType.fields.map(\.offset) == [0, 20])
        #expect(structure.dataType.fields.last?.dataType.isBigEndian == true)
        for header in [
            "{'descr': '|O', 'fortran_order': False, 'shape': (0,)}",
            "{'descr': '<f9', 'fortran_order': False, 'shape': (0,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': ()}",
            "{'descr': '<f8', 'shape': (0,)}", "[]", "{", "",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807)}",
            "{'descr': [('a', '<f8', (1073741824, 1073741824))], 'fortran_order': False, 'shape': (0,)}",
            String(repeating: "[", count: 1000), "{'descr': '<f8', 'fortran_order': False, 'shape': (0,)} x",
        ] {
            #expect(importError { _ = try file(header, []) } != nil, "\(header)")
        }
    }
}
