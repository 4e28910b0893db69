internal import InferenceEngine
internal import ModelFormats
internal import ModelIR
internal import TensorCore

/// A model file, imported and compiled: immutable, and safe to share between threads.
///
///     let model = try Model(bytes: fileBytes)
///     let answer = try model.predict(record: ["CRIM": 0.15, "RM": 5.45, "LSTAT": 18.06])
///     print(answer.prediction)
///
/// The file is read as data: nothing in it is executed. A prediction equals what the training library would have
/// answered. The model's memory is given back when its last copy goes.
public struct Model: Sendable {
    /// What the file holds, and what the model takes and gives.
    public let summary: ModelSummary
    let compiled: CompiledModel

    /// Imports a pickled or joblib scikit-learn pipeline, or an XGBoost model as JSON or UBJSON; the format is told
    /// from the bytes.
    ///
    /// - Throws: `ModelError.refused`, which names the place in the file, what was found there and what was expected.
    public init(bytes: [UInt8]) throws(ModelError) {
        do throws(ImportError) {
            let imported = try SupportedFormats.importers.importModel(bytes.span)
            compiled = try ModelCompiler.compile(imported.graph)
            _ = try GoldenCheck.run(imported.metadata, on: compiled)
            summary = ModelSummary(imported, compiled)
        } catch {
            throw .refused(error.description)
        }
    }

    /// Predicts one record by column name. A column that is left out is missing.
    /// - Throws: `ModelError.row` where a value does not fit the model.
    public func predict(record: [String: Value]) throws(ModelError) -> Prediction {
        try makeSession().predict(record: record)
    }

    /// Predicts records by column name, in one batch.
    /// - Throws: `ModelError.row`, for the first row that does not fit the model.
    public func predict(records: [[String: Value]]) throws(ModelError) -> [Prediction] {
        try makeSession().predict(records: records)
    }

    /// Predicts rows of numbers in the order of `summary.inputs`, in one batch; nil is missing.
    /// - Throws: `ModelError.row`, for the first row that does not fit the model.
    public func predict(rows: [[Double?]]) throws(ModelError) -> [Prediction] {
        try makeSession().predict(rows: rows)
    }

    /// Buffers for many calls from one thread, so that they are not made anew each time.
    public func makeSession() -> Session { Session(self) }
}
