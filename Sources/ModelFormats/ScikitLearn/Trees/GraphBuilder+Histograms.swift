internal import ModelIR
internal import TensorCore

/// `HistGradientBoostingClassifier` and `HistGradientBoostingRegressor`.
extension GraphBuilder {
    mutating func regressByHistograms(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let ensembleFrame = try preprocess(estimator, frame)
        let ensemble = try histogramEnsemble(estimator, featureCount: ensembleFrame.count)
        guard ensemble.groupCount == 1 else { throw wrongGroups(ensemble, expected: "1", estimator) }
        let isExponential: Bool
        switch text(estimator, "loss") {
        case "squared_error", "least_squares", "absolute_error", "least_absolute_deviation", "quantile":
            isExponential = false
        case "poisson", "gamma": isExponential = true
        default:
            throw ImportError(
                .unsupported, at: estimator.path + ".loss",
                found: attribute(estimator, "loss").map { document.describe($0) } ?? "nothing",
                expected: "squared_error, absolute_error, quantile, poisson or gamma")
        }
        let input = try matrix(ensembleFrame, as: .number, path: estimator.path)
        var value = add(.treeEnsemble(ensemble), [input], width: 1, path: estimator.path)
        if isExponential { value = add(.activation(.exp), [value], width: 1, path: estimator.path) }
        return EstimatorMethods(prediction: .numbers(value, width: 1, isVector: false))
    }

    mutating func classifyByHistograms(
        _ estimator: EstimatorRecord, _ frame: Frame
    ) throws(ImportError) -> EstimatorMethods {
        let path = estimator.path
        let labels = try classLabels(estimator)
        let ensembleFrame = try preprocess(estimator, frame)
        let ensemble = try histogramEnsemble(estimator, featureCount: ensembleFrame.count)
        let groups = ensemble.groupCount
        guard labels.count >= 1, groups == (labels.count <= 2 ? 1 : labels.count) else {
            throw wrongGroups(ensemble, expected: "those of \(labels.count) classes", estimator)
        }
        guard ["log_loss", "auto", "binary_crossentropy", "categorical_crossentropy"].contains(text(estimator, "loss"))
        else {
            throw ImportError(
                .unsupported, at: path + ".loss",
                found: attribute(estimator, "loss").map { document.describe($0) } ?? "nothing", expected: "log_loss")
        }
        let input = try matrix(ensembleFrame, as: .number, path: path)
        let raw = add(.treeEnsemble(ensemble), [input], width: groups, path: path)
        let probabilities: ValueID
        let label: ValueID
        if groups == 1 {
            let one = add(.activation(.logistic), [raw], width: 1, path: path)
            probabilities = add(.binaryProbabilities, [one], width: 2, path: path)
            label =
                isAtLeast(1, 5)
                ? add(.greater(threshold: 0), [raw], width: 1, path: path)
                : add(.argMax, [probabilities], width: 1, path: path)
        } else {
            probabilities = add(.activation(.softmax), [raw], width: groups, path: path)
            label = add(.argMax, [isAtLeast(1, 5) ? raw : probabilities], width: 1, path: path)
        }
        return EstimatorMethods(
            prediction: .label(label, labels), probabilities: probabilities,
            decision: EstimatorMethods.Numbers(value: raw, width: groups))
    }

    private func wrongGroups(_ ensemble: TreeEnsemble, expected: String, _ estimator: EstimatorRecord) -> ImportError {
        ImportError(
            .malformed, at: estimator.path + "._predictors", found: "\(ensemble.groupCount) trees an iteration",
            expected: expected)
    }

    /// The ordinal encoder of categorical columns, since 1.4; it moves them to the front.
    func histogramParts(_ estimator: EstimatorRecord) throws(ImportError) -> [EstimatorRecord] {
        guard let value = attribute(estimator, "_preprocessor"), value != .none else { return [] }
        return [try member(value, named: "_preprocessor", of: estimator)]
    }

    private mutating func preprocess(_ estimator: EstimatorRecord, _ frame: Frame) throws(ImportError) -> Frame {
        guard let preprocessor = try histogramParts(estimator).first else { return frame }
        return try transform(preprocessor, frame)
    }

    // MARK: Trees

