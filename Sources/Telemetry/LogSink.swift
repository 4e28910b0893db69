/// Where finished log lines go. Called from any thread; must not block for long.
package protocol LogSink: Sendable {
    /// - Parameter line: UTF-8, with its line feed.
    func write(_ line: [UInt8])
}
