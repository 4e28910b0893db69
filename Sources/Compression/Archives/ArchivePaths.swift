/// The paths of an archive as they are collected: refuses those that a careless reader could be led astray by.
struct ArchivePaths {
    private enum Use {
        case file, folder
    }

    private let limits: ArchiveLimits
    private let unpackedBytesMax: Int
    private var unpackedBytes = 0
    private var count = 0
    /// By the path in lower case, as a file system without case would see it.
    private var uses: [String: Use] = [:]

    init(_ limits: ArchiveLimits, archiveBytes: Int) {
        self.limits = limits
        unpackedBytesMax = limits.unpackedBytesMax(archiveBytes: archiveBytes)
    }

    /// The path without a leading `./` and without the slash at a folder's end; nil for the root folder itself.
    ///
    /// - Throws: `ArchiveError` for a path that leads out of the archive, or that another entry has.
    mutating func add(
        _ name: Span<UInt8>, isFolder: Bool, byteCount: Int, place: String
    ) throws(ArchiveError) -> String? {
        count += 1
        guard count <= limits.entriesMax else {
            throw ArchiveError(
                .limit, at: place, found: "more than \(limits.entriesMax) entries", expected: "at most that many")
        }
        guard name.count <= limits.pathBytesMax else {
            throw ArchiveError(
                .limit, at: place, found: "a path of \(name.count) bytes", expected: "at most \(limits.pathBytesMax)")
        }
        guard let validated = try? UTF8Span(validating: name) else {
            throw ArchiveError(.unsupported, at: place, found: "a path that is not UTF-8", expected: "UTF-8")
        }
        let text = String(copying: validated)
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F && $0 != "\\" }) else {
            throw unsafePath(text, place)
        }
        guard !text.utf8.starts(with: [UInt8(ascii: "/")]), !text.contains(":") else { throw unsafePath(text, place) }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)
        while parts.first == ".", parts.count > 1 { parts.removeFirst() }
        if isFolder, parts.last == "" { parts.removeLast() }
        if isFolder, parts.isEmpty || parts == ["."] { return nil }
        guard !parts.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }) else {
            throw unsafePath(text, place)
        }
        let path = parts.joined(separator: "/")
        try claim(parts, path, isFolder: isFolder, place: place)

        let (sum, overflow) = unpackedBytes.addingReportingOverflow(byteCount)
        guard !overflow, sum <= unpackedBytesMax else {
            throw ArchiveError(
                .limit, at: place, found: "\(byteCount) more bytes in \"\(path)\"",
                expected: "at most \(unpackedBytesMax) bytes in all entries of an archive of this size")
        }
        unpackedBytes = sum
        return path
    }

    private mutating func claim(
        _ parts: [Substring], _ path: String, isFolder: Bool, place: String
    ) throws(ArchiveError) {
        var prefix = ""
        for part in parts.dropLast() {
            prefix += (prefix.isEmpty ? "" : "/") + part.lowercased()
            guard uses[prefix] != .file else {
                throw ArchiveError(
                    .malformed, at: place, found: "\"\(path)\" in a file", expected: "files in folders")
            }
            uses[prefix] = .folder
        }
        let key = path.lowercased()
        switch uses[key] {
        case nil: uses[key] = isFolder ? .folder : .file
        case .folder where isFolder: break
        default:
            throw ArchiveError(
                .malformed, at: place, found: "a second \"\(path)\", or one that differs by upper and lower case only",
                expected: "one entry a path")
        }
    }

    private func unsafePath(_ text: String, _ place: String) -> ArchiveError {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(100) {
            shown += scalar.value < 0x20 || scalar.value == 0x7F ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return ArchiveError(
            .unsupported, at: place, found: "the path \"\(shown)\"",
            expected: "a path below the archive's root, with slashes and without \"..\"")
    }
}