    /// `_predictors` is a list of iterations, each a list of one tree a class; the sums start with
    /// `_baseline_prediction`. Features stay float64, and NaN and infinities are taken.
    private mutating func histogramEnsemble(
        _ estimator: EstimatorRecord, featureCount: Int
    ) throws(ImportError) -> TreeEnsemble {
        let place = estimator.path + "._predictors"
        let value = try required(estimator, "_predictors")
        guard let iterations = document.sequence(value), let first = iterations.first,
            let groups = document.sequence(first)?.count, groups > 0, groups <= Self.columnsMax
        else { throw wrongType(value, place: place, expected: "a list of iterations, each a list of trees") }
        var ensemble = TreeEnsemble(
            featureCount: featureCount, groupCount: groups, comparison: .lessOrEqual, precision: .float64)
        let baseline = try numbers(estimator, "_baseline_prediction").values
        guard baseline.count == groups || baseline.count == 1 else {
            throw ImportError(
                .malformed, at: estimator.path + "._baseline_prediction", found: "\(baseline.count) numbers",
                expected: "\(groups)")
        }
        ensemble.baseScores = baseline.count == groups ? baseline : [Double](repeating: baseline[0], count: groups)
        let known = try knownCategories(estimator, featureCount: featureCount)
        for (index, iteration) in iterations.enumerated() {
            guard let trees = document.sequence(iteration), trees.count == groups else {
                throw wrongType(iteration, place: "\(place)[\(index)]", expected: "a list of \(groups) trees")
            }
            for (group, tree) in trees.enumerated() {
                try append(
                    tree, group: group, known: known, to: &ensemble, place: "\(place)[\(index)][\(group)]")
            }
        }
        try note(
            estimator,
            "\(featureCount) features" + (known.isEmpty ? "" : ", \(known.count) of them categorical")
                + ", \(ensemble.treeCount) trees, \(ensemble.nodeCount) nodes"
                + (groups > 1 ? ", \(groups) classes" : ""))
        return ensemble
    }

    /// The categories of each categorical feature: `_bin_mapper.bin_thresholds_` holds them in place of thresholds.
    private mutating func knownCategories(
        _ estimator: EstimatorRecord, featureCount: Int
    ) throws(ImportError) -> [Int: CategoryBits] {
        guard let value = attribute(estimator, "_bin_mapper"), value != .none else { return [:] }
        let mapper = try member(value, named: "_bin_mapper", of: estimator)
        guard let mask = attribute(mapper, "is_categorical_"), mask != .none else { return [:] }
        let place = mapper.path + ".is_categorical_"
        let flags = try numbers(mask, place: place)
        try check(flags.shape, [featureCount], place: place)
        guard flags.values.contains(where: { $0 != 0 }) else { return [:] }
        let thresholds = try objects(mapper, "bin_thresholds_")
        guard thresholds.items.count == featureCount else {
            throw ImportError(
                .malformed, at: mapper.path + ".bin_thresholds_", found: "\(thresholds.items.count) features",
                expected: "\(featureCount)")
        }
        var known: [Int: CategoryBits] = [:]
        for feature in 0..<featureCount where flags.values[feature] != 0 {
            let place = "\(mapper.path).bin_thresholds_[\(feature)]"
            var categories = CategoryBits()
            for number in try numbers(thresholds.items[feature], place: place).values {
                guard (0..<256).contains(number), let category = Int(exactly: number) else {
                    throw ImportError(.malformed, at: place, found: "\(number)", expected: "a category below 256")
                }
                categories.words[category / 32] |= 1 << UInt32(category % 32)
            }
            known[feature] = categories
        }
        return known
    }

