internal import ByteCoding
internal import ModelIR

/// A model document in JSON.
extension ModelJSONReader: XGBoostSource {
    /// - Parameter bytes: in which XGBoost 1 and 2 write bare `NaN` and `Infinity`, so that those are numbers here.
    @_lifetime(copy bytes)
    init(xgboost bytes: Span<UInt8>) {
        self.init(bytes, limits: JSONLimits(allowsNonFinite: true), keyBytesMax: XGBoostParameters.keyBytesMax)
    }

    mutating func integers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int32] {
        var values: [Int32] = []
        // Where an integer that is none of 32 bits stands: JSON's own bound is another one.
        var wideOffset: Int?
        try read("\(place())[\(values.count)]") { (reader) throws(JSONError) in
            try reader.beginArray()
            while try reader.nextElement() {
                // XGBoost 1.0 to 1.5 write the default directions as truth values.
                let wide = try reader.peek() == .bool ? try reader.readBool() ? 1 : 0 : try reader.readInt64()
                guard let value = Int32(exactly: wide) else { return wideOffset = reader.offset }
                values.append(value)
            }
        }
        if let wideOffset {
            throw ImportError(
                .malformed, at: "\(place())[\(values.count)] (byte \(wideOffset))",
                found: JSONError.Reason.integerOutOfRange.found, expected: "an integer of 32 bits")
        }
        return values
    }

    mutating func longIntegers(_ place: @autoclosure () -> String) throws(ImportError) -> [Int64] {
        var values: [Int64] = []
        try read("\(place())[\(values.count)]") { (reader) throws(JSONError) in
            try reader.beginArray()
            while try reader.nextElement() { values.append(try reader.readInt64()) }
        }
        return values
    }

    mutating func floats(_ place: @autoclosure () -> String) throws(ImportError) -> [Float] {
        var values: [Float] = []
        try read("\(place())[\(values.count)]") { (reader) throws(JSONError) in
            try reader.beginArray()
            while try reader.nextElement() { values.append(try reader.readFloat()) }
        }
        return values
    }
}
