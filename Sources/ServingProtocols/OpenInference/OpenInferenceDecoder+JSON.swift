internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import TensorCore

// Requests over HTTP: a JSON document, and binary tensors behind it. The keys of an object may come in any order.
extension OpenInferenceDecoder {
    /// Members of an object that may stand in it once.
    private struct Members: OptionSet {
        let rawValue: UInt8
        static let name = Members(rawValue: 1)
        static let shape = Members(rawValue: 2)
        static let type = Members(rawValue: 4)
        static let data = Members(rawValue: 8)
        static let parameters = Members(rawValue: 16)
        static let inputs = Members(rawValue: 32)
        static let outputs = Members(rawValue: 64)
        static let id = Members(rawValue: 128)

        mutating func note(_ member: Members, pointer: @autoclosure () -> String) throws(InferenceError) {
            guard insert(member).inserted else {
                throw .malformed(InferenceProblem(pointer: pointer(), detail: "the member is given twice"))
            }
        }
    }

    mutating func decodeDocument(
        _ body: Span<UInt8>, jsonBytes: Int?, of model: OpenInferenceModel, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        let length = jsonBytes ?? body.count
        guard length <= body.count else {
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: "Inference-Header-Content-Length is larger than the body",
                    expected: "at most \(body.count)", found: "\(length)"))
        }
        let json = body.extracting(0..<length)
        var request = OpenInferenceRequest()
        var members = Members()
        // The next binary tensor.
        var tail = length
        var reader = RequestReader(json, allowsNonFinite: true)
        try Self.expect(.object, &reader, "the body", pointer: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "inputs") {
                try members.note(.inputs, pointer: "/inputs")
                try readInputs(&reader, json, body, &tail, &request, into: &batch)
            } else if reader.equals(key, "outputs") {
                try members.note(.outputs, pointer: "/outputs")
                if try Self.isNull(&reader) { continue }
                try readOutputs(&reader, model, &request)
            } else if reader.equals(key, "id") {
                try members.note(.id, pointer: "/id")
                try readID(&reader, &request)
            } else if reader.equals(key, "parameters") {
                try members.note(.parameters, pointer: "/parameters")
                if try Self.isNull(&reader) { continue }
                try readParameters(&reader, &request)
            } else {
                try reader.skipValue()
            }
        }
        try reader.finish()
        guard members.contains(.inputs) else {
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: "the request has no inputs", expected: "the member \"inputs\", an array"))
        }
        guard tail == body.count else {
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: "unexpected additional input data behind the last binary tensor",
                    expected: "\(tail) bytes in all", found: "\(body.count)"))
        }
        try finish(batch)
        return request
    }

    /// Of a long body, in which what it asks for is looked for before all of it is read.
    package static let earlyBytes = 4 << 10

    /// The time and the priority that a long body asks for, where its parameters come before its inputs and within the
    /// first ``earlyBytes``, as most clients write them.
    package static func earlyTerms(of body: Span<UInt8>, jsonBytes: Int?) -> OpenInferenceTerms {
        var decoder = OpenInferenceDecoder()
        var request = OpenInferenceRequest()
        let whole = min(jsonBytes ?? body.count, body.count)
        var length = min(whole, earlyBytes)
        if length < whole {
            // A number that is cut would be another one.
            while length > 0, isOfNumber(body[length - 1]) { length -= 1 }
        }
        var reader = RequestReader(body.extracting(0..<length), allowsNonFinite: true)
        do throws(InferenceError) {
            try reader.beginObject()
            while let key = try reader.nextKey(), !reader.equals(key, "inputs") {
                if reader.equals(key, "parameters") {
                    try decoder.readParameters(&reader, &request)
                } else {
                    try reader.skipValue()
                }
            }
        } catch {
            // What is wrong, if it is more than the end of the look, is told when the body is decoded.
        }
        return request.terms
    }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    // MARK: Members of the request

    private mutating func readID(
        _ reader: inout RequestReader, _ request: inout OpenInferenceRequest
    ) throws(InferenceError) {
        if try Self.isNull(&reader) { return }
        try Self.expect(.string, &reader, "the id", pointer: "/id")
        let token = try reader.readString()
        guard token.range.count <= Self.idBytesMax else { throw .tooLarge(limit: "\(Self.idBytesMax) bytes of id") }
        var id = takeSpare()
        reader.append(token, to: &id)
        request.id = id
    }

    private mutating func readParameters(
        _ reader: inout RequestReader, _ request: inout OpenInferenceRequest
    ) throws(InferenceError) {
        try Self.expect(.object, &reader, "this", pointer: "/parameters")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "timeout") {
                let number = try readInteger(&reader, pointer: "/parameters/timeout")
                guard request.terms.setTimeout(microseconds: number) else {
                    throw Self.notInteger("/parameters/timeout", found: "\(number)")
                }
            } else if reader.equals(key, "priority") {
                let number = try readInteger(&reader, pointer: "/parameters/priority")
                guard request.terms.setPriority(number) else {
                    throw Self.notInteger("/parameters/priority", found: "\(number)")
                }
            } else if reader.equals(key, "binary_data_output") {
                request.wantsBinary = try readBool(&reader, pointer: "/parameters/binary_data_output")
            } else if reader.equals(key, "content_type") {
                request.isFrame = try readText(&reader) { $0.equals("pd") }
            } else if reader.equals(key, "sequence_id") {
                guard try isNothing(&reader) else { throw Self.notServed("sequences are", pointer: "/parameters") }
            } else {
                try reader.skipValue()
            }
        }
    }

    private mutating func readOutputs(
        _ reader: inout RequestReader, _ model: OpenInferenceModel, _ request: inout OpenInferenceRequest
    ) throws(InferenceError) {
        try Self.expect(.array, &reader, "this", pointer: "/outputs")
        try reader.beginArray()
        while try reader.nextElement() {
            let pointer = "/outputs"
            try Self.expect(.object, &reader, "an output", pointer: pointer)
            try reader.beginObject()
            var found: (output: Int, isAlias: Bool)?
            var isBinary: Bool?
            while let key = try reader.nextKey() {
                if reader.equals(key, "name") {
                    try Self.expect(.string, &reader, "a name", pointer: pointer)
                    let token = try reader.readString()
                    scratch.removeAll(keepingCapacity: true)
                    reader.append(token, to: &scratch)
                    found = try output(named: scratch.span, of: model)
                } else if reader.equals(key, "parameters") {
                    if try Self.isNull(&reader) { continue }
                    isBinary = try readOutputParameters(&reader)
                } else {
                    try reader.skipValue()
                }
            }
            guard let found else {
                throw .malformed(
                    InferenceProblem(pointer: pointer, detail: "an output has no name", expected: "the member \"name\"")
                )
            }
            try add(found, isBinary: isBinary, to: &request, model)
        }
    }

    private mutating func readOutputParameters(_ reader: inout RequestReader) throws(InferenceError) -> Bool? {
        var isBinary: Bool?
        try Self.expect(.object, &reader, "this", pointer: "/outputs")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "binary_data") {
                isBinary = try readBool(&reader, pointer: "/outputs")
            } else if reader.equals(key, "classification") {
                guard try isNothing(&reader) else {
                    throw Self.notServed("the classification extension is", pointer: "/outputs")
                }
            } else if reader.equals(key, "shared_memory_region") {
                throw Self.notServed("shared memory is", pointer: "/outputs")
            } else {
                try reader.skipValue()
            }
        }
        return isBinary
    }

    // MARK: Inputs

    private mutating func readInputs(
        _ reader: inout RequestReader, _ json: Span<UInt8>, _ body: Span<UInt8>, _ tail: inout Int,
        _ request: inout OpenInferenceRequest, into batch: inout RowBatch
    ) throws(InferenceError) {
        try Self.expect(.array, &reader, "this", pointer: "/inputs")
        try reader.beginArray()
        while try reader.nextElement() {
            try readInput(&reader, json, body, &tail, into: &batch)
            inputCount += 1
        }
    }

    private mutating func readInput(
        _ reader: inout RequestReader, _ json: Span<UInt8>, _ body: Span<UInt8>, _ tail: inout Int,
        into batch: inout RowBatch
    ) throws(InferenceError) {
        var input = TensorInput(number: inputCount)
        var members = Members()
        var binaryBytes: Int?
        var dataOffset: Int?
        var isRead = false
        guard try reader.peekValue() == .object else {
            throw input.invalid("this is not an input", expected: "an object")
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "name") {
                try members.note(.name, pointer: input.pointer)
                try readName(&reader, &input, batch.layout)
            } else if reader.equals(key, "shape") {
                try members.note(.shape, pointer: input.pointer)
                try readShape(&reader, &input)
            } else if reader.equals(key, "datatype") {
                try members.note(.type, pointer: input.pointer)
                try readType(&reader, &input)
            } else if reader.equals(key, "data") {
                try members.note(.data, pointer: input.pointer)
                if input.isAnnounced {
                    let target = try place(input, bytes: json.count, body: body, into: &batch)
                    try readData(&reader, input, target, into: &batch)
                    isRead = true
                } else {
                    dataOffset = try reader.skipValue().lowerBound
                }
            } else if reader.equals(key, "parameters") {
                try members.note(.parameters, pointer: input.pointer)
                if try Self.isNull(&reader) { continue }
                binaryBytes = try readInputParameters(&reader, input)
            } else {
                try reader.skipValue()
            }
        }
        guard input.isAnnounced else {
            let missing = input.hasName ? input.hasShape ? "datatype" : "shape" : "name"
            throw .malformed(
                InferenceProblem(
                    pointer: input.pointer, detail: "the input is not described", expected: "the member \"\(missing)\"")
            )
        }
        if let binaryBytes {
            guard !members.contains(.data) else {
                throw input.invalid("the input has data in JSON and in binary", expected: "one of them")
            }
            guard binaryBytes <= body.count - tail else {
                throw input.invalid(
                    "binary_data_size is larger than the rest of the body", expected: "at most \(body.count - tail)",
                    found: "\(binaryBytes)")
            }
            try readBinary(body.extracting(tail..<tail + binaryBytes), input, body, into: &batch)
            tail += binaryBytes
        } else if !isRead {
            guard let dataOffset else {
                guard input.elements == 0 else { throw input.invalid("the input has no data") }
                _ = try place(input, bytes: 0, body: body, into: &batch)
                return
            }
            let target = try place(input, bytes: json.count, body: body, into: &batch)
            var data = RequestReader(json, at: dataOffset, allowsNonFinite: true)
            try readData(&data, input, target, into: &batch)
        }
    }

    private mutating func readName(
        _ reader: inout RequestReader, _ input: inout TensorInput, _ layout: RowLayout
    ) throws(InferenceError) {
        try Self.expect(.string, &reader, "a name", pointer: input.pointer)
        let token = try reader.readString()
        input.name = token.range
        input.hasName = true
        if token.hasEscapes {
            scratch.removeAll(keepingCapacity: true)
            reader.append(token, to: &scratch)
            input.column = layout.index(ofName: scratch.span, hint: input.number) ?? -1
        } else {
            input.column = layout.index(ofName: reader.bytes(of: token), hint: input.number) ?? -1
        }
    }

    private func readShape(_ reader: inout RequestReader, _ input: inout TensorInput) throws(InferenceError) {
        try Self.expect(.array, &reader, "a shape", pointer: input.pointer)
        input.hasShape = true
        try reader.beginArray()
        while try reader.nextElement() {
            guard try reader.peekValue() == .number, case .int64(let length) = try reader.readNumber() else {
                throw input.invalid("a length of the shape is no whole number", expected: "0 or more")
            }
            try input.append(length: length)
        }
    }

    private func readType(_ reader: inout RequestReader, _ input: inout TensorInput) throws(InferenceError) {
        try Self.expect(.string, &reader, "a datatype", pointer: input.pointer)
        let token = try reader.readString()
        guard let type = TensorType(reader.bytes(of: token)) else {
            throw input.invalid("the datatype is not known", expected: "BOOL, UINT8 ... INT64, FP16 ... FP64 or BYTES")
        }
        input.type = type
    }

    /// - Returns: `binary_data_size`; nil where it is not there.
    private mutating func readInputParameters(
        _ reader: inout RequestReader, _ input: TensorInput
    ) throws(InferenceError) -> Int? {
        try Self.expect(.object, &reader, "this", pointer: input.pointer)
        var size: Int?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.equals(key, "binary_data_size") {
                let number = try readInteger(&reader, pointer: input.pointer)
                guard number >= 0, let count = Int(exactly: number) else {
                    throw Self.notInteger(input.pointer, found: "\(number)")
                }
                size = count
            } else if reader.equals(key, "content_type") {
                if try readText(&reader, where: Self.isRefusedContentType) {
                    throw Self.refusedContentType(pointer: input.pointer)
                }
            } else if reader.equals(key, "shared_memory_region") {
                throw Self.notServed("shared memory is", pointer: input.pointer)
            } else {
                try reader.skipValue()
            }
        }
        return size
    }

    // MARK: Data in JSON

    private mutating func readData(
        _ reader: inout RequestReader, _ input: TensorInput, _ target: Target, into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let type = input.type else { preconditionFailure("the input is announced") }
        guard type != .bf16 else { throw input.invalid("BF16 has no form in JSON", expected: "FP32, or binary data") }
        guard try reader.peekValue() == .array else { throw input.invalid("the data are no array") }
        // Numbers that may be written as they are: of a matrix, and in one go.
        var first: Int?
        if type == .fp32 || type == .fp64, let (start, stride) = slots(target, batch.layout), stride == 1 {
            first = start
        }
        var position = 0
        var depth = 1
        try reader.beginArray()
        while depth > 0 {
            if let first, position < input.elements {
                let start = first + position
                var doubles = batch.doubleSlots
                let count = reader.readDoubles(bits: &doubles, at: start..<first + input.elements)
                if type == .fp32 {
                    for slot in start..<start + count {
                        doubles[slot] = Double(Float(Double(bitPattern: doubles[slot]))).bitPattern
                    }
                    for slot in start..<start + count where Double(bitPattern: doubles[slot]).isInfinite {
                        throw outOfRange(slot - first, target, input, batch.layout)
                    }
                }
                position += count
            }
            guard try reader.nextElement() else {
                depth -= 1
                continue
            }
            if try reader.peekValue() == .array {
                try reader.beginArray()
                depth += 1
                continue
            }
            guard position < input.elements else { throw tooLong(input) }
            try readElement(&reader, type, position, target, input, into: &batch)
            position += 1
        }
        guard position == input.elements else { throw tooShort(input, found: "\(position)") }
    }

    private mutating func readElement(
        _ reader: inout RequestReader, _ type: TensorType, _ position: Int, _ target: Target, _ input: TensorInput,
        into batch: inout RowBatch
    ) throws(InferenceError) {
        let kind = try reader.peekValue()
        let element: TensorElement
        switch (kind, type) {
        case (.null, _):
            try reader.readNull()
            element = .missing
        case (.bool, .bool): element = .bool(try reader.readBool())
        case (.string, .bytes):
            let token = try reader.readString()
            guard token.hasEscapes else {
                let text = reader.bytes(of: token)
                return try set(bytes: text, isValid: true, position, target, input, into: &batch)
            }
            var text: [UInt8] = []
            swap(&text, &scratch)
            defer { swap(&text, &scratch) }
            text.removeAll(keepingCapacity: true)
            reader.append(token, to: &text)
            return try set(bytes: text.span, isValid: true, position, target, input, into: &batch)
        case (.number, _) where type.isFloat:
            let value = try reader.readDouble()
            let narrow: Double =
                switch type {
                case .fp16: Double(Float16(value))
                case .fp32: Double(Float(value))
                default: value
                }
            guard narrow.isInfinite == value.isInfinite else { throw outOfRange(position, target, input, batch.layout) }
            element = .float(narrow)
        case (.number, _) where type != .bool && type != .bytes:
            guard let integer = Self.integer(try reader.readNumber(), type) else {
                let misfit = ColumnValue.Misfit(
                    expected: "a whole number of the type \(type.name)", found: "another number",
                    detail: "the value does not fit its datatype")
                throw wrong(misfit, position, target, input, batch.layout)
            }
            element = integer
        default:
            let misfit = ColumnValue.Misfit(
                expected: "a value of the type \(type.name)", found: ColumnValue.describe(kind),
                detail: "the value does not fit its datatype")
            throw wrong(misfit, position, target, input, batch.layout)
        }
        try set(element, position, target, input, into: &batch)
    }

    /// The integer, if the type holds it.
    private static func integer(_ number: JSONNumber, _ type: TensorType) -> TensorElement? {
        switch number {
        case .int64(let value):
            if let range = type.integers { return range.contains(value) ? .integer(value) : nil }
            return value >= 0 ? .integer(value) : nil
        case .uint64(let value): return type == .uint64 ? .unsigned(value) : nil
        // -0, which is written as an integer.
        case .double(let value): return value == 0 && value.sign == .minus ? .integer(0) : nil
        }
    }

    private func outOfRange(
        _ position: Int, _ target: Target, _ input: TensorInput, _ layout: RowLayout
    ) -> InferenceError {
        let misfit = ColumnValue.Misfit(
            expected: "a number that the datatype holds", found: "a larger one",
            detail: "the value does not fit its datatype")
        return wrong(misfit, position, target, input, layout)
    }

    // MARK: Values of members

    private func readInteger(
        _ reader: inout RequestReader, pointer: @autoclosure () -> String
    ) throws(InferenceError) -> Int64 {
        guard try reader.peekValue() == .number, case .int64(let value) = try reader.readNumber() else {
            throw Self.notInteger(pointer(), found: "another value")
        }
        return value
    }

    private func readBool(
        _ reader: inout RequestReader, pointer: @autoclosure () -> String
    ) throws(InferenceError) -> Bool {
        try Self.expect(.bool, &reader, "this", pointer: pointer())
        return try reader.readBool()
    }

    /// What `isMatch` says of a text; false for any other value.
    private func readText(
        _ reader: inout RequestReader, where isMatch: (Span<UInt8>) -> Bool
    ) throws(InferenceError) -> Bool {
        guard try reader.peekValue() == .string else {
            try reader.skipValue()
            return false
        }
        let token = try reader.readString()
        return isMatch(reader.bytes(of: token))
    }

    /// Whether a parameter is there in name only: 0, false, null or an empty text.
    private func isNothing(_ reader: inout RequestReader) throws(InferenceError) -> Bool {
        switch try reader.peekValue() {
        case .number: return try reader.readDouble() == 0
        case .bool: return try !reader.readBool()
        case .string: return try reader.readString().range.isEmpty
        case .null:
            try reader.readNull()
            return true
        case .array, .object, .end: return false
        }
    }

    /// Passes over a null: a member that is not there.
    private static func isNull(_ reader: inout RequestReader) throws(InferenceError) -> Bool {
        guard try reader.peekValue() == .null else { return false }
        try reader.readNull()
        return true
    }

    private static func expect(
        _ kind: JSONKind, _ reader: inout RequestReader, _ what: StaticString, pointer: @autoclosure () -> String
    ) throws(InferenceError) {
        let found = try reader.peekValue()
        guard found != kind else { return }
        // What is not JSON at all is told as that, with its offset.
        try reader.skipValue()
        throw .malformed(
            InferenceProblem(
                pointer: pointer(), detail: "\(what) has the wrong type", expected: ColumnValue.describe(kind),
                found: ColumnValue.describe(found)))
    }

    static func notInteger(_ pointer: String, found: String) -> InferenceError {
        .malformed(
            InferenceProblem(
                pointer: pointer, detail: "this takes a whole number", expected: "0 or more", found: found))
    }

    /// Content types that would make another thing of an input's data.
    static func isRefusedContentType(_ name: Span<UInt8>) -> Bool { name.equals("base64") || name.equals("pd_json") }

    static func refusedContentType(pointer: String) -> InferenceError {
        notServed("the content types base64 and pd_json are", pointer: pointer)
    }

    static func notServed(_ what: String, pointer: String) -> InferenceError {
        .malformed(InferenceProblem(pointer: pointer, detail: "\(what) not served here"))
    }
}
