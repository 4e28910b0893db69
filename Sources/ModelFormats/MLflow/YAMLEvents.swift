internal import CYAML
internal import ModelIR

/// The one owner of a libyaml parser: every call into C and every pointer of it is here. What it gives are the events
/// of one text, one after another; it builds nothing, so that memory is that of one scalar and the open brackets.
///
/// Anchors, aliases, tags and directives are refused, by line: nothing in a model's folder needs them, and some of them
/// make small files large.
@safe struct YAMLEvents: ~Copyable {
    enum Event {
        case documentStart
        case documentEnd
        /// `isPlain`: without quotes, so that it may stand for null.
        case scalar(String, isPlain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        case end
    }

    /// On the heap, because libyaml keeps its own address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let name: String
    /// Of the last event, counted from 1.
    private(set) var lineNumber = 1

    /// Lends a parser of the bytes, which are UTF-8.
    /// - Parameter name: the file's, for messages.
    static func read<Result>(
        _ bytes: [UInt8], name: String, _ body: (inout YAMLEvents) throws(ImportError) -> Result
    ) throws(ImportError) -> Result {
        var result: Swift.Result<Result, ImportError>?
        unsafe bytes.withUnsafeBufferPointer { buffer in
            do throws(ImportError) {
                var events = try unsafe YAMLEvents(buffer, name: name)
                result = .success(try body(&events))
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { preconditionFailure("the body has run") }
        return try result.get()
    }

    /// The buffer has to outlive the parser.
    private init(_ buffer: UnsafeBufferPointer<UInt8>, name: String) throws(ImportError) {
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            throw ImportError(.limit, at: name, found: "no memory", expected: "some for a YAML parser")
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
        unsafe self.parser = unsafe parser
        self.name = name
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deinitialize(count: 1)
        unsafe parser.deallocate()
    }

    /// - Throws: `ImportError` with the line where the text is no YAML, or of the kind that is not read.
    mutating func next() throws(ImportError) -> Event {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem() }
            defer { unsafe yaml_event_delete(&event) }
            lineNumber = unsafe Int(clamping: event.start_mark.line) + 1
            switch unsafe event.type {
            // The stream's start, or nothing.
            case YAML_STREAM_START_EVENT, YAML_NO_EVENT: continue
            case YAML_STREAM_END_EVENT: return .end
            case YAML_DOCUMENT_START_EVENT:
                guard unsafe event.data.document_start.version_directive == nil,
                    unsafe event.data.document_start.tag_directives.start
                        == event.data.document_start.tag_directives.end
                else { throw refusal("a directive", expected: "YAML without") }
                return .documentStart
            case YAML_DOCUMENT_END_EVENT: return .documentEnd
            case YAML_SCALAR_EVENT:
                let scalar = unsafe event.data.scalar
                guard unsafe scalar.anchor == nil, unsafe scalar.tag == nil else { throw anchorOrTag() }
                let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                return unsafe .scalar(
                    String(decoding: text, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
            case YAML_SEQUENCE_START_EVENT:
                let start = unsafe event.data.sequence_start
                guard unsafe start.anchor == nil, unsafe start.tag == nil else { throw anchorOrTag() }
                return .sequenceStart
            case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
            case YAML_MAPPING_START_EVENT:
                let start = unsafe event.data.mapping_start
                guard unsafe start.anchor == nil, unsafe start.tag == nil else { throw anchorOrTag() }
                return .mappingStart
            case YAML_MAPPING_END_EVENT: return .mappingEnd
            default: throw anchorOrTag()
            }
        }
    }

    private func anchorOrTag() -> ImportError {
        refusal("an anchor, an alias or a tag", expected: "plain or quoted text, lists and mappings")
    }

    /// What is wrong where the parser stands.
    private func problem() -> ImportError {
        let text = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "no YAML"
        let line = unsafe Int(clamping: parser.pointee.problem_mark.line) + 1
        return ImportError(.malformed, at: "\(name), line \(line)", found: text, expected: "YAML")
    }

    /// A refusal at the last event.
    func refusal(_ found: String, expected: String, kind: ImportError.Kind = .malformed) -> ImportError {
        ImportError(kind, at: "\(name), line \(lineNumber)", found: found, expected: expected)
    }
}
