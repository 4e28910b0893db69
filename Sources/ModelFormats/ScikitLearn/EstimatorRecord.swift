/// A scikit-learn object of a pickle: its class, and its place in the saved object.
struct EstimatorRecord {
    let record: PickleRecord
    /// The last part of the class's name. Modules moved from version to version; class names did not.
    let className: String
    /// With the module, for messages.
    let fullName: String
    /// Such as `pipeline/preprocess/numeric`.
    let path: String
    /// Estimators around it.
    let depth: Int

    /// The first part of the module: `sklearn`, `xgboost`.
    var package: Substring { fullName.prefix { $0 != "." } }
}
