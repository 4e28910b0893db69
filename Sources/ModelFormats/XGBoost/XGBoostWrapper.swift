internal import ByteCoding
internal import ModelIR
internal import TensorCore

/// What the scikit-learn estimator left in the attributes of the booster that it saved.
struct XGBoostWrapper {
    let isClassifier: Bool
    /// The number that counts as missing beside NaN; nil for NaN alone.
    var missingValue: Double?
    /// Trees a class to use, as versions before 1.4 kept it; nil for all.
    var treeLimit: Int?
    /// The last boosting round to use, counted from 0; nil for all.
    var bestRound: Int?
    /// The class labels, where the estimator encoded them itself (before version 1.6); nil for 0, 1, 2 ...
    let labels: ClassLabels?

    /// Nil where the booster was not saved by an estimator.
    init?(_ attributes: [String: String]) throws(ImportError) {
        guard let text = attributes["scikit_learn"] else { return nil }
        let description = try Self.read(Array(text.utf8))
        isClassifier = description.kind == "classifier"
        labels = description.labels
        missingValue = description.missing
        try readBestRound(attributes)
    }

    /// An estimator of a pickle.
    init(isClassifier: Bool, labels: ClassLabels?, missingValue: Double?, treeLimit: Int?) {
        self.isClassifier = isClassifier
        self.labels = labels
        self.missingValue = missingValue
        self.treeLimit = treeLimit
        bestRound = nil
    }

    /// Takes the best round from the booster's attributes.
    mutating func readBestRound(_ attributes: [String: String]) throws(ImportError) {
        bestRound = try attributes["best_iteration"].map { text throws(ImportError) in
            try XGBoostParameters.natural(text, at: "learner.attributes.best_iteration", max: Int(Int32.max) - 1)
        }
    }

    /// The attribute is JSON: `{"_estimator_type": "classifier"}`, and in old versions `{"_le": {"classes_": [...]},
    /// ...}`.
    private static func read(
        _ text: [UInt8]
    ) throws(ImportError) -> (kind: String, labels: ClassLabels?, missing: Double?) {
        var kind = ""
        var labels: ClassLabels?
        var missing: Double?
        do throws(JSONError) {
            var reader = JSONReader(text.span, limits: JSONLimits(allowsNonFinite: true))
            try reader.beginObject()
            while let key = try reader.nextKey() {
                if reader.equals(key, "_estimator_type"), try reader.peek() == .string {
                    let token = try reader.readString()
                    kind = reader.string(token)
                } else if reader.equals(key, "missing"), try reader.peek() == .number {
                    // Versions 1.0 to 1.5 keep their parameters here.
                    let number = try reader.readDouble()
                    missing = number.isNaN ? nil : number
                } else if reader.equals(key, "_le"), try reader.peek() == .object {
                    try reader.beginObject()
                    while let inner = try reader.nextKey() {
                        if reader.equals(inner, "classes_"), try reader.peek() == .array {
                            labels = try readLabels(&reader)
                        } else {
                            _ = try reader.skipValue()
                        }
                    }
                } else {
                    _ = try reader.skipValue()
                }
            }
            try reader.finish()
        } catch {
            throw ImportError(error, at: "learner.attributes.scikit_learn")
        }
        return (kind, labels, missing)
    }

    /// A list of labels of one type; nil for a mixture, which no estimator writes.
    private static func readLabels(_ reader: inout JSONReader) throws(JSONError) -> ClassLabels? {
        var integers: [Int64] = []
        var doubles: [Double] = []
        var strings: [String] = []
        var count = 0
        try reader.beginArray()
        while try reader.nextElement() {
            count += 1
            switch try reader.peek() {
            case .string:
                let token = try reader.readString()
                strings.append(reader.string(token))
            case .number:
                switch try reader.readNumber() {
                case .int64(let value): integers.append(value)
                case .uint64(let value): doubles.append(Double(value))
                case .double(let value): doubles.append(value)
                }
            default: _ = try reader.skipValue()
            }
        }
        if integers.count == count { return .integers(integers) }
        if strings.count == count { return .strings(strings) }
        return doubles.count == count ? .doubles(doubles) : nil
    }
}
