package import ModelIR

/// Imports what XGBoost saves: JSON and UBJSON of 1.0 and later, and the old binary format of 0.x to 3.0; boosters
/// `gbtree`, `dart` and `gblinear`.
///
/// Memory is proportional to the file. Nothing in the file is trusted: see `XGBoostEnsembleBuilder` for what is proven.
package struct XGBoostImporter: ModelImporter {
    package init() {}

    package var name: String { "xgboost" }

    /// Documents begin with one of a few keys, whatever the file is called.
    package func recognizes(_ bytes: Span<UInt8>) -> Bool {
        Encoding(detecting: bytes) != nil || Self.isOldBinary(bytes)
    }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        try importModel(bytes, options: ImportOptions())
    }

    package func importModel(_ bytes: Span<UInt8>, options: ImportOptions) throws(ImportError) -> ImportedModel {
        let (file, format) = try Self.read(bytes)
        let model = try XGBoostModel(file, rounds: options.iterationRange)
        var graph = BoosterGraph(model.columns)
        let input = graph.input()
        graph.add(outputs: model.methods(on: input, path: model.booster, in: &graph).outputs)
        return ImportedModel(graph: graph.graph, format: format, producer: model.producer, steps: model.steps)
    }

    /// Reads a model of any encoding.
    /// - Parameter keepsGains: whether the gain of each split is read, which no prediction needs.
    /// - Returns: what it says, and the name of its format.
    static func read(
        _ bytes: Span<UInt8>, keepsGains: Bool = false
    ) throws(ImportError) -> (file: XGBoostFile, format: String) {
        guard let encoding = Encoding(detecting: bytes) else {
            guard isOldBinary(bytes) else {
                throw ImportError(
                    .unknownFormat, at: "byte 0", found: "something else", expected: "an XGBoost model")
            }
            return (try XGBoostBinaryReader.read(bytes), "xgboost-binary")
        }
        switch encoding {
        case .json:
            var source = ModelJSONReader(xgboost: bytes)
            return (try XGBoostFileReader.read(&source, keepsGains: keepsGains), encoding.rawValue)
        case .ubjson:
            var source = XGBoostUBJSONSource(bytes)
            return (try XGBoostFileReader.read(&source, keepsGains: keepsGains), encoding.rawValue)
        }
    }

    /// The model of a handle of version 1.0: `CONFIG-offset:`, the model's length as a 64-bit integer, the model, and a
    /// configuration. Other bytes themselves.
    @_lifetime(copy bytes)
    static func withoutConfiguration(_ bytes: Span<UInt8>) -> Span<UInt8> {
        let mark = Array("CONFIG-offset:".utf8)
        let start = mark.count + 8
        guard bytes.count > start, mark.indices.allSatisfy({ bytes[$0] == mark[$0] }) else { return bytes }
        var length: UInt64 = 0
        for index in 0..<8 { length |= UInt64(bytes[mark.count + index]) << UInt64(8 * index) }
        guard length <= UInt64(bytes.count - start) else { return bytes }
        return bytes.extracting(start..<start + Int(length))
    }

    /// Whether the bytes are what versions up to 3.0 write as `.model`: perhaps `binf`, then 136 bytes of parameters,
    /// then the objective's name behind its length of 64 bits.
    private static func isOldBinary(_ bytes: Span<UInt8>) -> Bool {
        let binf = Array("binf".utf8)
        let start = bytes.count > 4 && binf.indices.allSatisfy { bytes[$0] == binf[$0] } ? 140 : 136
        guard bytes.count > start + 8, (3...40).contains(bytes[start]) else { return false }
        for index in (start + 1)..<(start + 8) where bytes[index] != 0 { return false }
        guard bytes.count >= start + 8 + Int(bytes[start]) else { return false }
        var hasColon = false
        for index in (start + 8)..<(start + 8 + Int(bytes[start])) {
            guard (0x2D...0x7A).contains(bytes[index]) else { return false }
            if bytes[index] == UInt8(ascii: ":") { hasColon = true }
        }
        return hasColon
    }

    /// The two encodings, told apart by what follows the opening brace: a quoted key, or a length with its marker.
    private enum Encoding: String {
        case json = "xgboost-json"
        case ubjson = "xgboost-ubjson"

        init?(detecting bytes: Span<UInt8>) {
            var index = Self.endOfSpaces(bytes, from: 0)
            guard index < bytes.count, bytes[index] == UInt8(ascii: "{") else { return nil }
            let body = index + 1
            index = Self.endOfSpaces(bytes, from: body)
            guard index < bytes.count else { return nil }
            if bytes[index] == UInt8(ascii: "\"") {
                guard Self.beginsWithKey(bytes, at: index + 1, closing: UInt8(ascii: "\"")) else { return nil }
                self = .json
                return
            }
            let widths: [UInt8: Int] = [0x69: 1, 0x55: 1, 0x49: 2, 0x6C: 4, 0x4C: 8]
            guard body < bytes.count, let width = widths[bytes[body]] else { return nil }
            guard Self.beginsWithKey(bytes, at: body + 1 + width, closing: nil) else { return nil }
            self = .ubjson
        }

        private static func endOfSpaces(_ bytes: Span<UInt8>, from start: Int) -> Int {
            var index = start
            while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
            return index
        }

        private static func beginsWithKey(_ bytes: Span<UInt8>, at start: Int, closing: UInt8?) -> Bool {
            for key in ["learner", "version", "Config", "Model"] {
                let expected = Array(key.utf8) + (closing.map { [$0] } ?? [])
                guard bytes.count - start >= expected.count else { continue }
                if expected.indices.allSatisfy({ bytes[start + $0] == expected[$0] }) { return true }
            }
            return false
        }
    }
}
