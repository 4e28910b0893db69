internal import ByteCoding
internal import ModelIR

/// A model document in JSON. XGBoost 1 and 2 write bare `NaN` and `Infinity`, so those are numbers here.
struct XGBoostJSONSource: XGBoostSource, ~Escapable {
    private var reader: JSONReader

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) {
        reader = JSONReader(bytes, limits: JSONLimits(allowsNonFinite: true))
    }

    mutating func beginObject(_ place: @autoclosure () -> String) throws(ImportError) {
        do throws(JSONError) { try reader.beginObject() } catch { throw refusal(error, place()) }
    }

    mutating func nextKey(_ place: @autoclosure () -> String) throws(ImportError) -> String? {
        do throws(JSONError) {
            guard let key = try reader.nextKey() else { return nil }
            return XGBoostParameters.key(reader.string(key))
        } catch {
            throw refusal(error, place())
        }
    }

    mutating func beginArray(_ place: @autoclosure () -> String) throws(ImportError) {
        do throws(JSONError) { try reader.beginArray() } catch { throw refusal(error, place()) }
    }

    mutating func nextElement(_ place: @autoclosure () -> String) throws(ImportError) -> Bool {
        do throws(JSONError) { return try reader.nextElement() } catch { throw refusal(error, place()) }
    }

    mutating func string(_ place: @autoclosure () -> String) throws(ImportError) -> String {
        do throws(JSONError) {
            let token = try reader.readString()
            return reader.string(token)
        } catch {
            throw refusal(error, place())
        }
    }

    mutating func integers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int32] {
        var values: [Int32] = []
        do throws(JSONError) {
            try reader.beginArray()
            while try reader.nextElement() {
                // XGBoost 1.0 to 1.5 write the default directions as truth values.
                let wide = try reader.peek() == .bool ? try reader.readBool() ? 1 : 0 : try reader.readInt64()
                guard let value = Int32(exactly: wide) else {
                    throw JSONError(offset: reader.offset, reason: .integerOutOfRange)
                }
                values.append(value)
            }
        } catch {
            let element = "\(place())[\(values.count)]"
            guard error.reason == .integerOutOfRange else { throw refusal(error, element) }
            throw ImportError(
                .malformed, at: "\(element) (byte \(error.offset))", found: error.reason.found,
                expected: "an integer of 32 bits")
        }
        return values
    }

    mutating func longIntegers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int64] {
        var values: [Int64] = []
        do throws(JSONError) {
            try reader.beginArray()
            while try reader.nextElement() { values.append(try reader.readInt64()) }
        } catch {
            throw refusal(error, "\(place())[\(values.count)]")
        }
        return values
    }

    mutating func floats(_ place: @autoclosure () -> String) throws(ImportError) -> [Float] {
        var values: [Float] = []
        do throws(JSONError) {
            try reader.beginArray()
            while try reader.nextElement() { values.append(try reader.readFloat()) }
        } catch {
            throw refusal(error, "\(place())[\(values.count)]")
        }
        return values
    }

    mutating func skip(_ place: @autoclosure () -> String) throws(ImportError) {
        do throws(JSONError) { _ = try reader.skipValue() } catch { throw refusal(error, place()) }
    }

    mutating func finish() throws(ImportError) {
        do throws(JSONError) { try reader.finish() } catch { throw refusal(error, "the end") }
    }

    private func refusal(_ error: JSONError, _ place: String) -> ImportError {
        let kind: ImportError.Kind =
            switch error.reason {
            case .unexpectedEnd: .truncated
            case .tooDeep, .stringTooLong, .numberTooLong: .limit
            default: .malformed
            }
        return ImportError(
            kind, at: "\(place) (byte \(error.offset))", found: error.reason.found, expected: error.reason.expected)
    }
}
