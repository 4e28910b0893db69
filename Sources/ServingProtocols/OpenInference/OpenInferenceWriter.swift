internal import ByteCoding
package import InferenceAPI
package import TensorCore

/// Writes answers of the Open Inference Protocol into buffers that are kept from answer to answer.
package struct OpenInferenceWriter: Sendable {
    private var json: JSONWriter
    private var message = ProtobufWriter()
    /// Of binary outputs: all of an answer's over HTTP, one at a time in a message.
    private var raw: [UInt8] = []
    private var integers: [Int64] = []
    private var isMessage = false

    private static let bytesKeptMax = 256 << 10
    /// The JSON before binary tensors is filled up with blanks to a multiple of this, so that the field that tells its
    /// length has few values.
    package static let headerStep = 64

    package init(capacity: Int = 0) { json = JSONWriter(capacity: capacity) }

    /// What was written last.
    package var bytes: [UInt8] { isMessage ? message.bytes : json.bytes }

    /// Writes the answer to a request.
    /// - Parameters:
    ///   - rows: the request's, in the output.
    ///   - layout: of the model's rows, for errors.
    /// - Returns: how many of the bytes are JSON where binary tensors follow; else 0.
    /// - Throws: why there is no answer.
    package mutating func write(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ request: OpenInferenceRequest,
        of model: OpenInferenceModel, _ layout: RowLayout
    ) throws(InferenceError) -> Int {
        if let fault = batch.firstFault(in: rows) {
            // Told by the row and the column's name, whatever the inputs were.
            let form = NativeRequest(form: .table, hasArrayRows: true, rowCount: rows.count)
            throw FaultProblem.error(fault, form, firstRow: rows.lowerBound, layout)
        }
        isMessage = request.wire != .http
        if raw.capacity > Self.bytesKeptMax { raw = [] }
        if integers.capacity * 8 > Self.bytesKeptMax { integers = [] }
        guard isMessage else { return writeJSON(batch, rows, request, model) }
        writeMessage(batch, rows, request, model)
        return 0
    }

    /// The outputs that a request gets, in order.
    private func choices(_ request: OpenInferenceRequest, _ model: OpenInferenceModel) -> Int {
        request.outputs.count == 0 ? model.outputs.count : request.outputs.count
    }

    private func choice(_ request: OpenInferenceRequest, _ place: Int) -> RequestedOutputs.Choice {
        request.outputs.count == 0
            ? RequestedOutputs.Choice(output: place, isAlias: false, isBinary: nil) : request.outputs[place]
    }

    // MARK: JSON

    private static let frameParameters = Array(#""parameters":{"content_type":"pd"}"#.utf8)
    private static let textParameters = Array(#""parameters":{"content_type":"str"}"#.utf8)

    private mutating func writeJSON(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ request: OpenInferenceRequest,
        _ model: OpenInferenceModel
    ) -> Int {
        json.reset()
        raw.removeAll(keepingCapacity: true)
        var isBinary = false
        json.beginObject()
        json.encoded(model.head)
        if !request.id.isEmpty {
            json.key("id")
            json.string(utf8: request.id.span)
        }
        if request.isFrame { json.encoded(Self.frameParameters) }
        json.key("outputs")
        json.beginArray()
        for place in 0..<choices(request, model) {
            let choice = choice(request, place)
            json.beginObject()
            json.encoded(choice.isAlias ? model.outputs[choice.output].aliasHead : model.outputs[choice.output].head)
            json.key("shape")
            json.beginArray()
            json.number(Int64(rows.count))
            json.number(Int64(model.outputs[choice.output].width))
            json.endArray()
            if choice.isBinary ?? request.wantsBinary {
                isBinary = true
                let before = raw.count
                appendRaw(batch, rows, choice.output, model)
                json.key("parameters")
                json.beginObject()
                json.member("binary_data_size", raw.count - before)
                json.endObject()
            } else {
                if request.isFrame, model.outputs[choice.output].tensor.type == .bytes {
                    json.encoded(Self.textParameters)
                }
                json.key("data")
                json.beginArray()
                writeElements(batch, rows, choice.output, model)
                json.endArray()
            }
            json.endObject()
        }
        json.endArray()
        json.endDocument()
        guard isBinary else { return 0 }
        // In the writer's own room, which its next document finds again.
        var body = json.take()
        while body.count % Self.headerStep != 0 { body.append(UInt8(ascii: " ")) }
        let headerBytes = body.count
        body.append(contentsOf: raw)
        json = JSONWriter(adopting: body)
        return headerBytes
    }

    private mutating func writeElements(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ index: Int, _ model: OpenInferenceModel
    ) {
        let width = model.outputs[index].width
        let places = rows.lowerBound * width..<rows.upperBound * width
        switch model.outputs[index].element {
        case nil:
            var target = 0
            for place in places {
                json.encoded(model.outputs[index].classes[target].json[Int(batch.values[index].labels[place])])
                target = target + 1 == width ? 0 : target + 1
            }
        case .float32: for place in places { json.number(batch.values[index].float32[place]) }
        default: for place in places { json.number(batch.values[index].float64[place]) }
        }
    }

    private mutating func appendRaw(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ index: Int, _ model: OpenInferenceModel
    ) {
        let width = model.outputs[index].width
        let places = rows.lowerBound * width..<rows.upperBound * width
        switch model.outputs[index].element {
        case nil:
            var target = 0
            for place in places {
                raw += model.outputs[index].classes[target].binary[Int(batch.values[index].labels[place])]
                target = target + 1 == width ? 0 : target + 1
            }
        case .float32:
            let numbers = batch.values[index].float32
            raw.append(numbers: numbers.span.extracting(places))
        default:
            let numbers = batch.values[index].float64
            raw.append(numbers: numbers.span.extracting(places))
        }
    }

    // MARK: Messages

    /// `ModelInferResponse`: model_name = 1, model_version = 2, id = 3, outputs = 5 (as the inputs of a request),
    /// raw_output_contents = 6.
    private mutating func writeMessage(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ request: OpenInferenceRequest,
        _ model: OpenInferenceModel
    ) {
        // Taken out: its parts are written from what else is here.
        var message = ProtobufWriter()
        swap(&message, &self.message)
        defer { swap(&message, &self.message) }
        message.reset()
        message.string(1, model.name)
        message.string(2, model.version)
        if !request.id.isEmpty { message.bytes(3, request.id.span) }
        for place in 0..<choices(request, model) {
            let choice = choice(request, place)
            let output = message.beginMessage(5)
            message.string(1, model.outputs[choice.output].name(isAlias: choice.isAlias))
            message.string(2, "\(model.outputs[choice.output].tensor.type.name)")
            integers.removeAll(keepingCapacity: true)
            integers.append(Int64(rows.count))
            integers.append(Int64(model.outputs[choice.output].width))
            message.packed(3, integers.span)
            if request.wire == .typedCall { writeContents(batch, rows, choice.output, model, &message) }
            message.endMessage(output)
        }
        guard request.wire == .rawCall else { return }
        for place in 0..<choices(request, model) {
            raw.removeAll(keepingCapacity: true)
            appendRaw(batch, rows, choice(request, place).output, model)
            message.bytes(6, raw.span)
        }
    }

    private mutating func writeContents(
        _ batch: borrowing OutputBatch, _ rows: Range<Int>, _ index: Int, _ model: OpenInferenceModel,
        _ message: inout ProtobufWriter
    ) {
        let output = model.outputs[index]
        let places = rows.lowerBound * output.width..<rows.upperBound * output.width
        let values = batch.values[index]
        let contents = message.beginMessage(5)
        switch output.element {
        case .float32: message.packed(6, values.float32.span.extracting(places))
        case .some: message.packed(7, values.float64.span.extracting(places))
        case nil: writeClasses(values.labels.span.extracting(places), output, &message)
        }
        message.endMessage(contents)
    }

    private mutating func writeClasses(
        _ labels: Span<Int32>, _ output: OpenInferenceModel.Output, _ message: inout ProtobufWriter
    ) {
        guard output.tensor.type != .bytes else {
            for place in labels.indices {
                let element = output.classes[place % output.width].binary[Int(labels[place])]
                message.bytes(8, element.span.extracting(4..<element.count))
            }
            return
        }
        raw.removeAll(keepingCapacity: true)
        for place in labels.indices { raw += output.classes[place % output.width].binary[Int(labels[place])] }
        if output.tensor.type == .fp64 {
            // Packed doubles are the bytes of a binary tensor.
            return message.bytes(7, raw.span)
        }
        integers.removeAll(keepingCapacity: true)
        for place in labels.indices {
            switch TensorBytes.element(raw.span, as: output.tensor.type, place) {
            case .integer(let value): integers.append(value)
            case .bool(let value): integers.append(value ? 1 : 0)
            case .float, .unsigned, .missing: break
            }
        }
        message.packed(output.tensor.type == .bool ? 1 : 3, integers.span)
    }
}
