import Glibc
import VencejoEngine

/// Reads a model file and predicts one record: `predict-once MODEL NAME=VALUE ...`
@main
struct PredictOnce {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let path = arguments.first, let bytes = contents(of: path) else {
            print("usage: predict-once MODEL NAME=VALUE ...")
            exit(2)
        }
        do throws(ModelError) {
            let model = try Model(bytes: bytes)
            print("\(model.summary.producer), by \(model.summary.predictor)")
            let prediction = try model.predict(record: record(arguments.dropFirst(), of: model.summary))
            for (name, output) in prediction.outputs.sorted(by: { $0.key < $1.key }) { print("\(name): \(output)") }
        } catch {
            print(error)
            exit(1)
        }
    }

    /// `NAME=VALUE` words as a record: numbers, unless the model takes text there.
    private static func record(_ words: ArraySlice<String>, of summary: ModelSummary) -> [String: Value] {
        var record: [String: Value] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let isText = summary.inputs.first { $0.name == parts[0] }?.isText ?? false
            if !isText, let number = Double(parts[1]) {
                record[parts[0]] = .number(number)
            } else {
                record[parts[0]] = .text(parts[1])
            }
        }
        return record
    }

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }
}
