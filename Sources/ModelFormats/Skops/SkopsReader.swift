internal import ByteCoding
internal import ModelIR
internal import TensorCore

/// Turns the nodes of `schema.json` into the inert values that a pickle would give, so that all that reads estimators
/// is shared. Nothing is imported or called: a class outside the known packages refuses the file, like in a pickle.
///
/// A node is an object with `__class__`, `__module__`, `__loader__` (what kind of value it is) and `content`; the
/// loaders are those of skops 0.6 to 0.16, protocols 0 to 2.
struct SkopsReader: ~Escapable {
    private var document: PickleDocument
    private let schema: SkopsSchema
    private let files: [String: Range<Int>]
    private let schemaStart: Int

    /// Nodes in each other. A pipeline takes four levels.
    static let depthMax = 100

    /// - Parameters:
    ///   - bytes: all files.
    ///   - files: where each lies.
    @_lifetime(copy bytes)
    static func read(
        _ bytes: Span<UInt8>, files: [String: Range<Int>], limits: PickleLimits
    ) throws(ImportError) -> PickleDocument {
        guard let range = files["schema.json"] else {
            throw ImportError(.malformed, at: "the zip", found: "no schema.json", expected: "one, as skops writes")
        }
        var reader = SkopsReader(
            document: PickleDocument(bytes, limits: limits), schema: try SkopsSchema(bytes, range), files: files,
            schemaStart: range.lowerBound)
        reader.document.root = try reader.value(0, depth: 0)
        return reader.document
    }

    @_lifetime(copy document, copy schema)
    private init(
        document: consuming PickleDocument, schema: consuming SkopsSchema, files: [String: Range<Int>],
        schemaStart: Int
    ) {
        self.document = document
        self.schema = schema
        self.files = files
        self.schemaStart = schemaStart
    }

    // MARK: Nodes

    private mutating func value(_ index: Int, depth: Int) throws(ImportError) -> PickleValue {
        guard depth < Self.depthMax else {
            throw ImportError(
                .limit, at: place(index), found: "nodes nested deeper than \(Self.depthMax)",
                expected: "at most that depth")
        }
        let loader = try text("__loader__", of: index)
        switch loader {
        case "JsonNode": return try jsonValue(required("content", of: index))
        case "DictNode": return .node(try document.add(.dictionary, items: pairs(of: index, depth: depth)))
        case "DefaultDictNode": return try value(required("main", of: required("content", of: index)), depth: depth + 1)
        case "ListNode": return .node(try document.add(.list, items: items(of: index, depth: depth)))
        case "TupleNode": return .node(try document.add(.tuple, items: items(of: index, depth: depth)))
        case "SetNode": return .node(try document.add(.set, items: items(of: index, depth: depth)))
        case "NdArrayNode": return try array(index, depth: depth)
        case "SparseMatrixNode": return try sparseMatrix(index)
        case "BytesNode", "BytearrayNode": return .bytes(PickleSlice(try file(index).range, .latin1))
        case "TypeNode", "FunctionNode": return .node(try global(index))
        case "SliceNode": return try slice(index)
        // What random numbers a model would draw next changes no prediction; masked arrays stand in the results of
        // searches only.
        case "RandomStateNode", "RandomGeneratorNode", "MaskedArrayNode": return .none
        case "DTypeNode": return try dataType(index)
        case "PartialNode", "MethodNode", "OperatorFuncNode":
            return .node(try record(index, isRefused: loader == "OperatorFuncNode"))
        case "ConstructorFromReduceNode":
            let handle = try record(index, arguments: value(required("content", of: index), depth: depth + 1))
            return .node(handle)
        case "ObjectNode": return try object(index, depth: depth)
        case _ where schema.child("__reduce__", of: index) != nil: return try object(index, depth: depth)
        default:
            throw ImportError(
                .unsupported, at: place(index), found: "a node for \(loader)", expected: "those of skops 0.6 to 0.16",
                remedy: "save the model with joblib.dump(model, \"model.joblib\")")
        }
    }

    private mutating func items(of index: Int, depth: Int) throws(ImportError) -> [PickleValue] {
        let content = try required("content", of: index)
        guard schema.values[content].kind == .array else { throw wrong(content, expected: "a list") }
        var items: [PickleValue] = []
        for child in schema.children(of: content) { items.append(try value(child, depth: depth + 1)) }
        return items
    }

