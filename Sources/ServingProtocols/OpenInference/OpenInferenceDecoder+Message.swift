internal import ByteCoding
internal import HTTPCore
internal import InferenceAPI
internal import TensorCore

/// Requests over gRPC:
///
///     ModelInferRequest            InferInputTensor              InferTensorContents
///     string model_name = 1        string name = 1               repeated bool bool_contents = 1
///     string model_version = 2     string datatype = 2           repeated int32 int_contents = 2
///     string id = 3                repeated int64 shape = 3      repeated int64 int64_contents = 3
///     map parameters = 4           map parameters = 4            repeated uint32 uint_contents = 4
///     repeated inputs = 5          InferTensorContents           repeated uint64 uint64_contents = 5
///     repeated outputs = 6             contents = 5              repeated float fp32_contents = 6
///     repeated bytes                                             repeated double fp64_contents = 7
///         raw_input_contents = 7                                 repeated bytes bytes_contents = 8
///
/// Contents are all raw, one entry an input and in their order, or all typed.
extension OpenInferenceDecoder {
    mutating func decodeMessage(
        _ message: Span<UInt8>, of model: OpenInferenceModel, into batch: inout RowBatch
    ) throws(InferenceError) -> OpenInferenceRequest {
        var request = OpenInferenceRequest()
        inputRanges.removeAll(keepingCapacity: true)
        rawRanges.removeAll(keepingCapacity: true)
        let inputsMax = batch.layout.width + NativeRequestDecoder.unknownColumnsMax
        var reader = MessageReader(message)
        while let field = try reader.nextField() {
            switch field.number {
            case 3:
                let id = try reader.bytes(field)
                guard id.count <= Self.idBytesMax else { throw .tooLarge(limit: "\(Self.idBytesMax) bytes of id") }
                guard UTF8Scalar.areValid(in: id) else {
                    throw .malformed(InferenceProblem(pointer: "/id", detail: "the id is not UTF-8"))
                }
                if request.id.capacity == 0 { request.id = takeSpare() }
                request.id.removeAll(keepingCapacity: true)
                for index in id.indices { request.id.append(id[index]) }
            case 4:
                var entry = try reader.message(field)
                try Self.readParameter(&entry, &request.terms)
            case 5:
                guard inputRanges.count < inputsMax else { throw .tooLarge(limit: "\(inputsMax) inputs") }
                inputRanges.append(try reader.range(field))
            case 6:
                var output = try reader.message(field)
                try readOutput(&output, model, &request)
            case 7:
                guard rawRanges.count < inputsMax else { throw .tooLarge(limit: "\(inputsMax) inputs") }
                rawRanges.append(try reader.range(field))
            default: try reader.skip(field)
            }
        }
        guard rawRanges.isEmpty || rawRanges.count == inputRanges.count else {
            throw .malformed(
                InferenceProblem(
                    pointer: "/raw_input_contents", detail: "raw contents are one entry an input",
                    expected: "\(inputRanges.count)", found: "\(rawRanges.count)"))
        }
        request.wire = rawRanges.isEmpty ? .typedCall : .rawCall
        for place in 0..<inputRanges.count {
            try readInput(message, place, into: &batch)
            inputCount += 1
        }
        try finish(batch)
        return request
    }

    /// One entry of the request's parameters; what is not known is passed over.
    static func readParameter(
        _ entry: inout MessageReader, _ terms: inout OpenInferenceTerms
    ) throws(InferenceError) {
        enum Key { case timeout, priority, sequence, other }
        var key = Key.other
        var number: Int64?
        var isSomething = false
        while let field = try entry.nextField() {
            switch field.number {
            case 1:
                let name = try entry.bytes(field)
                key =
                    name.equals("timeout")
                    ? .timeout : name.equals("priority") ? .priority : name.equals("sequence_id") ? .sequence : .other
            case 2:
                var value = try entry.message(field)
                while let choice = try value.nextField() {
                    switch choice.number {
                    case 2: number = try value.int64(choice)
                    case 3: isSomething = try !value.range(choice).isEmpty
                    case 5: number = Int64(clamping: try value.uint64(choice))
                    default: try value.skip(choice)
                    }
                }
            default: try entry.skip(field)
            }
        }
        switch key {
        case .timeout:
            guard let number, terms.setTimeout(microseconds: number) else {
                throw notInteger("/parameters/timeout", found: number.map { "\($0)" } ?? "another value")
            }
        case .priority:
            guard let number, terms.setPriority(number) else {
                throw notInteger("/parameters/priority", found: number.map { "\($0)" } ?? "another value")
            }
        case .sequence: if isSomething || number ?? 0 != 0 { throw notServed("sequences are", pointer: "/parameters") }
        case .other: break
        }
    }

    private func readOutput(
        _ output: inout MessageReader, _ model: OpenInferenceModel, _ request: inout OpenInferenceRequest
    ) throws(InferenceError) {
        var found: (output: Int, isAlias: Bool)?
        while let field = try output.nextField() {
            switch field.number {
            case 1: found = try self.output(named: try output.bytes(field), of: model)
            case 2:
                var entry = try output.message(field)
                try Self.refuseOutputExtension(&entry)
            default: try output.skip(field)
            }
        }
        guard let found else {
            throw .malformed(InferenceProblem(pointer: "/outputs", detail: "an output has no name"))
        }
        try add(found, isBinary: nil, to: &request, model)
    }

    /// Refuses a parameter of an output that would change its meaning.
    private static func refuseOutputExtension(_ entry: inout MessageReader) throws(InferenceError) {
        let pointer = "/outputs"
        let parameter = try TensorParameter(&entry)
        if parameter.name == .sharedMemory { throw notServed("shared memory is", pointer: pointer) }
        if parameter.name == .classification, !parameter.isNothing {
            throw notServed("the classification extension is", pointer: pointer)
        }
    }

