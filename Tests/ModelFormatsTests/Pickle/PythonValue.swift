/// A Python value to be pickled by the tests: enough for estimators that no library would save.
indirect enum PythonValue: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case text(String)
    case list([PythonValue])
    case tuple([PythonValue])
    case dictionary([(String, PythonValue)])
    /// A float64 array.
    case array([Double], shape: [Int])
    /// An object array, or any other built from a list.
    case objects([PythonValue])
    case global(String, String)
    case object(String, [(String, PythonValue)])
    /// A call of a class with arguments, and the state that BUILD gives it.
    case call(String, [PythonValue], state: [(String, PythonValue)])
    /// The same with any state.
    case built(String, [PythonValue], PythonValue)
    /// An array of structures: name, code and offset of each field.
    case structures([(String, String, Int)], itemBytes: Int, count: Int, data: [UInt8])
    /// Whatever was memoized under this index.
    case memo(Int)
    /// The value, memoized under this index before its parts are written.
    case memoized(Int, PythonValue)

    /// An estimator with a version.
    static func estimator(_ name: String, _ attributes: [(String, PythonValue)]) -> PythonValue {
        .object("sklearn.\(name)", attributes + [("_sklearn_version", .text("1.7.2"))])
    }

    static func pipeline(_ steps: [(String, PythonValue)]) -> PythonValue {
        .estimator("pipeline.Pipeline", [("steps", .list(steps.map { .tuple([.text($0.0), $0.1]) }))])
    }

    static func vector(_ values: [Double]) -> PythonValue { .array(values, shape: [values.count]) }

    /// The pickle of this value.
    var pickled: [UInt8] {
        var program = PickleAssembler()
        write(to: &program)
        return program.finished
    }

    private func write(to program: inout PickleAssembler, memo: Int? = nil) {
        func remember() {
            if let memo { program.bytes += [0x72] + PickleAssembler.little(memo, bytes: 4) }
        }
        switch self {
        case .none: program.op(0x4e)
        case .boolean(let value): program.op(value ? 0x88 : 0x89)
        case .integer(let value): program.bytes += [0x8a, 8] + PickleAssembler.little(value, bytes: 8)
        case .float(let value):
            program.bytes +=
                [0x47] + PickleAssembler.little(Int(bitPattern: UInt(value.bitPattern)), bytes: 8).reversed()
        case .text(let text): program.text(text)
        case .list(let items):
            program.op(0x5d)
            remember()
            program.op(0x28)
            for item in items { item.write(to: &program) }
            program.op(0x65)
        case .tuple(let items):
            program.op(0x28)
            for item in items { item.write(to: &program) }
            program.op(0x74)
        case .dictionary(let pairs):
            program.op(0x7d, 0x28)
            for (key, value) in pairs {
                program.text(key)
                value.write(to: &program)
            }
            program.op(0x75)
        case .array(let values, let shape):
            let data = values.flatMap { PickleAssembler.little(Int(bitPattern: UInt($0.bitPattern)), bytes: 8) }
            program.array("f8", shape: shape, data: data)
        case .objects(let items):
            program.global("numpy.core.multiarray", "_reconstruct")
            program.global("numpy", "ndarray")
            program.op(0x4b, 0, 0x85)
            program.raw([0x62])
            program.op(0x87, 0x52, 0x28, 0x4b, 1)
            program.integer(items.count)
            program.op(0x85)
            program.dataType("O8", order: "|", flags: 63)
            program.op(0x89)
            PythonValue.list(items).write(to: &program)
            program.op(0x74, 0x62)
        case .global(let module, let name): program.global(module, name)
        case .object(let name, let attributes):
            let parts = name.split(separator: ".")
            program.global(parts.dropLast().joined(separator: "."), String(parts.last ?? ""))
            program.op(0x29, 0x81)
            remember()
            PythonValue.dictionary(attributes).write(to: &program)
            program.op(0x62)
        case .call(let name, let arguments, let state):
            let parts = name.split(separator: ".")
            program.global(parts.dropLast().joined(separator: "."), String(parts.last ?? ""))
            PythonValue.tuple(arguments).write(to: &program)
            program.op(0x52)
            PythonValue.dictionary(state).write(to: &program)
            program.op(0x62)
        case .built(let name, let arguments, let state):
            let parts = name.split(separator: ".")
            program.global(parts.dropLast().joined(separator: "."), String(parts.last ?? ""))
            PythonValue.tuple(arguments).write(to: &program)
            program.op(0x52)
            state.write(to: &program)
            program.op(0x62)
        case .structures(let fields, let itemBytes, let count, let data):
            program.global("numpy.core.multiarray", "_reconstruct")
            program.global("numpy", "ndarray")
            program.op(0x4b, 0, 0x85)
            program.raw([0x62])
            program.op(0x87, 0x52, 0x28, 0x4b, 1)
            program.integer(count)
            program.op(0x85)
            program.structure(fields, itemBytes: itemBytes)
            program.op(0x89)
            program.raw(data)
            program.op(0x74, 0x62)
        case .memo(let index): program.bytes += [0x6a] + PickleAssembler.little(index, bytes: 4)
        case .memoized(let index, let value): value.write(to: &program, memo: index)
        }
    }
}
