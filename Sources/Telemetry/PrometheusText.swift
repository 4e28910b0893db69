/// Writes the Prometheus text exposition format, version 0.0.4: `HELP` and `TYPE` once a metric, then its samples;
/// lines end in `\n`. In this version the `TYPE` line of a counter carries the full name, `_total` included.
struct PrometheusText {
    private(set) var bytes: [UInt8] = []

    mutating func beginMetric(_ name: String, help: String, kind: MetricKind) {
        write("# HELP ")
        write(name)
        write(" ")
        for byte in help.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\n"): write("\\n")
            default: bytes.append(byte)
            }
        }
        write("\n# TYPE ")
        write(name)
        write(" ")
        write(kind.rawValue)
        write("\n")
    }

    mutating func sample(_ name: String, _ labelNames: [String], _ labels: [String], integer: UInt64) {
        line(name, labelNames, labels, extra: nil, value: String(integer))
    }

    mutating func sample(_ name: String, _ labelNames: [String], _ labels: [String], number: Double) {
        line(name, labelNames, labels, extra: nil, value: Self.text(number))
    }

    /// Cumulative buckets up to `+Inf`, the sum and the count.
    mutating func histogram(
        _ name: String, _ labelNames: [String], _ labels: [String], _ snapshot: Histogram.Snapshot,
        _ buckets: HistogramBuckets
    ) {
        var cumulative: UInt64 = 0
        for (index, bound) in buckets.bounds.enumerated() {
            cumulative += snapshot.counts[index]
            line(
                name + "_bucket", labelNames, labels, extra: Self.text(buckets.shown(bound)), value: String(cumulative))
        }
        line(name + "_bucket", labelNames, labels, extra: "+Inf", value: String(snapshot.count))
        line(name + "_sum", labelNames, labels, extra: nil, value: Self.text(buckets.shown(snapshot.sum)))
        line(name + "_count", labelNames, labels, extra: nil, value: String(snapshot.count))
    }

    /// One sample; `extra` is the value of the label `le`.
    private mutating func line(
        _ name: String, _ labelNames: [String], _ labels: [String], extra: String?, value: String
    ) {
        write(name)
        if !labels.isEmpty || extra != nil {
            write("{")
            for (index, label) in labels.enumerated() {
                if index > 0 { write(",") }
                write(labelNames[index])
                write("=\"")
                writeEscaped(label)
                write("\"")
            }
            if let extra {
                if !labels.isEmpty { write(",") }
                write("le=\"")
                write(extra)
                write("\"")
            }
            write("}")
        }
        write(" ")
        write(value)
        write("\n")
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Label values escape the backslash, the quote and the line feed.
    private mutating func writeEscaped(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): write("\\\\")
            case UInt8(ascii: "\""): write("\\\"")
            case UInt8(ascii: "\n"): write("\\n")
            default: bytes.append(byte)
            }
        }
    }

    /// As Go reads floats: `NaN`, `+Inf`, `-Inf`.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let integer = Int64(exactly: value), value.magnitude < 1e15 { return String(integer) }
        return value.description
    }

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`
    static func isMetricName(_ name: String) -> Bool {
        isName(name) { $0 == UInt8(ascii: ":") }
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, not beginning with two underscores, which are Prometheus' own.
    static func isLabelName(_ name: String) -> Bool {
        !name.hasPrefix("__") && isName(name) { _ in false }
    }

    private static func isName(_ name: String, orAlso: (UInt8) -> Bool) -> Bool {
        guard !name.isEmpty else { return false }
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                continue
            case UInt8(ascii: "0")...UInt8(ascii: "9") where index > 0: continue
            default: guard orAlso(byte) else { return false }
            }
        }
        return true
    }
}

extension HistogramBuckets {
    /// A value of the buckets' unit as it is shown. Divides for decimal fractions, so that 25,000 ns shows as 2.5e-05
    /// and not as 2.5000000000000001e-05.
    func shown(_ value: UInt64) -> Double {
        scale < 1 ? Double(value) / (1 / scale).rounded() : Double(value) * scale
    }
}
