/// One thing that is wrong, and where.
struct Finding: CustomStringConvertible {
    let path: String
    /// From 1; 0 for the whole file.
    let line: Int
    let text: String

    var description: String { "\(path):\(line): \(text)" }
}

/// The rules that hold for each file by itself. Pure functions of a path and its lines.
enum Rules {
    static let lineLengthMax = 120
    static let fileLinesMax = 700

    /// Files outside `Kernels` folders that may reach past bounds checks: each is a small rim around system or C calls.
    static let uncheckedTargets: Set<String> = [
        "EventLoop", "HTTPServer", "ModelStore", "Compression", "ServerApplication",
    ]

    /// Single files of other targets that may: each is the one place where its target hands memory to the system or to
    /// C.
    static let uncheckedFiles: Set<String> = [
        "Sources/ModelFormats/MLflow/YAMLEvents.swift", "Sources/Telemetry/DescriptorSink.swift",
        "Sources/HTTPCore/HTTP2/HTTP2Session.swift",
    ]

    /// Holes in the concurrency checks that the sources may have in all. Each has its reason in the line above.
    static let concurrencyHolesMax = 7

    // Written in parts, so that this file does not find itself.
    private static let uncheckedWords = [
        "[unchecked" + ":", "unchecked" + ":", "with" + "Unsafe", "Unsafe" + "Pointer", "Unsafe" + "RawPointer",
        "Unsafe" + "Buffer",
        "Unsafe" + "RawBuffer", "Unsafe" + "Mutable", "unsafe" + "BitCast", "Unman" + "aged", "unsafe" + "Load",
        "unsafe" + "Downcast",
    ]
    private static let concurrencyWords = ["@unchecked " + "Sendable", "nonisolated" + "(unsafe)"]
    private static let unfinishedWords = ["TO" + "DO", "FIX" + "ME"]

    static func layout(_ path: String, _ lines: [String]) -> [Finding] {
        var findings: [Finding] = []
        // The last element is what follows the final newline.
        let count = lines.last == "" ? lines.count - 1 : lines.count
        if count > fileLinesMax {
            findings.append(Finding(path: path, line: 0, text: "\(count) lines; at most \(fileLinesMax)"))
        }
        for (index, line) in lines.enumerated() {
            func found(_ text: String) { findings.append(Finding(path: path, line: index + 1, text: text)) }
            if line.count > lineLengthMax, !path.hasSuffix("Fixtures.swift") {
                found("\(line.count) columns; at most \(lineLengthMax)")
            }
            if line.contains("\t") { found("a tab") }
            if line.hasSuffix(" ") || line.hasSuffix("\r") { found("white space at the end of the line") }
            for word in unfinishedWords where line.contains(word) { found("\(word): finish it, or open an issue") }
        }
        return findings
    }

    static func unchecked(_ path: String, _ lines: [String]) -> [Finding] {
        let folders = path.split(separator: "/")
        if uncheckedFiles.contains(path) { return [] }
        if folders.contains("Kernels") || (folders.count > 1 && uncheckedTargets.contains(String(folders[1]))) {
            return []
        }
        var findings: [Finding] = []
        for (index, line) in lines.enumerated() {
            let code = SourceLine.code(line)
            for word in uncheckedWords where code.contains(word) {
                findings.append(
                    Finding(path: path, line: index + 1, text: "\(word) outside of a Kernels folder and the system rim")
                )
                break
            }
        }
        return findings
    }

    /// Lines that switch off a concurrency check, and among them those without a reason in the line above.
    static func concurrencyHoles(_ path: String, _ lines: [String]) -> (holes: [Finding], unexplained: [Finding]) {
        var holes: [Finding] = []
        var unexplained: [Finding] = []
        for (index, line) in lines.enumerated() {
            let code = SourceLine.code(line)
            for word in concurrencyWords where code.contains(word) {
                let finding = Finding(path: path, line: index + 1, text: word)
                holes.append(finding)
                let above = index > 0 ? lines[index - 1].drop(while: { $0 == " " }) : ""
                if !above.hasPrefix("//") { unexplained.append(finding) }
            }
        }
        return (holes, unexplained)
    }

    static func imports(_ path: String, _ lines: [String]) -> [Finding] {
        let folders = path.split(separator: "/")
        guard folders.count > 2 else { return [Finding(path: path, line: 0, text: "a source outside of a target")] }
        var findings: [Finding] = []
        for (index, line) in lines.enumerated() {
            guard let module = SourceLine.importedModule(line) else { continue }
            if let objection = Layering.objection(to: module, in: String(folders[1])) {
                findings.append(Finding(path: path, line: index + 1, text: objection))
            }
        }
        return findings
    }
}
