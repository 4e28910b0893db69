import Synchronization
import Testing

@testable import Telemetry

private final class Lines: LogSink {
    private let lines = Mutex<[String]>([])

    func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }

    var all: [String] { lines.withLock { $0 } }
}

struct LogTests {
    private let lines = Lines()

    private func log(_ level: LogLevel, _ format: LogFormat) -> Log {
        Log(level: level, format: format, to: lines) { 1_767_261_330_250 }
    }

    @Test func aLevelThatIsSetCountsForEveryCopy() {
        let one = log(.warning, .text)
        let other = one
        other.info("not yet")
        one.level = .debug
        #expect(other.level == .debug)
        other.debug("now")
        other.level = .critical
        one.error("no more")
        #expect(lines.all.count == 1 && lines.all.first?.hasSuffix("now\n") == true)
    }

    @Test func writesOneJSONObjectALine() {
        log(.info, .json).warning(
            "disk \"full\"\n", LogField("model", "churn"), LogField("bytes", 12), LogField("seconds", .number(0.25)),
            LogField("ok", .flag(true)), LogField("nan", .number(.nan)))
        #expect(
            lines.all == [
                #"{"severity":"WARNING","message":"disk \"full\"\n","time":"2026-01-01T09:55:30.250Z","#
                    + #""model":"churn","bytes":12,"seconds":0.25,"ok":true,"nan":null}"# + "\n"
            ])
    }

    @Test func writesTextForAPerson() {
        log(.debug, .text).debug("adopted", LogField("loop", 0), LogField("why", "two words"), LogField("empty", ""))
        #expect(lines.all == ["09:55:30.250 debug    adopted  loop=0  why=\"two words\"  empty=\"\"\n"])
    }

    @Test func doesNotBuildWhatItDoesNotWrite() {
        var isBuilt = false
        func message() -> String {
            isBuilt = true
            return ""
        }
        log(.warning, .json).info(message())
        #expect(!isBuilt && lines.all.isEmpty)
        log(.warning, .json).error(message())
        #expect(isBuilt && lines.all.count == 1)
    }

    @Test(arguments: ["Authorization", "token", "COOKIE", "admin-token", "X-API-Key"])
    func neverWritesSecrets(name: String) {
        log(.info, .json).info("request", LogField(name, "s3cret"))
        log(.info, .text).info("request", LogField(name, "s3cret"))
        #expect(lines.all.count == 2)
        #expect(!lines.all.joined().contains("s3cret"))
    }

    @Test(arguments: ["a\nERROR forged", "a\r\u{1b}[2Jb", "a\u{2028}b\u{85}c\u{7f}"])
    func letsNobodyForgeALine(text: String) {
        log(.info, .json).info("\(text)", LogField("f", .text(text)))
        log(.info, .text).info("\(text)", LogField("f", .text(text)))
        for line in lines.all {
            #expect(line.unicodeScalars.dropLast().allSatisfy { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) })
            #expect(!line.unicodeScalars.contains("\u{2028}"))
        }
    }

    @Test func doesNotRepeatItsOwnKeys() {
        log(.info, .json).info("a", LogField("message", "b"), LogField("time", 1))
        #expect(lines.all[0].hasSuffix(#","message_":"b","time_":1}"# + "\n"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_827_696_001, "2000-02-29T12:34:56.001Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func writesTimesAsRFC3339(milliseconds: Int64, text: String) {
        #expect(Timestamp(unixMilliseconds: milliseconds).description == text)
    }
}
