internal import CAllocationCounter
internal import Glibc
internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import TensorCore

/// Times the predictor of one model on one thread, as a benchmark asks it line by line.
///
///     kernel-timer MODEL ROWS [PREDICTOR]
///
/// `ROWS` has one row a line, its fields separated by tabs; an empty one is missing. Each line of standard input is
/// answered by one line:
///
///     time BATCH SECONDS    CPU nanoseconds a row, batches of BATCH rows one after the other for SECONDS
///     answers PATH          the numbers of each row: writes the answers of all rows to PATH as doubles
///     allocations BATCH     how often a thousand calls on one batch take memory, after a first one
///     report                separated by tabs: the predictor's name, its predicted nanoseconds of a row alone and of
///                           one among many, and the CPU seconds from the file's bytes to the predictor
@main
struct KernelTimer {
    /// Batches that are gone round: many enough that no branch predictor learns them, few enough for the cache.
    static let batchesMax = 1024

    private let model: CompiledModel
    private let rows: [[Substring]]
    private let importSeconds: Double

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 2, let bytes = read(arguments[1]), let text = read(arguments[2]) else {
            print("usage: kernel-timer MODEL ROWS [PREDICTOR]")
            exit(2)
        }
        let start = now()
        let imported = try SupportedFormats.importers.importModel(bytes.span)
        let model = try ModelCompiler.compile(imported.graph, forcing: arguments.count > 3 ? arguments[3] : nil)
        let importSeconds = now() - start
        let timer = KernelTimer(
            model: model,
            rows: String(decoding: text, as: UTF8.self).split(separator: "\n").map {
                $0.split(separator: "\t", omittingEmptySubsequences: false)
            },
            importSeconds: importSeconds)
        while let line = readLine() {
            let words = line.split(separator: " ")
            switch words.first {
            case "time": print(timer.time(batch: Int(words[1]) ?? 1, seconds: Double(words[2]) ?? 0))
            case "answers": print(timer.writeAnswers(to: String(words[1])))
            case "allocations": print(timer.allocations(batch: Int(words[1]) ?? 1))
            case "report":
                let report = model.predictor.report
                let nanoseconds = "\(report.nanosecondsPerRow)\t\(report.nanosecondsPerRowOfMany)"
                print("\(report.name)\t\(nanoseconds)\t\(timer.importSeconds)")
            default: print("?")
            }
            fflush(nil)
        }
    }

    // MARK: Rows

    private func fill(_ batch: inout RowBatch, _ range: Range<Int>) {
        for index in range {
            let row = batch.appendRow()
            for (column, field) in rows[index].enumerated() where !field.isEmpty {
                switch model.layout.columns[column].kind {
                case .float64: batch.setDouble(Double(field) ?? .nan, row: row, column: column)
                case .int64: batch.setInt64(Int64(field) ?? 0, row: row, column: column)
                case .string:
                    let bytes = Array(field.utf8)
                    _ = batch.setString(bytes.span, row: row, column: column)
                }
            }
        }
    }

    // MARK: Commands

    private func time(batch size: Int, seconds: Double) -> Double {
        let batches = Batches(self, size: size)
        var output = OutputBatch(fields: model.signature.outputs)
        let workspace = model.predictor.makeWorkspace()
        batches.predict(0, model.predictor, into: &output, using: workspace)
        let start = Self.now()
        var calls = 0
        var next = 0
        var elapsed = 0.0
        while elapsed < seconds {
            // A look at the clock costs as much as a small model: one for every thousand rows.
            for _ in 0..<max(1, 1024 / size) {
                batches.predict(next, model.predictor, into: &output, using: workspace)
                next = next + 1 == batches.count ? 0 : next + 1
                calls += 1
            }
            elapsed = Self.now() - start
        }
        return elapsed * 1e9 / Double(calls * size)
    }

    private func allocations(batch size: Int) -> UInt64 {
        var batch = RowBatch(layout: model.layout, rowCapacity: size)
        fill(&batch, 0..<min(size, rows.count))
        var output = OutputBatch(fields: model.signature.outputs)
        let workspace = model.predictor.makeWorkspace()
        model.predictor.predict(batch, into: &output, using: workspace)
        let before = allocation_counter_calls()
        for _ in 0..<1000 { model.predictor.predict(batch, into: &output, using: workspace) }
        return allocation_counter_calls() - before
    }

    private func writeAnswers(to path: String) -> Int {
        var numbers: [Double] = []
        var batch = RowBatch(layout: model.layout, rowCapacity: rows.count)
        fill(&batch, 0..<rows.count)
        var output = OutputBatch(fields: model.signature.outputs)
        model.predictor.predict(batch, into: &output, using: model.predictor.makeWorkspace())
        // Probabilities where there are any.
        let field = output.fields.indices.last ?? 0
        numbers += output.values[field].float64
        numbers += output.values[field].float32.map { Double($0) }
        numbers += output.values[field].labels.map { Double($0) }
        guard let file = unsafe fopen(path, "wb") else { return -1 }
        defer { unsafe fclose(file) }
        let written = unsafe numbers.withUnsafeBytes { unsafe fwrite($0.baseAddress, 1, $0.count, file) }
        return written == numbers.count * 8 ? numbers.count / max(rows.count, 1) : -1
    }

    // MARK: System

    /// CPU time: whatever else runs on the machine does not count.
    static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "rb") else { return nil }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        while true {
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
                unsafe count = fread(buffer.baseAddress, 1, buffer.count, file)
            }
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
    }

    /// The rows of a model in batches of one size. Batches cannot be kept in an array, so each has a box of its own.
    @safe private final class Batches {
        private final class Box {
            let batch: RowBatch

            init(_ batch: consuming RowBatch) { self.batch = batch }
        }

        private let boxes: [Box]
        /// The same, not counted at each call: that is no part of what is measured.
        private let places: [Unmanaged<Box>]
        var count: Int { boxes.count }

        init(_ timer: KernelTimer, size: Int) {
            boxes = (0..<min(max(1, timer.rows.count / size), KernelTimer.batchesMax)).map { index in
                var batch = RowBatch(layout: timer.model.layout, rowCapacity: size)
                timer.fill(&batch, index * size..<min((index + 1) * size, timer.rows.count))
                return Box(batch)
            }
            unsafe places = boxes.map { unsafe Unmanaged.passUnretained($0) }
        }

        func predict(
            _ index: Int, _ predictor: any Predictor, into output: inout OutputBatch, using workspace: Workspace
        ) {
            unsafe places[index]._withUnsafeGuaranteedRef {
                predictor.predict($0.batch, into: &output, using: workspace)
            }
        }
    }
}
