/// What has happened: a hash of all of it, to compare two runs, and the last lines in words, to read after a failure.
struct Trace {
    /// How many lines are kept.
    let linesKept: Int
    private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    private var lines: [String] = []
    private var next = 0

    init(linesKept: Int) { self.linesKept = linesKept }

    mutating func add(_ time: Int64, _ words: @autoclosure () -> String, _ numbers: Int...) {
        mix(UInt64(bitPattern: time))
        let text = words()
        for byte in text.utf8 { mix(UInt64(byte)) }
        for number in numbers { mix(UInt64(bitPattern: Int64(number))) }
        guard linesKept > 0 else { return }
        let line = "\(Self.seconds(time)) \(text) \(numbers.map { "\($0)" }.joined(separator: " "))"
        if lines.count < linesKept {
            lines.append(line)
        } else {
            lines[next] = line
            next = (next + 1) % linesKept
        }
    }

    /// Bytes that were sent or received, by their content.
    mutating func add(bytes: [UInt8]) {
        var state = hash
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = state
    }

    /// The last lines, oldest first.
    var recent: [String] { Array(lines[next...] + lines[..<next]) }

    static func seconds(_ time: Int64) -> String {
        let micro = time / 1000
        let rest = "\(micro % 1_000_000)"
        return "\(micro / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }

    private mutating func mix(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01b3 }
}
