internal import ByteCoding
internal import ModelIR
internal import TensorCore

/// Reads `vencejo.json` with errors that name the key.
struct BundleReader: ~Escapable {
    private var reader: JSONReader

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        reader = JSONReader(bytes)
    }

    /// Reads an object and hands over each key; each may occur once.
    mutating func object(
        _ place: String, _ member: (inout BundleReader, String) throws(ImportError) -> Void
    ) throws(ImportError) {
        do throws(JSONError) { try reader.beginObject() } catch { throw refusal(error, place) }
        var seen: Set<String> = []
        while true {
            let key: String
            do throws(JSONError) {
                guard let token = try reader.nextKey() else { return }
                key = reader.string(token)
            } catch {
                throw refusal(error, place)
            }
            guard seen.insert(key).inserted else {
                throw BundleDescription.refusal(Self.join(place, key), "the key a second time", "each key once")
            }
            try member(&self, key)
        }
    }

    mutating func array(
        _ place: String, _ element: (inout BundleReader, Int) throws(ImportError) -> Void
    ) throws(ImportError) {
        do throws(JSONError) { try reader.beginArray() } catch { throw refusal(error, place) }
        var count = 0
        while true {
            do throws(JSONError) {
                guard try reader.nextElement() else { return }
            } catch {
                throw refusal(error, place)
            }
            try element(&self, count)
            count += 1
        }
    }

    mutating func text(_ place: String) throws(ImportError) -> String {
        do throws(JSONError) {
            let token = try reader.readString()
            return reader.string(token)
        } catch {
            throw refusal(error, place)
        }
    }

    mutating func number(_ place: String) throws(ImportError) -> Double {
        do throws(JSONError) { return try reader.readDouble() } catch { throw refusal(error, place) }
    }

    mutating func integer(_ place: String) throws(ImportError) -> Int64 {
        do throws(JSONError) { return try reader.readInt64() } catch { throw refusal(error, place) }
    }

    mutating func kind(_ place: String) throws(ImportError) -> JSONKind {
        do throws(JSONError) { return try reader.peek() } catch { throw refusal(error, place) }
    }

    /// A number, text, true, false or null.
    mutating func cell(_ place: String) throws(ImportError) -> CellValue {
        let kind = try kind(place)
        do throws(JSONError) {
            switch kind {
            case .null:
                try reader.readNull()
                return .missing
            case .bool: return .number(try reader.readBool() ? 1 : 0)
            case .number:
                switch try reader.readNumber() {
                case .int64(let value): return .integer(value)
                case .uint64(let value): return .number(Double(value))
                case .double(let value): return .number(value)
                }
            default:
                let token = try reader.readString()
                return .text(reader.string(token))
            }
        } catch {
            throw refusal(error, place)
        }
    }

    mutating func finish() throws(ImportError) {
        do throws(JSONError) { try reader.finish() } catch { throw refusal(error, "the end") }
    }

    static func join(_ place: String, _ key: String) -> String { place.isEmpty ? key : place + "." + key }

    private func refusal(_ error: JSONError, _ place: String) -> ImportError {
        ImportError(
            .malformed, at: "\(BundleDescription.fileName) \(place.isEmpty ? "" : place + " ")(byte \(error.offset))",
            found: error.reason.found,
            expected: error.reason.expected)
    }
}
