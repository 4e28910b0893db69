internal import ModelIR

/// A machine that reads a pickle as data: protocols 0 to 5 of CPython, with joblib's arrays in the stream.
///
/// It keeps what the stream says of an object and makes none: nothing is imported, nothing is called. Calls of the few
/// functions that stand for plain data (NumPy arrays and types, byte strings, sets) are read as that data; calls of
/// anything outside the known packages refuse the file.
///
/// Time is linear in the file's length. Memory is bounded by the file's size: `PickleLimits.memoryMax`.
struct PickleMachine: ~Escapable {
    var document: PickleDocument
    /// The next byte to be read.
    var position = 0
    var stack: [PickleValue] = []
    /// Heights of the stack at which a MARK lies.
    var marks: [Int] = []
    var memo = PickleMemo()
    /// The instruction being run, for messages.
    var opcodeOffset = 0
    var opcodeName = "the first opcode"
    var nesting = 0
    /// The greatest height of the stack so far, which is what it has been charged for.
    private var stackPeak = 0
    /// Values that calls may still copy from one container into another; a pickle may name one list many times.
    private var copyBudget: Int

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>, limits: PickleLimits) {
        document = PickleDocument(bytes, limits: limits)
        copyBudget = bytes.count
    }

    /// Reads one pickle that fills the bytes to their end.
    @_lifetime(copy bytes)
    static func read(
        _ bytes: Span<UInt8>, limits: PickleLimits = PickleLimits()
    ) throws(ImportError) -> PickleDocument {
        guard bytes.count <= limits.fileBytesMax else {
            throw ImportError(
                .limit, at: "byte 0", found: "\(bytes.count) bytes", expected: "at most \(limits.fileBytesMax)")
        }
        var machine = PickleMachine(bytes, limits: limits)
        let root = try machine.run()
        guard machine.position == bytes.count else {
            throw ImportError(
                .malformed, at: "byte \(machine.position)",
                found: "\(bytes.count - machine.position) more bytes after the pickle's end",
                expected: "the end of the file", remedy: "save one object into one file")
        }
        machine.document.root = root
        return machine.document
    }

    /// Runs until STOP.
    mutating func run() throws(ImportError) -> PickleValue {
        while true {
            opcodeOffset = position
            guard position < document.bytes.count else {
                throw truncated("an opcode")
            }
            let byte = document.bytes[position]
            guard let opcode = PickleOpcode(rawValue: byte) else {
                throw ImportError(
                    .malformed, at: "byte \(position)", found: "0x" + String(byte, radix: 16),
                    expected: "a pickle opcode")
            }
            position += 1
            opcodeName = opcode.name
            if opcode == .stop {
                let result = try pop()
                guard stack.isEmpty, marks.isEmpty else {
                    throw malformed("\(stack.count + marks.count) more values on the stack", expected: "one")
                }
                return result
            }
            try step(opcode)
        }
    }

    private mutating func step(_ opcode: PickleOpcode) throws(ImportError) {
        switch opcode {
        case .stop: break
        case .proto:
            let version = try takeInteger(bytes: 1)
            guard version <= 5 else { throw malformed("protocol \(version)", expected: "at most 5") }
        // A frame is a hint for buffering; its length is not needed and not trusted.
        case .frame: _ = try take(8)
        case .readOnlyBuffer: break

        case .mark:
            guard marks.count < document.limits.stackDepthMax else { throw stackLimit() }
            marks.append(stack.count)
        case .pop:
            if marks.last == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark:
            let start = try popMark()
            stack.removeSubrange(start...)
        case .duplicate: try push(top())

        case .none: try push(.none)
        case .newTrue: try push(.boolean(true))
        case .newFalse: try push(.boolean(false))
        case .integer: try push(takeIntegerLine(hasBooleans: true))
        case .long: try push(takeIntegerLine(hasBooleans: false))
        case .binInteger: try push(.integer(Int64(Int32(truncatingIfNeeded: takeInteger(bytes: 4)))))
        case .binInteger1: try push(.integer(Int64(takeInteger(bytes: 1))))
        case .binInteger2: try push(.integer(Int64(takeInteger(bytes: 2))))
        case .long1: try push(takeLong(takeInteger(bytes: 1)))
        case .long4: try push(takeLong(takeInteger(bytes: 4)))
        case .float: try push(.float(takeFloatLine()))
        case .binFloat: try push(.float(takeBigEndianDouble()))

        case .string: try push(.text(takeQuotedLine()))
        case .binString: try push(.text(takeSlice(takeInteger(bytes: 4), .latin1)))
        case .shortBinString: try push(.text(takeSlice(takeInteger(bytes: 1), .latin1)))
        case .unicode: try push(.text(PickleSlice(takeLine(), .rawUnicodeEscape)))
        case .shortBinUnicode: try push(.text(takeSlice(takeInteger(bytes: 1), .utf8)))
        case .binUnicode: try push(.text(takeSlice(takeInteger(bytes: 4), .utf8)))
        case .binUnicode8: try push(.text(takeSlice(takeInteger(bytes: 8), .utf8)))
        case .shortBinBytes: try push(.bytes(takeSlice(takeInteger(bytes: 1), .latin1)))
        case .binBytes: try push(.bytes(takeSlice(takeInteger(bytes: 4), .latin1)))
        case .binBytes8, .byteArray8: try push(.bytes(takeSlice(takeInteger(bytes: 8), .latin1)))

        case .emptyTuple: try push(.node(document.add(.tuple)))
        case .tuple: try push(.node(document.add(.tuple, items: takeMarked())))
        case .tuple1: try pushTuple(1)
        case .tuple2: try pushTuple(2)
        case .tuple3: try pushTuple(3)
        case .emptyList: try push(.node(document.add(.list)))
        case .list: try push(.node(document.add(.list, items: takeMarked())))
        case .emptyDictionary: try push(.node(document.add(.dictionary)))
        case .dictionary:
            let items = try takeMarked()
            guard items.count % 2 == 0 else { throw malformed("a key without a value", expected: "pairs") }
            try push(.node(document.add(.dictionary, items: items)))
        case .emptySet: try push(.node(document.add(.set)))
        case .frozenSet: try push(.node(document.add(.set, items: takeMarked())))
        case .append: try appendTop(from: stack.count - 1)
        case .appends, .addItems: try appendTop(from: popMark())
        case .setItem: try setTopItems(from: stack.count - 2)
        case .setItems: try setTopItems(from: popMark())

        case .put: try memoize(takeMemoLine())
        case .binPut: try memoize(takeInteger(bytes: 1))
        case .longBinPut: try memoize(takeInteger(bytes: 4))
        case .memoize: try memoize(memo.count)
        case .get: try pushMemo(takeMemoLine())
        case .binGet: try pushMemo(takeInteger(bytes: 1))
        case .longBinGet: try pushMemo(takeInteger(bytes: 4))

        case .global: try push(takeGlobalLines())
        case .stackGlobal:
            let name = try pop()
            let module = try pop()
            guard case .text(let moduleSlice) = module, case .text(let nameSlice) = name else {
                throw malformed(
                    "\(document.describe(module)) and \(document.describe(name))", expected: "two names")
            }
            try push(makeGlobal(module: moduleSlice, name: nameSlice))
        case .reduce:
            let arguments = try pop()
            try push(call(pop(), arguments: arguments))
        case .newObject:
            let arguments = try pop()
            try push(makeObject(of: pop(), arguments: arguments))
        case .newObjectKeywords:
            let keywords = try pop()
            let arguments = try pop()
            try push(makeObject(of: pop(), arguments: arguments, keywords: keywords))
        case .instance:
            let callable = try takeGlobalLines()
            let arguments = try document.add(.tuple, items: takeMarked())
            try push(call(callable, arguments: .node(arguments)))
        case .object:
            var items = try takeMarked()
            guard !items.isEmpty else { throw malformed("nothing above the MARK", expected: "a class") }
            let callable = items.removeFirst()
            try push(call(callable, arguments: .node(document.add(.tuple, items: items))))
        case .build:
            let state = try pop()
            try build(state)

        case .persistentID, .binPersistentID:
            throw unsupported(
                "a persistent id, which only the program that wrote it can resolve", expected: "a self-contained pickle"
            )
        case .extension1, .extension2, .extension4:
            throw unsupported("a code of the writer's extension registry", expected: "classes by name")
        case .nextBuffer:
            throw unsupported("an out-of-band buffer, which is not in the file", expected: "arrays in the file")
        }
    }

    // MARK: Stack

    mutating func push(_ value: PickleValue) throws(ImportError) {
        guard stack.count < document.limits.stackDepthMax else { throw stackLimit() }
        stack.append(value)
        guard stack.count > stackPeak else { return }
        stackPeak = stack.count
        try document.spend(memory: PickleDocument.valueBytes)
    }

    /// The height below which no instruction may reach: the last MARK.
    private var floor: Int { marks.last ?? 0 }

    mutating func pop() throws(ImportError) -> PickleValue {
        guard stack.count > floor else { throw malformed("an empty stack", expected: "a value") }
        return stack.removeLast()
    }

    func top() throws(ImportError) -> PickleValue {
        guard stack.count > floor, let value = stack.last else {
            throw malformed("an empty stack", expected: "a value")
        }
        return value
    }

    private mutating func popMark() throws(ImportError) -> Int {
        guard let start = marks.popLast() else { throw malformed("no MARK", expected: "one on the stack") }
        return start
    }

    /// Takes everything above the last MARK.
    private mutating func takeMarked() throws(ImportError) -> [PickleValue] {
        let start = try popMark()
        let items = Array(stack[start...])
        stack.removeSubrange(start...)
        return items
    }

    private mutating func pushTuple(_ count: Int) throws(ImportError) {
        guard stack.count - floor >= count else { throw malformed("an empty stack", expected: "\(count) values") }
        let items = Array(stack[(stack.count - count)...])
        stack.removeLast(count)
        try push(.node(document.add(.tuple, items: items)))
    }

    /// Moves the values from `start` on to the list, set or record below them.
    private mutating func appendTop(from start: Int) throws(ImportError) {
        guard start > floor, start <= stack.count, case .node(let handle) = stack[start - 1] else {
            throw malformed("no container under the values", expected: "a list, set or object")
        }
        switch document.kind(handle) {
        case .list, .set, .record: try document.append(stack[start...], to: handle)
        default: throw malformed(document.describe(.node(handle)), expected: "a list, set or object")
        }
        stack.removeSubrange(start...)
    }

    private mutating func setTopItems(from start: Int) throws(ImportError) {
        guard start > floor, start <= stack.count, case .node(let handle) = stack[start - 1] else {
            throw malformed("no container under the values", expected: "a dict or object")
        }
        guard (stack.count - start) % 2 == 0 else { throw malformed("a key without a value", expected: "pairs") }
        switch document.kind(handle) {
        case .dictionary: try document.append(stack[start...], to: handle)
        case .record(let index): try document.appendPairs(stack[start...], toRecord: index)
        default: throw malformed(document.describe(.node(handle)), expected: "a dict or object")
        }
        stack.removeSubrange(start...)
    }

    // MARK: Memo

    private mutating func memoize(_ index: Int) throws(ImportError) {
        guard memo.count < document.limits.memoEntriesMax else {
            throw limit("more than \(document.limits.memoEntriesMax) memo entries", expected: "at most that many")
        }
        try document.spend(memory: PickleDocument.valueBytes)
        memo.set(try top(), at: index)
    }

    private mutating func pushMemo(_ index: Int) throws(ImportError) {
        guard let value = memo.value(at: index) else {
            throw malformed("memo entry \(index), which was never set", expected: "an entry set before")
        }
        try push(value)
    }

    /// Counts values that a call copies.
    mutating func spendCopies(_ count: Int) throws(ImportError) {
        guard count <= copyBudget else {
            throw limit("calls that copy more values than the file has bytes", expected: "fewer")
        }
        copyBudget -= count
    }

    // MARK: Errors

    /// Where the machine stands, such as `byte 12 (REDUCE)`.
    var place: String { "byte \(opcodeOffset) (\(opcodeName))" }

    func malformed(_ found: String, expected: String) -> ImportError {
        ImportError(.malformed, at: place, found: found, expected: expected)
    }

    func truncated(_ expected: String) -> ImportError {
        ImportError(
            .truncated, at: "byte \(document.bytes.count) (in \(opcodeName) at byte \(opcodeOffset))",
            found: "the end of the file", expected: expected)
    }

    func limit(_ found: String, expected: String) -> ImportError {
        ImportError(.limit, at: place, found: found, expected: expected)
    }

    func unsupported(_ found: String, expected: String, remedy: String? = nil) -> ImportError {
        ImportError(.unsupported, at: place, found: found, expected: expected, remedy: remedy)
    }

    private func stackLimit() -> ImportError {
        limit("a stack deeper than \(document.limits.stackDepthMax)", expected: "at most that depth")
    }
}
