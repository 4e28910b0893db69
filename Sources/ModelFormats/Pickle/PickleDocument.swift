internal import ModelIR
internal import TensorCore

/// The inert values of one pickle, and the file's bytes that they refer to.
///
/// All nodes lie in arrays and name each other by index: shared and cyclic values are plain numbers here, and
/// dropping the document follows no pointer.
struct PickleDocument: ~Escapable {
    /// The whole file, decompressed.
    let bytes: Span<UInt8>
    let limits: PickleLimits
    private(set) var nodes: [PickleNode] = []
    private(set) var records: [PickleRecord] = []
    /// nil until the BUILD of a placeholder.
    private(set) var arrays: [NumPyArray?] = []
    private(set) var dataTypes: [NumPyDataType] = []
    var root = PickleValue.none
    /// Whether joblib wrote arrays into the stream.
    var hasJoblibArrays = false
    /// Bytes that values may still take.
    private var memoryLeft: Int

    /// What a node and a record, array or type cost beside their items, and what a value costs in a list, on the stack
    /// or in the memo. Growing arrays may take twice as much for a while.
    static let nodeBytes = 64
    static let valueBytes = 16

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>, limits: PickleLimits) {
        self.bytes = bytes
        self.limits = limits
        memoryLeft = limits.memoryMax(fileBytes: bytes.count)
    }

    /// Takes memory off what the file's size allows.
    /// - Throws: `ImportError` of kind `limit` where it does not.
    mutating func spend(memory count: Int) throws(ImportError) {
        guard count <= memoryLeft else {
            throw ImportError(
                .limit, at: "pickle", found: "values of more than \(limits.memoryMax(fileBytes: bytes.count)) bytes",
                expected: "no more, in a file of \(limits.packedBytes ?? bytes.count) bytes")
        }
        memoryLeft -= count
    }

    // MARK: Making

    /// Adds a node.
    /// - Throws: `ImportError` of kind `limit` at `nodesMax`.
    mutating func add(_ kind: PickleNode.Kind, items: [PickleValue] = []) throws(ImportError) -> PickleHandle {
        guard nodes.count < limits.nodesMax else {
            throw ImportError(
                .limit, at: "pickle", found: "more than \(limits.nodesMax) lists, tuples and objects",
                expected: "at most that many in one file")
        }
        try spend(memory: Self.nodeBytes + Self.valueBytes * items.count)
        nodes.append(PickleNode(kind: kind, items: items))
        return PickleHandle(index: Int32(nodes.count - 1))
    }

    mutating func addRecord(
        _ callable: PickleHandle, arguments: PickleHandle, pairs: [PickleValue] = []
    ) throws(ImportError) -> PickleHandle {
        let handle = try add(.record(Int32(records.count)))
        try spend(memory: Self.nodeBytes + Self.valueBytes * pairs.count)
        records.append(PickleRecord(callable: callable, arguments: arguments, pairs: pairs))
        return handle
    }

    mutating func addArray(_ array: NumPyArray?) throws(ImportError) -> PickleHandle {
        let handle = try add(.array(Int32(arrays.count)))
        try spend(memory: 2 * Self.nodeBytes)
        arrays.append(array)
        return handle
    }

    mutating func addDataType(_ dataType: NumPyDataType) throws(ImportError) -> PickleHandle {
        let handle = try add(.dataType(Int32(dataTypes.count)))
        try spend(memory: Self.nodeBytes)
        dataTypes.append(dataType)
        return handle
    }

    mutating func append(_ values: ArraySlice<PickleValue>, to handle: PickleHandle) throws(ImportError) {
        try spend(memory: Self.valueBytes * values.count)
        nodes[Int(handle.index)].items.append(contentsOf: values)
    }

    mutating func appendPairs(_ values: ArraySlice<PickleValue>, toRecord index: Int32) throws(ImportError) {
        try spend(memory: Self.valueBytes * values.count)
        records[Int(index)].pairs.append(contentsOf: values)
    }

    mutating func setState(_ state: PickleValue, ofRecord index: Int32) {
        records[Int(index)].state = state
    }

    mutating func setArray(_ array: NumPyArray, at index: Int32) {
        arrays[Int(index)] = array
    }

    mutating func setDataType(_ dataType: NumPyDataType, at index: Int32) {
        dataTypes[Int(index)] = dataType
    }

    // MARK: Looking

    func kind(_ handle: PickleHandle) -> PickleNode.Kind { nodes[Int(handle.index)].kind }

    func items(_ handle: PickleHandle) -> [PickleValue] { nodes[Int(handle.index)].items }

    func record(_ index: Int32) -> PickleRecord { records[Int(index)] }

    /// The record that a value is; nil if it is something else.
    func record(_ value: PickleValue) -> PickleRecord? {
        guard case .node(let handle) = value, case .record(let index) = kind(handle) else { return nil }
        return record(index)
    }

    func global(_ value: PickleValue) -> PickleGlobal? {
        guard case .node(let handle) = value, case .global(let global) = kind(handle) else { return nil }
        return global
    }

    func array(_ value: PickleValue) -> NumPyArray? {
        guard case .node(let handle) = value, case .array(let index) = kind(handle) else { return nil }
        return arrays[Int(index)]
    }

    func dataType(_ value: PickleValue) -> NumPyDataType? {
        guard case .node(let handle) = value, case .dataType(let index) = kind(handle) else { return nil }
        return dataTypes[Int(index)]
    }

    /// The items of a list or tuple; nil if the value is something else.
    func sequence(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let handle) = value else { return nil }
        switch kind(handle) {
        case .list, .tuple: return items(handle)
        default: return nil
        }
    }

    /// The members of a set; nil if the value is something else.
    func members(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let handle) = value, case .set = kind(handle) else { return nil }
        return items(handle)
    }

    func tuple(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let handle) = value, case .tuple = kind(handle) else { return nil }
        return items(handle)
    }

    /// Key, value, ... of a dictionary; nil if the value is something else.
    func pairs(_ value: PickleValue) -> [PickleValue]? {
        guard case .node(let handle) = value, case .dictionary = kind(handle) else { return nil }
        return items(handle)
    }

    /// The value of a text key among key, value, ...; the last one counts.
    func lookUp(_ key: String, in pairs: [PickleValue]) -> PickleValue? {
        var index = pairs.count - 2
        while index >= 0 {
            if case .text(let slice) = pairs[index], equals(slice, key) { return pairs[index + 1] }
            index -= 2
        }
        return nil
    }

    /// An attribute of a record, from its state: a dictionary, or a pair of dictionaries (for slots), or one of them
    /// nil. A state of more than `attributesMax` is no estimator's and is not searched.
    func attribute(_ name: String, of record: PickleRecord) -> PickleValue? {
        guard let state = record.state else { return nil }
        if let pairs = attributes(state) { return lookUp(name, in: pairs) }
        if let both = tuple(state), both.count == 2 {
            if let pairs = attributes(both[1]), let value = lookUp(name, in: pairs) { return value }
            if let pairs = attributes(both[0]) { return lookUp(name, in: pairs) }
        }
        return nil
    }

    private func attributes(_ state: PickleValue) -> [PickleValue]? {
        guard let pairs = pairs(state), pairs.count <= 2 * limits.attributesMax else { return nil }
        return pairs
    }

    // MARK: Names

    /// `module.name` of a global.
    func fullName(_ global: PickleGlobal) -> String {
        (text(global.module) ?? "?") + "." + (text(global.name) ?? "?")
    }

    /// The class or function that a record was made from.
    func fullName(_ record: PickleRecord) -> String {
        guard case .global(let global) = kind(record.callable) else { return "?" }
        return fullName(global)
    }

    /// What a value is, for messages: such as `a list`, `"mean"` or `sklearn.svm._classes.SVC`.
    func describe(_ value: PickleValue) -> String {
        switch value {
        case .none: return "None"
        case .boolean(let value): return value ? "True" : "False"
        case .integer(let value): return String(value)
        case .bigInteger: return "an integer beyond 64 bits"
        case .float(let value): return value.description
        case .text(let slice):
            guard slice.count <= 80 else { return "text of \(slice.count) bytes" }
            return text(slice).map { "\"\($0)\"" } ?? "text that is not Unicode"
        case .bytes(let slice): return "\(slice.count) bytes"
        case .node(let handle):
            switch kind(handle) {
            case .list: return "a list of \(items(handle).count)"
            case .tuple: return "a tuple of \(items(handle).count)"
            case .dictionary: return "a dict of \(items(handle).count / 2)"
            case .set: return "a set"
            case .global(let global): return fullName(global)
            case .record(let index): return fullName(record(index))
            case .dataType(let index): return "the type \(dataTypes[Int(index)].description)"
            case .array(let index):
                guard let array = arrays[Int(index)] else { return "an empty array" }
                return "an array of \(array.dataType.description) of shape \(array.shape)"
            }
        }
    }
}
