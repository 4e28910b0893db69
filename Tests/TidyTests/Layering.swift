/// What each target may import, from the ground up: the table of docs/architecture.md. A target may also import system
/// libraries as listed; nothing else, and nothing by way of another target.
enum Layering {
    struct Layer {
        let name: String
        let targets: Set<String>
        let libraries: Set<String>

        init(_ name: String, _ targets: Set<String> = [], libraries: Set<String> = []) {
            self.name = name
            self.targets = targets
            self.libraries = libraries
        }
    }

    static let layers: [Layer] = [
        Layer("CCurl"),
        Layer("CEventLoop"),
        Layer("CHost"),
        Layer("CKernels"),
        Layer("CNghttp2"),
        Layer("CZlib"),
        Layer("CLZ4"),
        Layer("CBZip2"),
        Layer("CLZMA"),
        Layer("CYAML"),

        Layer("TensorCore"),
        Layer("ByteCoding", libraries: ["Glibc"]),
        Layer("Compression", ["CZlib", "CLZ4", "CBZip2", "CLZMA"], libraries: ["Glibc"]),
        Layer("Telemetry", libraries: ["Glibc", "Logging", "Synchronization"]),

        Layer("ModelIR", ["TensorCore"]),
        Layer("ModelFormats", ["ModelIR", "TensorCore", "ByteCoding", "Compression", "CYAML"], libraries: ["Glibc"]),
        Layer("InferenceEngine", ["ModelIR", "TensorCore", "CKernels"], libraries: ["Glibc"]),
        Layer("VencejoEngine", ["ModelFormats", "InferenceEngine", "ModelIR", "TensorCore"]),

        Layer("InferenceAPI", ["TensorCore"]),
        Layer(
            "Serving", ["InferenceAPI", "InferenceEngine", "ModelIR", "TensorCore", "Telemetry"],
            libraries: ["Crypto", "Synchronization"]),
        Layer(
            "ModelStore", ["Serving", "ByteCoding", "CCurl"],
            libraries: ["Crypto", "CryptoExtras", "Glibc", "Synchronization"]),

        Layer("EventLoop", ["CEventLoop"], libraries: ["Glibc", "Synchronization"]),
        Layer("HTTPCore", ["ByteCoding", "Compression", "CNghttp2"]),
        Layer("HTTPServer", ["HTTPCore", "EventLoop", "Telemetry"], libraries: ["Glibc", "Synchronization"]),
        Layer("ServingProtocols", ["HTTPCore", "InferenceAPI", "TensorCore", "ByteCoding"]),

        Layer(
            "ServerApplication",
            [
                "ByteCoding", "CHost", "EventLoop", "HTTPCore", "HTTPServer", "InferenceAPI", "InferenceEngine",
                "ModelFormats",
                "ModelIR", "ModelStore", "Serving", "ServingProtocols", "Telemetry", "TensorCore",
            ],
            libraries: ["Crypto", "Glibc", "Logging", "Synchronization"]),
        Layer("vencejo", ["ServerApplication"], libraries: ["ArgumentParser", "Glibc"]),
    ]

    /// What is wrong with one import; nil if the layer may.
    static func objection(to module: String, in target: String) -> String? {
        guard let layer = layers.first(where: { $0.name == target }) else {
            return "the target \(target) is not in the table of layers"
        }
        if module.hasPrefix("Foundation") { return "\(module) is not used in Sources" }
        // The C library has another name where the binary is linked statically with musl.
        let module = module == "Musl" ? "Glibc" : module
        if module == "Swift" || layer.targets.contains(module) || layer.libraries.contains(module) { return nil }
        return "\(target) may not import \(module)"
    }

    /// Targets of the table that name one which does not stand above them.
    static var inversions: [String] {
        var known: Set<String> = []
        var found: [String] = []
        for layer in layers {
            for target in layer.targets.sorted() where !known.contains(target) {
                found.append("\(layer.name) names \(target), which does not stand above it")
            }
            known.insert(layer.name)
        }
        return found
    }
}