    /// Key, value, ... Keys are text in JSON; `key_types` tells what each was.
    private mutating func pairs(of index: Int, depth: Int) throws(ImportError) -> [PickleValue] {
        let content = try required("content", of: index)
        let types = try required("content", of: required("key_types", of: index))
        let entries = schema.children(of: content)
        let typeNodes = schema.children(of: types)
        guard schema.values[content].kind == .object, schema.values[types].kind == .array,
            entries.count == typeNodes.count
        else {
            throw ImportError(
                .malformed, at: place(index), found: "\(entries.count) entries with \(typeNodes.count) types of keys",
                expected: "as many")
        }
        var pairs: [PickleValue] = []
        pairs.reserveCapacity(2 * entries.count)
        for (entry, type) in zip(entries, typeNodes) {
            guard let key = schema.values[entry].key else { throw wrong(entry, expected: "a key") }
            pairs.append(try self.key(key, type: text("__class__", of: type), at: entry))
            pairs.append(try value(entry, depth: depth + 1))
        }
        return pairs
    }

    private func key(_ slice: PickleSlice, type: String, at index: Int) throws(ImportError) -> PickleValue {
        let found: PickleValue?
        switch type {
        case "str", "str_": return .text(slice)
        case "NoneType": return PickleValue.none
        case "bool", "bool_":
            found = document.equals(slice, "true") ? .boolean(true) : .boolean(false)
        case _ where type.hasPrefix("int") || type.hasPrefix("uint"):
            found = slice.count <= 20 ? document.text(slice).flatMap { Int64($0) }.map { .integer($0) } : nil
        case _ where type.hasPrefix("float"):
            found = slice.count <= 40 ? document.text(slice).flatMap { Double($0) }.map { .float($0) } : nil
        default: found = nil
        }
        guard let found else {
            throw ImportError(
                .unsupported, at: place(index), found: "a key of type \(type.prefix(80))",
                expected: "text, a number or a boolean")
        }
        return found
    }

    /// A value that skops writes as JSON in a string: text, a number, a boolean or null.
    private func jsonValue(_ index: Int) throws(ImportError) -> PickleValue {
        guard schema.values[index].kind == .string else { throw wrong(index, expected: "JSON in a string") }
        let range = schema.values[index].range
        // The inner quotes are escaped by the outer string.
        let bytes = document.bytes
        if range.count >= 4, bytes[range.lowerBound] == UInt8(ascii: "\\"), bytes[range.lowerBound + 1] == 0x22,
            bytes[range.upperBound - 1] == 0x22, bytes[range.upperBound - 2] == UInt8(ascii: "\\")
        {
            let inner = range.lowerBound + 2..<range.upperBound - 2
            let hasEscapes = inner.contains { bytes[$0] == UInt8(ascii: "\\") }
            return .text(PickleSlice(inner, hasEscapes ? .jsonEscapeTwice : .utf8))
        }
        do throws(JSONError) {
            var reader = JSONReader(
                bytes.extracting(range), limits: JSONLimits(depthMax: 1, allowsNonFinite: true))
            var value = PickleValue.none
            switch try reader.peek() {
            case .number:
                switch try reader.readNumber() {
                case .int64(let number): value = .integer(number)
                case .uint64: value = .bigInteger(PickleSlice(range, .latin1))
                case .double(let number): value = .float(number)
                }
            case .bool: value = .boolean(try reader.readBool())
            case .null, .end: try reader.readNull()
            case .object, .array, .string: throw JSONError(offset: 0, reason: .notAnInteger)
            }
            try reader.finish()
            return value
        } catch {
            // An integer beyond what JSON's readers take, or a container, which skops writes as a node of its own.
            throw wrong(index, expected: "text, a number, a boolean or null")
        }
    }

    // MARK: Objects

    private mutating func global(_ index: Int) throws(ImportError) -> PickleHandle {
        // Protocol 0 wrote a function's names into its content.
        var (moduleIndex, nameIndex) = (try required("__module__", of: index), try required("__class__", of: index))
        if let content = schema.child("content", of: index), schema.values[content].kind == .object {
            moduleIndex = schema.child("module_path", of: content) ?? moduleIndex
            nameIndex = schema.child("function", of: content) ?? nameIndex
        }
        guard let module = schema.plainText(moduleIndex), let name = schema.plainText(nameIndex) else {
            throw wrong(nameIndex, expected: "the name of a class")
        }
        let role = PickleGlobalRole.of(module: module, name: name)
        guard role != .forbidden else { throw refusal(module + "." + name, at: index) }
        return try document.add(
            .global(
                PickleGlobal(
                    module: PickleSlice(schema.values[moduleIndex].range, .utf8),
                    name: PickleSlice(schema.values[nameIndex].range, .utf8), role: role)))
    }

