import InferenceEngine
import ModelFormats
import ModelIR
import TensorCore
import Testing

/// Files of the binary format whose offsets, places and rows share what only one may have.
@Suite struct CatBoostBinaryHostileTests {
    private static func refusal(of file: CatBoostBinary) -> ImportError? {
        let bytes = file.bytes
        do throws(ImportError) {
            _ = try ModelCompiler.compile(CatBoostImporter().importModel(bytes.span).graph, outputs: .all)
            return nil
        } catch {
            return error
        }
    }

    /// One tree of three nodes: a test, and two leaves.
    private static let unsymmetric: CatBoostBinary = {
        var file = CatBoostBinary()
        file.nodes = [(1, 2, 0), (0, 0, 0), (0, 0, 1)]
        file.sizes = [3]
        return file
    }()

    @Test func takesTheFilesThatTheOthersBreak() {
        var file = CatBoostBinary()
        #expect(Self.refusal(of: file) == nil)
        file.categoryCount = 1
        file.oneHotCount = 1
        file.hashes = [7, 9]
        #expect(Self.refusal(of: file) == nil)
        file.rows = [1, 0]
        #expect(Self.refusal(of: file) == nil)
        #expect(Self.refusal(of: Self.unsymmetric) == nil)
    }

    @Test func boundsWhatSharedOffsetsRead() throws {
        var file = CatBoostBinary()
        file.categoryCount = 1
        file.oneHotCount = 1000
        file.hashes = [UInt32](repeating: 7, count: 1000)
        let error = try #require(Self.refusal(of: file))
        #expect(error.kind == .limit, "\(error)")
        #expect(error.place.hasPrefix("slot 1"), "\(error)")
    }

    @Test func refusesAFeatureTwice() throws {
        var file = CatBoostBinary()
        file.floatCount = 2
        var error = try #require(Self.refusal(of: file))
        #expect(error.kind == .malformed && error.found == "float feature 0 again", "\(error)")
        file.floatCount = 1
        file.categoryCount = 2
        error = try #require(Self.refusal(of: file))
        #expect(error.kind == .malformed && error.found == "categorical feature 0 again", "\(error)")
    }

    @Test func refusesTreesThatShareNodes() throws {
        var file = Self.unsymmetric
        file.sizes = [3, 3]
        file.starts = [0, 0]
        let error = try #require(Self.refusal(of: file))
        #expect(error.kind == .malformed && error.place == "tree 1", "\(error)")
    }

    @Test func refusesNodesThatShareLeaves() throws {
        var file = Self.unsymmetric
        file.nodes[2].leaf = 0
        file.leafValues = [1]
        let error = try #require(Self.refusal(of: file))
        #expect(error.kind == .malformed && error.place == "leaf ids[2]", "\(error)")
    }

    @Test func refusesEntriesThatShareARow() throws {
        var file = CatBoostBinary()
        file.categoryCount = 1
        file.rows = [0, 1, 0]
        let error = try #require(Self.refusal(of: file))
        #expect(error.kind == .malformed && error.place == "ctr table 0", "\(error)")
        #expect(error.found == "row 0 again", "\(error)")
    }
}

/// A small `.cbm` whose parts can be changed: a tree over one number, beside it a category.
private struct CatBoostBinary {
    /// How often the one feature of each kind is named.
    var floatCount = 1
    var categoryCount = 0
    var oneHotCount = 0
    var hashes: [UInt32] = []
    /// Of trees that are not symmetric; empty for one that is.
    var nodes: [(left: UInt16, right: UInt16, leaf: UInt32)] = []
    var sizes: [UInt32] = [1]
    var starts: [UInt32] = [0]
    var leafValues: [Double] = [1, 2]
    /// The rows that the entries of the category's counts name; empty without a statistic.
    var rows: [UInt32] = []

