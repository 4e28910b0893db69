internal import Glibc

/// One line on standard error that tells how far something is: drawn anew in its place on a terminal, and a line a step
/// elsewhere.
struct ProgressBar {
    private static let width = 24
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var shown = ""
    private var lastStep = ""

    init() {}

    /// - Parameters:
    ///   - share: from 0 to 1.
    ///   - step: what is going on, in a word.
    mutating func show(_ share: Double, _ step: String) {
        let filled = Int((min(max(share, 0), 1) * Double(Self.width)).rounded(.down))
        let line =
            isTerminal
            ? "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled) + "] "
                + step
            : step
        guard isTerminal ? line != shown : step != lastStep else { return }
        // What is left of a longer line is written over with blanks.
        let blanks = String(repeating: " ", count: max(0, shown.count - line.count))
        write(isTerminal ? "\r" + line + blanks : line + "\n")
        shown = line
        lastStep = step
    }

    /// Takes the line away again.
    mutating func end() {
        guard isTerminal, !shown.isEmpty else { return }
        write("\r" + String(repeating: " ", count: shown.count) + "\r")
        shown = ""
    }

    /// A line that stays.
    mutating func tell(_ line: String) {
        end()
        write(line + "\n")
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