    private mutating func append(
        _ value: PickleValue, group: Int, known: [Int: CategoryBits], to ensemble: inout TreeEnsemble, place: String
    ) throws(ImportError) {
        guard let record = document.record(value), document.fullName(record).hasSuffix(".TreePredictor") else {
            throw wrongType(value, place: place, expected: "a TreePredictor")
        }
        let nodes = try structures("nodes", of: record, place: place)
        let count = nodes.shape.elementCount
        let first = ensemble.nodeCount
        guard count > 0, first + count <= TreeEnsemble.nodeCountMax else {
            throw ImportError(.malformed, at: place + ".nodes", found: "\(count) nodes", expected: "at least one")
        }
        let isLeaf = try field("is_leaf", of: nodes, place: place)
        let left = try indices(field("left", of: nodes, place: place), below: count, place: place + ".nodes.left")
        let right = try indices(field("right", of: nodes, place: place), below: count, place: place + ".nodes.right")
        let features = try indices(
            field("feature_idx", of: nodes, place: place), below: ensemble.featureCount,
            place: place + ".nodes.feature_idx")
        let thresholds = try field(
            // "threshold" before 0.24.
            document.hasField("num_threshold", in: nodes) ? "num_threshold" : "threshold", of: nodes, place: place)
        let missing = try field("missing_go_to_left", of: nodes, place: place)
        let values = try field("value", of: nodes, place: place)
        let hasCategories = document.hasField("is_categorical", in: nodes)
        let categorical = hasCategories ? try field("is_categorical", of: nodes, place: place) : []
        let rows = hasCategories ? try field("bitset_idx", of: nodes, place: place) : []
        let bitsets = categorical.contains { $0 != 0 } ? try categoryBitsets(of: record, place: place) : []

        ensemble.roots.append(Int32(first))
        ensemble.treeGroups.append(Int32(group))
        for node in 0..<count {
            let leaf = isLeaf[node] != 0
            var children = (left: left[node] + Int32(first), right: right[node] + Int32(first))
            var missingGoesLeft = missing[node] != 0
            if !leaf, hasCategories, categorical[node] != 0 {
                let feature = Int(features[node])
                guard let known = known[feature], let row = Int(exactly: rows[node]), bitsets.indices.contains(row)
                else {
                    throw ImportError(
                        .malformed, at: "\(place).nodes[\(node)]", found: "categories of feature \(feature)",
                        expected: "a categorical feature, and one of \(bitsets.count) bitsets")
                }
                // What is unknown, negative or missing goes the way of missing values. An ensemble's node sends that
                // left, so that the sides are exchanged where it goes right.
                var goingRight = known.subtracting(bitsets[row]).categories
                if !missingGoesLeft {
                    goingRight = bitsets[row].categories
                    children = (children.right, children.left)
                    missingGoesLeft = true
                }
                // A bitset of 32 bytes may be named again and again.
                try spend(goingRight.count / 8, path: place)
                ensemble.categoricalNodes.append(
                    TreeEnsemble.CategoricalNode(node: Int32(first + node), categoriesGoingRight: goingRight))
            }
            guard leaf || (left[node] >= 0 && right[node] >= 0 && features[node] >= 0) else {
                throw ImportError(
                    .malformed, at: "\(place).nodes[\(node)]", found: "a node without children or feature",
                    expected: "a leaf, or two children and a feature")
            }
            ensemble.leftChildren.append(leaf ? -1 : children.left)
            ensemble.rightChildren.append(leaf ? -1 : children.right)
            ensemble.features.append(leaf ? -1 : features[node])
            ensemble.missingGoesLeft.append(missingGoesLeft)
            ensemble.leafValues.append(leaf ? values[node] : 0)
        }
        ensemble.thresholds += thresholds
    }

    /// `raw_left_cat_bitsets`, rows of eight 32-bit words: the categories that go left.
    private mutating func categoryBitsets(of record: PickleRecord, place: String) throws(ImportError) -> [CategoryBits]
    {
        let place = place + ".raw_left_cat_bitsets"
        guard let value = document.attribute("raw_left_cat_bitsets", of: record) else {
            throw ImportError(.malformed, at: place, found: "nothing", expected: "an array")
        }
        let words = try numbers(value, place: place)
        guard words.shape.rank == 2, words.shape.extents[1] == 8 else {
            throw ImportError(.malformed, at: place, found: "shape \(words.shape)", expected: "[bitsets, 8]")
        }
        var bitsets: [CategoryBits] = []
        for row in 0..<words.shape.extents[0] {
            var bits = CategoryBits()
            for word in 0..<8 {
                guard let pattern = UInt32(exactly: words.values[row * 8 + word]) else {
                    throw ImportError(
                        .malformed, at: "\(place)[\(row)]", found: "\(words.values[row * 8 + word])",
                        expected: "32 bits")
                }
                bits.words[word] = pattern
            }
            bitsets.append(bits)
        }
        return bitsets
    }
}

/// A set of categories 0 to 255, as the nodes keep it.
private struct CategoryBits {
    var words = SIMD8<UInt32>(repeating: 0)

    func subtracting(_ other: CategoryBits) -> CategoryBits {
        var result = self
        result.words &= ~other.words
        return result
    }

    /// In ascending order.
    var categories: [Int32] {
        var result: [Int32] = []
        for category in 0..<256 where words[category / 32] >> UInt32(category % 32) & 1 == 1 {
            result.append(Int32(category))
        }
        return result
    }
}
