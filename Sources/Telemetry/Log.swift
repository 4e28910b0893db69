internal import Logging
internal import Synchronization

/// The server's log: levelled lines with typed fields, over swift-log, so that an embedding program can take the
/// lines over.
///
/// May be used from any thread. The message is built only if its level is on.
package struct Log: Sendable {
    private let threshold: Threshold
    private let logger: Logger

    /// The least level that is written. Copies of a log share it, so that setting it on one changes all.
    package var level: LogLevel {
        get { threshold.level }
        nonmutating set { threshold.level = newValue }
    }

    /// A log on standard output or standard error.
    /// - Parameters:
    ///   - level: the least level that is written.
    ///   - format: nil chooses text for a terminal and JSON lines otherwise.
    ///   - sink: where the lines go.
    package init(level: LogLevel = .info, format: LogFormat? = nil, sink: DescriptorSink = .standardError) {
        self.init(level: level, format: format ?? (sink.isTerminal ? .text : .json), to: sink)
    }

    /// A log into any sink, with a clock that a test can set: milliseconds since 1970.
    package init(
        level: LogLevel, format: LogFormat, to sink: any LogSink, clock: (@Sendable () -> Int64)? = nil
    ) {
        threshold = Threshold(level)
        let handler = LineLogHandler(format: format, sink: sink, clock: clock ?? wallClockMilliseconds)
        var logger = Logger(label: "vencejo") { _ in handler }
        // The threshold decides, and may come down later.
        logger.logLevel = .trace
        self.logger = logger
    }

    /// A log that writes nothing.
    package static var silent: Log { Log(level: .critical, format: .text, to: NoSink()) }

    package func debug(_ message: @autoclosure () -> String, _ fields: LogField...) { log(.debug, message(), fields) }
    package func info(_ message: @autoclosure () -> String, _ fields: LogField...) { log(.info, message(), fields) }
    package func notice(_ message: @autoclosure () -> String, _ fields: LogField...) { log(.notice, message(), fields) }
    package func warning(_ message: @autoclosure () -> String, _ fields: LogField...) {
        log(.warning, message(), fields)
    }
    package func error(_ message: @autoclosure () -> String, _ fields: LogField...) { log(.error, message(), fields) }

    package func log(_ level: LogLevel, _ message: @autoclosure () -> String, _ fields: [LogField] = []) {
        guard level >= self.level else { return }
        logger.log(level: level.swiftLogLevel, "\(message())", metadata: LineLogHandler.metadata(fields))
    }
}

/// A level that is shared by the copies of a log.
private final class Threshold: Sendable {
    private let rank: Atomic<Int>

    init(_ level: LogLevel) { rank = Atomic(level.rank) }

    var level: LogLevel {
        get { LogLevel(rank: rank.load(ordering: .relaxed)) }
        set { rank.store(newValue.rank, ordering: .relaxed) }
    }
}

private struct NoSink: LogSink {
    func write(_ line: [UInt8]) {}
}

extension LogLevel {
    fileprivate var swiftLogLevel: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }

    fileprivate init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info: self = .info
        case .notice: self = .notice
        case .warning: self = .warning
        case .error: self = .error
        case .critical: self = .critical
        }
    }
}

/// Writes each event as one line.
private struct LineLogHandler: LogHandler {
    let format: LogFormat
    let sink: any LogSink
    let clock: @Sendable () -> Int64
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(format: LogFormat, sink: any LogSink, clock: @escaping @Sendable () -> Int64) {
        self.format = format
        self.sink = sink
        self.clock = clock
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = Self.fields(metadata)
        if let own = event.metadata { fields += Self.fields(own) }
        let time = Timestamp(unixMilliseconds: clock())
        sink.write(format.line(LogLevel(event.level), event.message.description, fields, at: time))
    }

    // swift-log's metadata is a dictionary without order or numbers: our fields travel in it as one value that keeps
    // both.

    private static let fieldsKey = "\u{1}fields"

    static func metadata(_ fields: [LogField]) -> Logger.Metadata? {
        fields.isEmpty ? nil : [fieldsKey: .stringConvertible(FieldList(fields: fields))]
    }

    private static func fields(_ metadata: Logger.Metadata) -> [LogField] {
        var fields: [LogField] = []
        if case .stringConvertible(let value)? = metadata[fieldsKey], let list = value as? FieldList {
            fields = list.fields
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != fieldsKey {
            fields.append(LogField(key, .text("\(value)")))
        }
        return fields
    }
}

private struct FieldList: CustomStringConvertible, Sendable {
    let fields: [LogField]

    var description: String {
        fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
    }
}
