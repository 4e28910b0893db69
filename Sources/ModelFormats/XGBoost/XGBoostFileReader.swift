internal import ModelIR

/// Reads a model document of either encoding. Keys may come in any order, none of those it knows twice, and it passes
/// over those it does not know.
enum XGBoostFileReader {
    /// - Parameter keepsGains: whether the gain of each split is read, which no prediction needs.
    static func read<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, keepsGains: Bool
    ) throws(ImportError) -> XGBoostFile {
        var file = XGBoostFile()
        file.learner.keepsGains = keepsGains
        var hasLearner = false
        try readDocument(&source, into: &file, hasLearner: &hasLearner, isInner: false)
        try source.finish()
        guard hasLearner else { throw missing("learner", in: "the document") }
        return file
    }

    /// The document, or the one inside the container that `Booster.serialize` makes (`{"Config": ..., "Model": ...}`).
    private static func readDocument<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, into file: inout XGBoostFile, hasLearner: inout Bool, isInner: Bool
    ) throws(ImportError) {
        let place = isInner ? "Model" : "document"
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            switch key {
            case "learner":
                guard !hasLearner else { throw repeated("learner") }
                hasLearner = true
                try readLearner(&source, into: &file.learner)
            case "version":
                guard file.version.isEmpty else { throw repeated("version") }
                file.version = try source.integers("version")
            case "Config" where !isInner: try readConfiguration(&source, into: &file)
            case "Model" where !isInner:
                try readDocument(&source, into: &file, hasLearner: &hasLearner, isInner: true)
            default: try source.skip(key)
            }
        }
    }

    /// `learner.gradient_booster.gbtree_train_param.num_parallel_tree`, or within DART's `gbtree`.
    private static func readConfiguration<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, into file: inout XGBoostFile
    ) throws(ImportError) {
        let place = "Config"
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            guard key == "learner" else {
                try source.skip("\(place).\(key)")
                continue
            }
            try source.beginObject("\(place).learner")
            while let key = try source.nextKey("\(place).learner") {
                guard key == "gradient_booster" else {
                    try source.skip("\(place).learner.\(key)")
                    continue
                }
                try readTrainParameters(&source, "\(place).learner.\(key)", into: &file, isInner: false)
            }
        }
    }

    private static func readTrainParameters<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String, into file: inout XGBoostFile, isInner: Bool
    ) throws(ImportError) {
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            switch key {
            case "gbtree_train_param":
                file.configuredParallelTrees = try readStrings(
                    &source, "\(place).\(key)", keeping: ["num_parallel_tree"])["num_parallel_tree"]
            case "gbtree" where !isInner:
                try readTrainParameters(&source, "\(place).\(key)", into: &file, isInner: true)
            default: try source.skip("\(place).\(key)")
            }
        }
    }

    private static func readLearner<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, into learner: inout XGBoostLearner
    ) throws(ImportError) {
        var seen: Set<String> = []
        try source.beginObject("learner")
        while let key = try source.nextKey("learner") {
            let place = "learner.\(key)"
            guard seen.count < 64, seen.insert(key).inserted else { throw repeated(place) }
            switch key {
            case "attributes":
                learner.attributes = try readStrings(&source, place, keeping: ["best_iteration", "scikit_learn"])
            case "feature_names":
                try source.beginArray(place)
                while try source.nextElement(place) {
                    learner.featureNames.append(try source.string("\(place)[\(learner.featureNames.count)]"))
                }
            case "learner_model_param":
                learner.parameters = try readStrings(
                    &source, place, keeping: ["base_score", "num_class", "num_feature", "num_target"])
            case "objective": learner.objective = try readStrings(&source, place, keeping: ["name"])["name"]
            case "gradient_booster": try readBooster(&source, place, into: &learner)
            default: try source.skip(place)
            }
        }
    }

    /// `{name, model}`, or DART's `{name, gbtree: {model}, weight_drop}`.
    private static func readBooster<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String, into learner: inout XGBoostLearner
    ) throws(ImportError) {
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            let inner = "\(place).\(key)"
            switch key {
            case "name":
                guard learner.booster == nil else { throw repeated(inner) }
                learner.booster = try source.string(inner)
            case "model":
                guard learner.boosterModel == nil else { throw repeated(inner) }
                learner.boosterModel = try readBoosterModel(&source, inner, keepsGains: learner.keepsGains)
            case "gbtree":
                try source.beginObject(inner)
                while let innerKey = try source.nextKey(inner) {
                    guard innerKey == "model" else {
                        try source.skip("\(inner).\(innerKey)")
                        continue
                    }
                    guard learner.boosterModel == nil else { throw repeated("\(inner).model") }
                    learner.boosterModel = try readBoosterModel(
                        &source, "\(inner).model", keepsGains: learner.keepsGains)
                }
            case "weight_drop":
                guard learner.treeWeights == nil else { throw repeated(inner) }
                learner.treeWeights = try source.floats(inner)
            default: try source.skip(inner)
            }
        }
    }

    private static func readBoosterModel<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String, keepsGains: Bool
    ) throws(ImportError) -> XGBoostBoosterModel {
        var model = XGBoostBoosterModel(place: place)
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            let inner = "\(place).\(key)"
            switch key {
            case "gbtree_model_param":
                model.parameters = try readStrings(&source, inner, keeping: ["num_trees", "num_parallel_tree"])
            case "tree_info":
                guard model.treeGroups == nil else { throw repeated(inner) }
                model.treeGroups = try source.integers(inner)
            case "iteration_indptr":
                guard model.roundStarts == nil else { throw repeated(inner) }
                model.roundStarts = try source.integers(inner)
            case "trees":
                guard model.trees == nil else { throw repeated(inner) }
                var trees: [XGBoostTree] = []
                try source.beginArray(inner)
                while try source.nextElement(inner) {
                    trees.append(try readTree(&source, "\(inner)[\(trees.count)]", keepsGains: keepsGains))
                }
                model.trees = trees
            case "weights":
                guard model.linearWeights == nil else { throw repeated(inner) }
                model.linearWeights = try source.floats(inner)
            case "cats": model.categories = try readCategories(&source, inner)
            default: try source.skip(inner)
            }
        }
        return model
    }

    /// `{"enc": [one a feature], ...}`: `{"offsets", "values"}` for text, `{"type", "values"}` for numbers.
    private static func readCategories<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String
    ) throws(ImportError) -> [XGBoostCategories] {
        var categories: [XGBoostCategories] = []
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            guard key == "enc", categories.isEmpty else {
                try source.skip("\(place).\(key)")
                continue
            }
            try source.beginArray("\(place).enc")
            while try source.nextElement("\(place).enc") {
                let place = "\(place).enc[\(categories.count)]"
                var starts: [Int32]?
                var values: [Int64] = []
                try source.beginObject(place)
                while let key = try source.nextKey(place) {
                    switch key {
                    case "offsets": starts = try source.integers("\(place).offsets")
                    case "values": values = try source.longIntegers("\(place).values")
                    default: try source.skip("\(place).\(key)")
                    }
                }
                if values.isEmpty {
                    categories.append(.none)
                } else if let starts {
                    categories.append(.text(starts: starts, bytes: values.map { Int32(truncatingIfNeeded: $0) }))
                } else {
                    categories.append(.integers(values))
                }
            }
        }
        return categories
    }

    private static func readTree<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String, keepsGains: Bool
    ) throws(ImportError) -> XGBoostTree {
        var tree = XGBoostTree()
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            switch key {
            case "left_children": tree.leftChildren = try source.integers("\(place).\(key)")
            case "right_children": tree.rightChildren = try source.integers("\(place).\(key)")
            case "split_indices": tree.features = try source.integers("\(place).\(key)")
            case "split_conditions": tree.conditions = try source.floats("\(place).\(key)")
            case "default_left": tree.defaultsLeft = try source.integers("\(place).\(key)")
            case "split_type": tree.splitTypes = try source.integers("\(place).\(key)")
            case "categories": tree.categories = try source.integers("\(place).\(key)")
            case "categories_nodes": tree.categoryNodes = try source.integers("\(place).\(key)")
            case "categories_segments": tree.categoryStarts = try source.integers("\(place).\(key)")
            case "categories_sizes": tree.categoryCounts = try source.integers("\(place).\(key)")
            case "base_weights": tree.baseWeights = try source.floats("\(place).\(key)")
            case "loss_changes" where keepsGains: tree.gains = try source.floats("\(place).\(key)")
            case "leaf_weights": tree.leafVectors = try source.floats("\(place).\(key)")
            case "tree_param":
                tree.parameters = try readStrings(
                    &source, "\(place).\(key)", keeping: ["num_nodes", "size_leaf_vector"])
            default: try source.skip("\(place).\(key)")
            }
        }
        // Only where leaves are vectors are these their values.
        if ["0", "1", nil].contains(tree.parameters["size_leaf_vector"]) { tree.baseWeights = [] }
        return tree
    }

    /// Those members of an object that are asked for; all of these are strings in every version.
    private static func readStrings<Source: XGBoostSource & ~Escapable>(
        _ source: inout Source, _ place: String, keeping wanted: Set<String>
    ) throws(ImportError) -> [String: String] {
        var strings: [String: String] = [:]
        try source.beginObject(place)
        while let key = try source.nextKey(place) {
            let inner = "\(place).\(key)"
            guard wanted.contains(key) else {
                try source.skip(inner)
                continue
            }
            guard strings.updateValue(try source.string(inner), forKey: key) == nil else { throw repeated(inner) }
        }
        return strings
    }

    private static func repeated(_ place: String) -> ImportError {
        ImportError(.malformed, at: place, found: "the key twice", expected: "each key once")
    }

    static func missing(_ key: String, in place: String) -> ImportError {
        ImportError(.malformed, at: place, found: "no \"\(key)\"", expected: "a model saved by XGBoost 1.0 or later")
    }
}
