/// Packs files into one tar archive, so that a folder can be handled like a file. The same files always give the same
/// bytes: they are sorted by path, and times, owners and modes are left out.
package struct TarWriter {
    private var bytes: [UInt8] = []

    private init() {}

    /// - Parameter files: paths from the folder's root, with slashes, and their contents.
    package static func pack(_ files: [(path: String, contents: [UInt8])]) -> [UInt8] {
        var writer = TarWriter()
        for file in files.sorted(by: { $0.path < $1.path }) { writer.add(file.path, file.contents) }
        writer.bytes += [UInt8](repeating: 0, count: 1024)
        return writer.bytes
    }

    private mutating func add(_ path: String, _ contents: [UInt8]) {
        // An extended header holds what the fixed fields cannot: paths of more than 100 bytes, sizes from 8 GiB on.
        let isLarge = contents.count >= 1 << 33
        if path.utf8.count > 100 || isLarge {
            var records = Self.record("path", path)
            if isLarge { records += Self.record("size", String(contents.count)) }
            header("pax", type: UInt8(ascii: "x"), size: records.utf8.count)
            append(Array(records.utf8))
        }
        header(path, type: UInt8(ascii: "0"), size: isLarge ? 0 : contents.count)
        append(contents)
    }

    private mutating func append(_ contents: [UInt8]) {
        bytes += contents
        bytes += [UInt8](repeating: 0, count: (512 - contents.count % 512) % 512)
    }

    private mutating func header(_ path: String, type: UInt8, size: Int) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in text.enumerated() { block[offset + index] = byte }
        }
        put(path.utf8.prefix(100), at: 0)
        put(Self.octal(0o644, digits: 7).utf8, at: 100)
        put(Self.octal(0, digits: 7).utf8, at: 108)
        put(Self.octal(0, digits: 7).utf8, at: 116)
        put(Self.octal(size, digits: 11).utf8, at: 124)
        put(Self.octal(0, digits: 11).utf8, at: 136)
        put(String(repeating: " ", count: 8).utf8, at: 148)
        block[156] = type
        put("ustar\u{0}00".utf8, at: 257)
        let sum = block.reduce(0) { $0 + Int($1) }
        put((Self.octal(sum, digits: 6) + "\u{0} ").utf8, at: 148)
        bytes += block
    }

    private static func octal(_ value: Int, digits: Int) -> String {
        let text = String(value, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    /// `LENGTH KEY=VALUE\n`: the length counts its own digits.
    private static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while String(length).utf8.count + rest.utf8.count != length {
            length = String(length).utf8.count + rest.utf8.count
        }
        return "\(length)\(rest)"
    }
}