    private func refusal(_ name: String, at index: Int) -> ImportError {
        ImportError(
            .unsupported, at: place(index), found: String(name.prefix(120)),
            expected: "classes of scikit-learn, NumPy and SciPy",
            remedy: "nothing in a model file is ever run; save a fitted scikit-learn estimator or pipeline")
    }

    /// An object as a record without its state.
    private mutating func record(
        _ index: Int, arguments: PickleValue? = nil, isRefused: Bool = false
    ) throws(ImportError) -> PickleHandle {
        let callable = try global(index)
        guard case .global(let global) = document.kind(callable), global.role != .foreign, !isRefused else {
            let name = try text("__module__", of: index) + "." + text("__class__", of: index)
            throw refusal(name, at: index)
        }
        if case .node(let handle)? = arguments, case .tuple = document.kind(handle) {
            return try document.addRecord(callable, arguments: handle)
        }
        return try document.addRecord(callable, arguments: document.add(.tuple))
    }

    private mutating func object(_ index: Int, depth: Int) throws(ImportError) -> PickleValue {
        var arguments: PickleValue?
        if let reduce = schema.child("__reduce__", of: index), let node = schema.child("args", of: reduce) {
            arguments = try value(node, depth: depth + 1)
        }
        let handle = try record(index, arguments: arguments)
        if let content = schema.child("content", of: index), schema.values[content].kind == .object {
            let state = try value(content, depth: depth + 1)
            if state != .none, case .record(let number) = document.kind(handle) {
                document.setState(state, ofRecord: number)
            }
        }
        return .node(handle)
    }

    /// `slice(start, stop, step)`, whose bounds are plain JSON.
    private mutating func slice(_ index: Int) throws(ImportError) -> PickleValue {
        let content = try required("content", of: index)
        var bounds: [PickleValue] = []
        for name in ["start", "stop", "step"] {
            let bound = try required(name, of: content)
            let value = schema.values[bound]
            switch value.kind {
            case .null: bounds.append(.none)
            case .string: bounds.append(.text(PickleSlice(value.range, .jsonEscape)))
            case .number:
                guard let number = document.text(PickleSlice(value.range, .latin1)).flatMap({ Int64($0) }) else {
                    throw wrong(bound, expected: "an integer")
                }
                bounds.append(.integer(number))
            default: throw wrong(bound, expected: "a bound of a slice")
            }
        }
        return .node(try document.addRecord(global(index), arguments: document.add(.tuple, items: bounds)))
    }

    // MARK: Arrays

    private func file(_ index: Int) throws(ImportError) -> (name: String, range: Range<Int>) {
        let name = try text("file", of: index)
        guard let range = files[name] else {
            throw ImportError(
                .malformed, at: place(index), found: "the file \"\(name)\", which is not there",
                expected: "a file of the archive")
        }
        return (name, range)
    }

    /// An array, or one of NumPy's scalars, which are arrays without dimensions here.
    private mutating func array(_ index: Int, depth: Int) throws(ImportError) -> PickleValue {
        switch try text("type", of: index) {
        case "numpy":
            let (name, range) = try file(index)
            let file = try NumPyFile(document.bytes, range, place: name)
            let className = try text("__class__", of: index)
            if file.shape.rank == 0, className != "ndarray" {
                if file.dataType.isNumber {
                    return NumPyElement(file.dataType, document.bytes, at: file.elements.lowerBound).value
                }
                if file.dataType.kind == .text, !file.dataType.isBigEndian {
                    return .text(PickleSlice(file.elements, .ucs4))
                }
            }
            return .node(try document.addArray(file.array))
        case "json": return try objectArray(index, depth: depth)
        case let type:
            throw ImportError(
                .unsupported, at: place(index), found: "an array of type \"\(type)\"", expected: "numpy or json")
        }
    }

