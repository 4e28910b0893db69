/// What a call of a global means to the machine. A role is found by name; nothing is ever imported or called.
enum PickleGlobalRole: Sendable, Hashable {
    /// A class or function of a package whose objects are kept as inert records.
    case record
    /// A class or function of any other package: it may be named, a call of it refuses the file.
    case foreign
    /// Something that a model has no business to name: the file is refused at once.
    case forbidden

    /// `numpy.core.multiarray._reconstruct`: an array whose BUILD follows.
    case arrayPlaceholder
    /// `numpy.core.numeric._frombuffer`: an array of protocol 5.
    case arrayFromBuffer
    case dataType
    case scalar
    /// `_codecs.encode(text, "latin1")`: how protocols 0 to 2 write bytes.
    case encode
    case bytes
    case set
    /// `collections.OrderedDict` or `defaultdict`.
    case dictionary
    /// `copyreg._reconstructor(class, base, state)`.
    case reconstructor
    /// `copyreg.__newobj__(class, ...)`.
    case newObject

    /// The role of a global, by its names alone.
    ///
    /// - Parameters:
    ///   - module: such as `numpy.core.multiarray`.
    ///   - name: such as `_reconstruct`; with dots for a nested name.
    /// - Returns: `foreign` for whatever is not known.
    static func of(module: String, name: String) -> PickleGlobalRole {
        let package = String(module.prefix { $0 != "." })
        switch package {
        case "numpy": return numpyRole(module: module, name: name)
        case "builtins", "__builtin__": return builtinRole(name)
        case "_codecs", "codecs": return name == "encode" ? .encode : .foreign
        case "copyreg", "copy_reg":
            switch name {
            case "_reconstructor": return .reconstructor
            case "__newobj__": return .newObject
            default: return .foreign
            }
        case "collections":
            return name == "OrderedDict" || name == "defaultdict" ? .dictionary : .record
        case _ where recordPackages.contains(package): return .record
        case _ where forbiddenPackages.contains(package): return .forbidden
        default: return .foreign
        }
    }

    private static func numpyRole(module: String, name: String) -> PickleGlobalRole {
        switch (module, name) {
        case ("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct"):
            return .arrayPlaceholder
        case ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"): return .scalar
        case ("numpy.core.numeric", "_frombuffer"), ("numpy._core.numeric", "_frombuffer"): return .arrayFromBuffer
        case ("numpy", "dtype"): return .dataType
        default: return .record
        }
    }

    private static func builtinRole(_ name: String) -> PickleGlobalRole {
        switch name {
        case "bytes", "bytearray": .bytes
        case "set", "frozenset": .set
        case "slice", "complex", "range", "object", "list", "dict", "tuple", "int", "long", "float", "bool", "str",
            "unicode", "type":
            .record
        case _ where forbiddenBuiltins.contains(name): .forbidden
        default: .foreign
        }
    }

    /// First packages whose objects are kept as records: what scikit-learn's own files name, and the boosters, so
    /// that the importer can refuse those by class and step.
    private static let recordPackages: Set<String> = [
        "sklearn", "scipy", "joblib", "xgboost", "lightgbm", "catboost", "pandas", "functools", "datetime", "re",
        "_loss",
    ]

    /// Packages that run programs, load code or reach files and the network.
    private static let forbiddenPackages: Set<String> = [
        "os", "posix", "nt", "subprocess", "_posixsubprocess", "sys", "shutil", "socket", "pty", "runpy", "importlib",
        "imp",
        "ctypes", "_ctypes", "pickle", "_pickle", "cPickle", "marshal", "code", "codeop", "webbrowser", "pip",
        "commands",
        "platform", "asyncio", "signal", "urllib", "urllib2", "requests", "http", "httplib", "ftplib", "smtplib",
        "tempfile",
        "io", "_io", "timeit", "cProfile", "profile", "pdb", "bdb", "trace", "pydoc", "doctest", "zipimport", "pkgutil",
        "shelve", "sqlite3", "mmap", "linecache", "idlelib", "lib2to3", "distutils", "ensurepip", "operator",
        "_operator",
    ]

    private static let forbiddenBuiltins: Set<String> = [
        "eval", "exec", "execfile", "compile", "__import__", "open", "file", "getattr", "setattr", "delattr", "globals",
        "locals", "vars", "dir", "input", "raw_input", "breakpoint", "apply", "map", "filter", "reduce", "exit", "quit",
        "help", "memoryview",
    ]
}
