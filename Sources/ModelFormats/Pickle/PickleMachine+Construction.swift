internal import ModelIR

/// Globals, and what calls of them become: plain data, or a record. Nothing is imported or called.
extension PickleMachine {
    mutating func makeGlobal(module: PickleSlice, name: PickleSlice) throws(ImportError) -> PickleValue {
        for slice in [module, name] where Int(slice.count) > document.limits.nameBytesMax {
            throw limit("a name of \(slice.count) bytes", expected: "at most \(document.limits.nameBytesMax)")
        }
        guard let moduleText = document.text(module), let nameText = document.text(name) else {
            throw malformed("a name that is not UTF-8", expected: "a module and a name")
        }
        let role = PickleGlobalRole.of(module: moduleText, name: nameText)
        guard role != .forbidden else { throw refusal(moduleText + "." + nameText) }
        return .node(try document.add(.global(PickleGlobal(module: module, name: name, role: role))))
    }

    /// A file that wants something run, or an object of a package that is not known.
    private func refusal(_ name: String) -> ImportError {
        let isOwnCode = name.hasPrefix("__main__.")
        return unsupported(
            printable(name), expected: "classes of scikit-learn, NumPy and SciPy",
            remedy: "nothing in a model file is ever run; "
                + (isOwnCode
                    ? "replace what the training script defines itself by scikit-learn's own steps and save again"
                    : "save a fitted scikit-learn estimator or pipeline"))
    }

    /// The text with control characters escaped and cut to a length that fits a message.
    private func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(120) {
            result += scalar.value < 0x20 || scalar.value == 0x7f ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return result
    }

    /// REDUCE, INST and OBJ: the callable's role decides what the call stands for.
    mutating func call(_ callable: PickleValue, arguments: PickleValue) throws(ImportError) -> PickleValue {
        guard case .node(let handle) = callable, case .global(let global) = document.kind(handle) else {
            throw unsupported(
                "a call of \(document.describe(callable))", expected: "a call of a class by name",
                remedy: "nothing in a model file is ever run")
        }
        guard case .node(let argumentsHandle) = arguments, case .tuple = document.kind(argumentsHandle) else {
            throw malformed(document.describe(arguments), expected: "a tuple of arguments")
        }
        let items = document.items(argumentsHandle)
        switch global.role {
        case .foreign, .forbidden: throw refusal(document.fullName(global))
        case .record:
            try refuseSideFiles(global)
            return .node(try document.addRecord(handle, arguments: argumentsHandle))
        case .arrayPlaceholder: return .node(try document.addArray(nil))
        case .arrayFromBuffer: return try makeArrayFromBuffer(items)
        case .dataType: return try makeDataType(items)
        case .scalar: return try makeScalar(items, record: (handle, argumentsHandle))
        case .encode, .bytes: return try makeBytes(items)
        case .set:
            guard let first = items.first else { return .node(try document.add(.set)) }
            guard let members = document.sequence(first) else {
                throw malformed(document.describe(first), expected: "a list of members")
            }
            try spendCopies(members.count)
            return .node(try document.add(.set, items: members))
        case .dictionary: return try makeDictionary(items)
        case .reconstructor:
            // copyreg._reconstructor(class, base, state of the base)
            guard items.count >= 1 else { throw malformed("no class", expected: "a class to reconstruct") }
            let rest = try document.add(.tuple)
            return try makeObject(of: items[0], arguments: .node(rest))
        case .newObject:
            guard let first = items.first else { throw malformed("no class", expected: "a class") }
            try spendCopies(items.count)
            let rest = try document.add(.tuple, items: Array(items.dropFirst()))
            return try makeObject(of: first, arguments: .node(rest))
        }
    }

    /// NEWOBJ and NEWOBJ_EX: a record of a class.
    mutating func makeObject(
        of callable: PickleValue, arguments: PickleValue, keywords: PickleValue? = nil
    ) throws(ImportError) -> PickleValue {
        guard case .node(let handle) = callable, case .global(let global) = document.kind(handle) else {
            throw malformed(document.describe(callable), expected: "a class by name")
        }
        guard case .node(let argumentsHandle) = arguments, case .tuple = document.kind(argumentsHandle) else {
            throw malformed(document.describe(arguments), expected: "a tuple of arguments")
        }
        switch global.role {
        case .record: try refuseSideFiles(global)
        case .dictionary: return try makeDictionary([])
        default: throw refusal(document.fullName(global))
        }
        let pairs = keywords.flatMap { document.pairs($0) } ?? []
        try spendCopies(pairs.count)
        return .node(try document.addRecord(handle, arguments: argumentsHandle, pairs: pairs))
    }

    /// joblib before 0.10 kept each large array in a file of its own beside the pickle, which is not here.
    private func refuseSideFiles(_ global: PickleGlobal) throws(ImportError) {
        guard document.equals(global.name, "NDArrayWrapper") || document.equals(global.name, "ZNDArrayWrapper") else {
            return
        }
        throw unsupported(
            document.fullName(global) + ", an array in a file beside this one",
            expected: "arrays within the file",
            remedy: "load it with joblib.load in the folder with its .npy files, and save it again in one file with "
                + "joblib 0.10 or later: joblib.dump(model, \"model.joblib\")")
    }

    /// `collections.OrderedDict([[key, value], ...])`; a default factory is of no interest.
    private mutating func makeDictionary(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        var pairs: [PickleValue] = []
        if let first = arguments.first, let entries = document.sequence(first) {
            try spendCopies(entries.count)
            for entry in entries {
                guard let pair = document.sequence(entry), pair.count == 2 else {
                    throw malformed(document.describe(entry), expected: "a key and a value")
                }
                pairs.append(contentsOf: pair)
            }
        }
        return .node(try document.add(.dictionary, items: pairs))
    }

    /// `_codecs.encode(text, "latin1")`, `bytes()`, `bytearray(text, "latin-1")` or `bytes(value)`.
    private func makeBytes(_ arguments: [PickleValue]) throws(ImportError) -> PickleValue {
        guard let first = arguments.first else { return .bytes(PickleSlice(position..<position, .latin1)) }
        if arguments.count >= 2 {
            guard case .text(let encoding) = arguments[1],
                ["latin1", "latin-1", "iso-8859-1"].contains(where: { document.equals(encoding, $0) })
            else { throw unsupported(document.describe(arguments[1]), expected: "the encoding latin1") }
        }
        switch first {
        case .text(let slice), .bytes(let slice): return .bytes(slice)
        default: throw unsupported(document.describe(first), expected: "text or bytes")
        }
    }

    /// BUILD: the state of the object on the stack.
    mutating func build(_ state: PickleValue) throws(ImportError) {
        let target = try top()
        guard case .node(let handle) = target else {
            throw malformed("the state of \(document.describe(target))", expected: "an object")
        }
        switch document.kind(handle) {
        case .record(let index):
            document.setState(state, ofRecord: index)
            let record = document.record(index)
            if case .global(let global) = document.kind(record.callable),
                document.equals(global.name, "NumpyArrayWrapper")
            {
                stack[stack.count - 1] = try takeJoblibArray(record)
            }
        case .array(let index): document.setArray(try makeArray(state), at: index)
        case .dataType(let index):
            guard let dataType = document.dataType(target) else { break }
            document.setDataType(try completed(dataType, state: state), at: index)
        // The attributes of a subclass of dict, list or set; nothing reads them.
        case .dictionary, .list, .set: break
        case .tuple, .global:
            throw malformed("the state of \(document.describe(target))", expected: "an object")
        }
    }
}