    /// A type of NumPy, which skops saves as an empty array of it.
    private mutating func dataType(_ index: Int) throws(ImportError) -> PickleValue {
        let node = try required("content", of: index)
        var type = NumPyDataType(code: "O")
        if try text("type", of: node) == "numpy" {
            let (name, range) = try file(node)
            type = try NumPyFile(document.bytes, range, place: name).dataType
        }
        guard let type else { throw wrong(node, expected: "an empty array of a type") }
        return .node(try document.addDataType(type))
    }

    /// An array of objects: its items as a list, in lists if it has several dimensions, and its shape.
    private mutating func objectArray(_ index: Int, depth: Int) throws(ImportError) -> PickleValue {
        var content = try required("content", of: index)
        if schema.values[content].kind == .object { content = try required("content", of: content) }
        let shapeValue = try value(required("shape", of: index), depth: depth + 1)
        var extents: [Int] = []
        for extent in document.sequence(shapeValue) ?? [] {
            guard case .integer(let size) = extent else { throw wrong(index, expected: "a shape of integers") }
            extents.append(Int(size))
        }
        guard extents.count <= document.limits.rankMax, !extents.isEmpty, let shape = Shape(extents),
            let type = NumPyDataType(code: "O")
        else { throw wrong(index, expected: "an array of at least one dimension") }
        var items: [PickleValue] = []
        try collect(content, rank: extents.count, into: &items, depth: depth)
        guard items.count == shape.elementCount else {
            throw ImportError(
                .malformed, at: place(index), found: "\(items.count) items", expected: "those of shape \(shape)")
        }
        let list = try document.add(.list, items: items)
        return .node(
            try document.addArray(NumPyArray(dataType: type, shape: shape, order: .c, storage: .values(list))))
    }

    private mutating func collect(
        _ content: Int, rank: Int, into items: inout [PickleValue], depth: Int
    ) throws(ImportError) {
        guard schema.values[content].kind == .array else { throw wrong(content, expected: "a list") }
        for child in schema.children(of: content) {
            if rank > 1 {
                try collect(required("content", of: child), rank: rank - 1, into: &items, depth: depth)
            } else {
                items.append(try value(child, depth: depth + 1))
            }
        }
    }

    /// A record as SciPy pickles one, of the parts of its `.npz` file.
    private mutating func sparseMatrix(_ index: Int) throws(ImportError) -> PickleValue {
        let name = try text("file", of: index)
        let handle = try record(index)
        var state: [PickleValue] = []
        for word in SkopsFiles.words {
            let part = name + "/" + (word == "_shape" ? "shape" : word) + ".npy"
            guard let range = files[part], let key = files["word " + word] else { continue }
            let file = try NumPyFile(document.bytes, range, place: part)
            var value: PickleValue
            if word == "_shape" {
                guard file.dataType.isNumber, file.shape.elementCount == 2 else {
                    throw ImportError(.malformed, at: part, found: "shape \(file.shape)", expected: "two extents")
                }
                let width = file.dataType.itemBytes
                let extents = (0..<2).map {
                    NumPyElement(file.dataType, document.bytes, at: file.elements.lowerBound + $0 * width).value
                }
                value = .node(try document.add(.tuple, items: extents))
            } else {
                value = .node(try document.addArray(file.array))
            }
            state += [.text(PickleSlice(key, .utf8)), value]
        }
        if case .record(let number) = document.kind(handle) {
            document.setState(.node(try document.add(.dictionary, items: state)), ofRecord: number)
        }
        return .node(handle)
    }

    // MARK: Parts of a node

    private func required(_ key: String, of index: Int) throws(ImportError) -> Int {
        guard let child = schema.child(key, of: index) else {
            throw ImportError(
                .malformed, at: place(index), found: "no \(key)", expected: "a node of skops, which has one")
        }
        return child
    }

    private func text(_ key: String, of index: Int) throws(ImportError) -> String {
        let child = try required(key, of: index)
        guard let text = schema.plainText(child) else { throw wrong(child, expected: "a short text") }
        return text
    }

    private func place(_ index: Int) -> String {
        // Objects and lists begin where their range does.
        "schema.json, byte \(schema.values[index].range.lowerBound - schemaStart)"
    }

    private func wrong(_ index: Int, expected: String) -> ImportError {
        ImportError(.malformed, at: place(index), found: "something else", expected: expected)
    }
}
