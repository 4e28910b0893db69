package import ModelIR

/// Imports what XGBoost 1.0 and later save as JSON or UBJSON, boosters `gbtree` and `dart`.
///
/// Memory is proportional to the file. Nothing in the file is trusted: see `XGBoostEnsembleBuilder` for what is proven.
package struct XGBoostImporter: ModelImporter {
    package init() {}

    package var name: String { "xgboost" }

    /// Documents begin with one of a few keys, whatever the file is called.
    package func recognizes(_ bytes: Span<UInt8>) -> Bool { Encoding(detecting: bytes) != nil }

    package func importModel(_ bytes: Span<UInt8>) throws(ImportError) -> ImportedModel {
        guard let encoding = Encoding(detecting: bytes) else {
            throw ImportError(
                .unknownFormat, at: "byte 0", found: "something else", expected: "an XGBoost model in JSON or UBJSON")
        }
        let file: XGBoostFile
        switch encoding {
        case .json:
            var source = XGBoostJSONSource(bytes)
            file = try XGBoostFileReader.read(&source)
        case .ubjson:
            var source = XGBoostUBJSONSource(bytes)
            file = try XGBoostFileReader.read(&source)
        }
        let model = try XGBoostModel(file)
        return ImportedModel(
            graph: model.graph(), format: encoding.rawValue,
            producer: model.version.isEmpty ? "XGBoost" : "XGBoost \(model.version)", steps: model.steps)
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