    var bytes: [UInt8] {
        var core = FlatBufferWriter()
        let root = core.table([0, 1], at: 0)
        core.vector("FlabuffersModel_v1".utf8.count, Array("FlabuffersModel_v1".utf8), at: root[0])
        let trees = core.table([1, 2, 3, 4, 5, 6, 7, 8, 10, 11], at: root[1])
        core.words([UInt32](repeating: 0, count: max(nodes.count, 1)), at: trees[1])
        core.words(sizes, at: trees[2])
        core.words(starts, at: trees[3])
        core.vector(
            leafValues.count, leafValues.flatMap { FlatBufferWriter.bytes(of: $0.bitPattern) }, at: trees[8])
        core.words(nodes.map { UInt32($0.left) | UInt32($0.right) << 16 }, at: trees[10])
        core.words(nodes.map { $0.leaf }, at: trees[11])
        let number = core.tables(floatCount, [1, 2, 3], at: trees[5])
        core.words([Float(1.5).bitPattern], at: number[3])
        let category = core.tables(categoryCount, [0, 1], at: trees[4])
        core.set(1, at: category[1])
        let oneHot = core.tables(oneHotCount, [0, 1], at: trees[6])
        core.words(hashes, at: oneHot[1])
        let statistic = core.tables(rows.isEmpty ? 0 : 1, [0, 1], at: trees[7])
        core.words([Float(0.5).bitPattern], at: statistic[1])
        let model = core.table([0], at: statistic[0])
        Self.appendBase(to: &core, at: model[0])
        var file = Array("CBM1".utf8) + FlatBufferWriter.bytes(of: UInt32(core.bytes.count)) + core.bytes
        guard let last = rows.max() else { return file }
        var counts = FlatBufferWriter()
        let table = counts.table([0, 1, 2], at: 0)
        Self.appendBase(to: &counts, at: table[0])
        let entries = rows.enumerated().flatMap {
            FlatBufferWriter.bytes(of: UInt64($0.offset)) + FlatBufferWriter.bytes(of: $0.element)
        }
        counts.vector(entries.count, entries, at: table[1])
        let rowBytes = 4 * (Int(last) + 1)
        counts.vector(rowBytes, [UInt8](repeating: 0, count: rowBytes), at: table[2])
        file += FlatBufferWriter.bytes(of: UInt32(1)) + FlatBufferWriter.bytes(of: UInt32(counts.bytes.count))
        return file + counts.bytes
    }

    /// The counts of category 0.
    private static func appendBase(to writer: inout FlatBufferWriter, at owner: Int) {
        let base = writer.table([0, 1], at: owner)
        writer.set(4, at: base[1])
        let combination = writer.table([0], at: base[0])
        writer.words([0], at: combination[0])
    }
}

/// Writes FlatBuffers tables whose fields take four bytes: numbers, or offsets to what is written after them.
private struct FlatBufferWriter {
    struct Table {
        let start: Int
        let slots: [Int]

        /// Where the field of a slot lies.
        subscript(slot: Int) -> Int { start + 4 + 4 * (slots.firstIndex(of: slot) ?? slots.count) }
    }

    /// The root's offset first.
    private(set) var bytes = [UInt8](repeating: 0, count: 4)

    static func bytes(of value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    mutating func set(_ value: UInt32, at place: Int) {
        bytes.replaceSubrange(place..<place + 4, with: Self.bytes(of: value))
    }

    /// A table with those slots, all zero, to which the offset at `owner` leads.
    mutating func table(_ slots: [Int], at owner: Int) -> Table {
        let table = append(slots)
        set(UInt32(table.start - owner), at: owner)
        return table
    }

    /// A vector of tables that are all the same one.
    mutating func tables(_ count: Int, _ slots: [Int], at owner: Int) -> Table {
        vector(count, [UInt8](repeating: 0, count: 4 * count), at: owner)
        let end = bytes.count
        let table = append(slots)
        for place in stride(from: end - 4 * count, to: end, by: 4) { set(UInt32(table.start - place), at: place) }
        return table
    }

    mutating func words(_ values: [UInt32], at owner: Int) {
        vector(values.count, values.flatMap { Self.bytes(of: $0) }, at: owner)
    }

    mutating func vector(_ count: Int, _ elements: [UInt8], at owner: Int) {
        set(UInt32(bytes.count - owner), at: owner)
        bytes += Self.bytes(of: UInt32(count)) + elements
    }

    private mutating func append(_ slots: [Int]) -> Table {
        let directory = bytes.count
        let count = (slots.max() ?? -1) + 1
        bytes += Self.bytes(of: UInt16(4 + 2 * count)) + Self.bytes(of: UInt16(4 + 4 * slots.count))
        for slot in 0..<count {
            let place = slots.firstIndex(of: slot)
            bytes += Self.bytes(of: UInt16(place.map { 4 + 4 * $0 } ?? 0))
        }
        let start = bytes.count
        bytes += Self.bytes(of: UInt32(start - directory)) + [UInt8](repeating: 0, count: 4 * slots.count)
        return Table(start: start, slots: slots)
    }
}