    /// Refuses a parameter of an input that would change its meaning.
    private static func refuseInputExtension(
        _ entry: inout MessageReader, _ input: TensorInput
    ) throws(InferenceError) {
        let parameter = try TensorParameter(&entry)
        if parameter.name == .sharedMemory { throw notServed("shared memory is", pointer: input.pointer) }
        if parameter.name == .contentType, parameter.isRefusedContentType {
            throw refusedContentType(pointer: input.pointer)
        }
    }

    private mutating func readInput(
        _ message: Span<UInt8>, _ place: Int, into batch: inout RowBatch
    ) throws(InferenceError) {
        var input = TensorInput(number: place)
        var contents: Range<Int>?
        let start = inputRanges[place].lowerBound
        let bytes = message.extracting(inputRanges[place])
        input.hasName = true
        input.hasShape = true
        var reader = MessageReader(bytes)
        while let field = try reader.nextField() {
            switch field.number {
            case 1:
                let range = try reader.range(field)
                input.name = start + range.lowerBound..<start + range.upperBound
                input.column = batch.layout.index(ofName: bytes.extracting(range), hint: place) ?? -1
            case 2:
                guard let type = TensorType(try reader.bytes(field)) else {
                    throw input.invalid(
                        "the datatype is not known", expected: "BOOL, UINT8 ... INT64, FP16 ... FP64 or BYTES")
                }
                input.type = type
            case 3:
                var lengths = try reader.elements(of: field, .varint)
                while !lengths.isAtEnd { try input.append(length: Int64(bitPattern: try lengths.readVarint())) }
            case 4:
                var entry = try reader.message(field)
                try Self.refuseInputExtension(&entry, input)
            case 5:
                guard contents == nil else { throw input.invalid("the contents come twice") }
                let range = try reader.range(field)
                contents = start + range.lowerBound..<start + range.upperBound
            default: try reader.skip(field)
            }
        }
        guard input.type != nil else { throw input.invalid("the input has no datatype") }
        if !rawRanges.isEmpty {
            guard contents?.isEmpty ?? true else {
                throw input.invalid("raw and typed contents are mixed", expected: "one of them for all inputs")
            }
            return try readBinary(message.extracting(rawRanges[place]), input, message, into: &batch)
        }
        try readContents(message.extracting(contents ?? 0..<0), input, message, into: &batch)
    }

    // MARK: Typed contents

    private mutating func readContents(
        _ contents: Span<UInt8>, _ input: TensorInput, _ message: Span<UInt8>, into batch: inout RowBatch
    ) throws(InferenceError) {
        guard let type = input.type else { preconditionFailure("the input is announced") }
        guard let number = Self.contentsField(of: type) else {
            throw input.invalid("\(type.name) has no typed contents", expected: "raw_input_contents")
        }
        // An element has a byte at least.
        let target = try place(input, bytes: contents.count, body: message, into: &batch)
        var position = 0
        var reader = MessageReader(contents)
        while let field = try reader.nextField() {
            guard field.number == number else {
                guard field.number > 8 else {
                    throw input.invalid("the contents are not of the datatype", expected: "\(type.name)")
                }
                try reader.skip(field)
                continue
            }
            switch type {
            case .bytes:
                guard position < input.elements else { throw tooLong(input) }
                let text = try reader.bytes(field)
                try set(bytes: text, isValid: false, position, target, input, into: &batch)
                position += 1
            case .fp32 where field.wireType == .bytes, .fp64 where field.wireType == .bytes:
                // Packed: as in a binary tensor.
                let numbers = try reader.bytes(field)
                let size = type == .fp32 ? 4 : 8
                guard numbers.count % size == 0 else { throw input.invalid("the contents end inside a number") }
                guard numbers.count / size <= input.elements - position else { throw tooLong(input) }
                try set(numbers: numbers, as: type, from: position, target, input, into: &batch)
                position += numbers.count / size
            default:
                let layout: ProtobufWireType = type == .fp32 ? .fixed32 : type == .fp64 ? .fixed64 : .varint
                var elements = try reader.elements(of: field, layout)
                while !elements.isAtEnd {
                    guard position < input.elements else { throw tooLong(input) }
                    let element = try Self.element(&elements, type)
                    guard let element else {
                        let misfit = ColumnValue.Misfit(
                            expected: "a number of the type \(type.name)", found: "another number",
                            detail: "the value does not fit its datatype")
                        throw wrong(misfit, position, target, input, batch.layout)
                    }
                    try set(element, position, target, input, into: &batch)
                    position += 1
                }
            }
        }
        guard position == input.elements else { throw tooShort(input, found: "\(position)") }
    }

    /// nil where the type does not hold the number.
    private static func element(
        _ elements: inout MessageReader, _ type: TensorType
    ) throws(InferenceError) -> TensorElement? {
        switch type {
        case .fp32: return .float(Double(try elements.readFloat()))
        case .fp64: return .float(try elements.readDouble())
        case .bool: return .bool(try elements.readVarint() != 0)
        case .uint64:
            let value = try elements.readVarint()
            return Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
        default:
            let value = Int64(bitPattern: try elements.readVarint())
            guard let range = type.integers, range.contains(value) else { return nil }
            return .integer(value)
        }
    }

    /// The field of `InferTensorContents`; nil for types that are raw only.
    private static func contentsField(of type: TensorType) -> UInt32? {
        switch type {
        case .bool: 1
        case .int8, .int16, .int32: 2
        case .int64: 3
        case .uint8, .uint16, .uint32: 4
        case .uint64: 5
        case .fp32: 6
        case .fp64: 7
        case .bytes: 8
        case .fp16, .bf16: nil
        }
    }
}
