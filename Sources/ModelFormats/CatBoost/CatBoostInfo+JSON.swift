internal import ByteCoding
internal import ModelIR

extension CatBoostInfo {
    /// Reads the object `params`: `{"loss_function": {"type": ...}, ...}`.
    mutating func readParameters(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard reader.equals(key, "loss_function"), try reader.peek() == .object else {
                _ = try reader.skipValue()
                continue
            }
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if reader.equals(key, "type"), try reader.peek() == .string {
                    let token = try reader.readString()
                    loss = reader.string(token)
                } else {
                    _ = try reader.skipValue()
                }
            }
        }
    }

    /// Reads the object `class_params`: `{"class_label_type": ..., "class_names": [...], ...}`.
    mutating func readClasses(_ reader: inout JSONReader) throws(JSONError) {
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "class_label_type"), try reader.peek() == .string {
                let token = try reader.readString()
                labelType = reader.string(token)
            } else if reader.equals(key, "class_names"), try reader.peek() == .array {
                try reader.beginArray()
                while try reader.nextElement() { classNames.append(try Self.name(&reader)) }
            } else {
                _ = try reader.skipValue()
            }
        }
    }

    /// A class as text; `readLabels` makes of it what the label type says.
    private static func name(_ reader: inout JSONReader) throws(JSONError) -> String {
        switch try reader.peek() {
        case .string:
            let token = try reader.readString()
            return reader.string(token)
        case .bool: return try reader.readBool() ? "True" : "False"
        case .number:
            switch try reader.readNumber() {
            case .int64(let value): return "\(value)"
            case .uint64(let value): return "\(value)"
            case .double(let value): return "\(value)"
            }
        default:
            _ = try reader.skipValue()
            return ""
        }
    }

    /// Reads a text of JSON from the information that a binary model keeps by key.
    mutating func read(_ text: String, key: String) throws(ImportError) {
        let bytes = Array(text.utf8)
        do throws(JSONError) {
            var reader = JSONReader(bytes.span, limits: JSONLimits(allowsNonFinite: true))
            switch key {
            case "params": try readParameters(&reader)
            case "class_params": try readClasses(&reader)
            case "binclass_probability_threshold": hasThreshold = true
            default: break
            }
        } catch {
            throw ImportError(error, at: "info \(key)")
        }
    }
}
