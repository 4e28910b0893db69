internal import ModelIR

/// One tree of a model text: its arrays, of the lengths that it announces.
struct LightGBMTree {
    let place: String
    let leafCount: Int
    let features: [Int64]
    let thresholds: [Double]
    let decisions: [Int64]
    /// A node from 0, or a leaf as its bitwise complement.
    let left: [Int64]
    let right: [Int64]
    let leafValues: [Double]
    private let setStarts: [Int64]
    private let setWords: [Int64]
    let linear: Linear?

    var innerCount: Int { leafCount - 1 }

    /// The linear models of the leaves: those of all leaves one after the other.
    struct Linear {
        let constants: [Double]
        let counts: [Int64]
        let features: [Int64]
        let coefficients: [Double]
    }

    /// The bits of `decision_type`.
    struct Decision {
        enum Missing { case none, zero, nan }

        let isCategorical: Bool
        let defaultsLeft: Bool
        let missing: Missing

        init(_ bits: Int64) {
            isCategorical = bits & 1 != 0
            defaultsLeft = bits & 2 != 0
            missing =
                switch bits >> 2 & 3 {
                case 1: .zero
                case 2: .nan
                default: .none
                }
        }
    }

    init(_ values: [String: Range<Int>], place: String, in text: borrowing LightGBMText) throws(ImportError) {
        self.place = place
        func value(_ key: String) throws(ImportError) -> Range<Int> {
            guard let range = values[key] else {
                throw ImportError(.malformed, at: place, found: "no \"\(key)\"", expected: "a whole tree")
            }
            return range
        }
        func natural(_ key: String, from minimum: Int64) throws(ImportError) -> Int {
            let range = try value(key)
            // Each leaf and each set takes at least a digit and a blank, which bounds what a count can ask for.
            guard let number = text.integer(range), number >= minimum, number <= Int64(text.bytes.count) else {
                throw ImportError(
                    .malformed, at: "\(place).\(key)", found: text.shown(range),
                    expected: "\(minimum) to \(text.bytes.count), which the file has room for")
            }
            return Int(number)
        }
        func integers(
            _ key: String, _ count: Int, from minimum: Int64, to maximum: Int64
        ) throws(ImportError) -> [Int64] {
            try text.integers(value(key), count: count, from: minimum, to: maximum, place: "\(place).\(key)")
        }
        func doubles(_ key: String, _ count: Int) throws(ImportError) -> [Double] {
            try text.doubles(value(key), count: count, place: "\(place).\(key)")
        }
        let leaves = try natural("num_leaves", from: 1)
        let inner = leaves - 1
        leafCount = leaves
        leafValues = try doubles("leaf_value", leaves)
        if inner == 0 {
            (features, thresholds, decisions, left, right) = ([], [], [], [], [])
            (setStarts, setWords) = ([], [])
        } else {
            features = try integers("split_feature", inner, from: 0, to: Int64(Int32.max))
            thresholds = try doubles("threshold", inner)
            decisions =
                values["decision_type"] == nil
                ? [Int64](repeating: 0, count: inner) : try integers("decision_type", inner, from: -128, to: 255)
            left = try integers("left_child", inner, from: -Int64(leaves), to: Int64(inner) - 1)
            right = try integers("right_child", inner, from: -Int64(leaves), to: Int64(inner) - 1)
            let sets = values["num_cat"] == nil ? 0 : try natural("num_cat", from: 0)
            if sets > 0 {
                setStarts = try integers("cat_boundaries", sets + 1, from: 0, to: Int64(text.bytes.count))
                // The sets lie one after the other, so that all of them are no more than the words.
                for (index, start) in setStarts.enumerated() {
                    guard index == 0 ? start == 0 : start >= setStarts[index - 1] else {
                        throw ImportError(
                            .malformed, at: "\(place).cat_boundaries[\(index)]", found: "\(start)",
                            expected: index == 0 ? "0" : "\(setStarts[index - 1]) or more")
                    }
                }
                setWords = try integers(
                    "cat_threshold", Int(setStarts[sets]), from: 0, to: Int64(UInt32.max))
            } else {
                (setStarts, setWords) = ([], [])
            }
        }
        linear = try values["is_linear"].flatMap { range throws(ImportError) in
            guard text.integer(range) == 1 else { return nil }
            let constants = try doubles("leaf_const", leaves)
            // A tree of one leaf has a constant alone.
            guard values["num_features"] != nil else {
                return Linear(
                    constants: constants, counts: [Int64](repeating: 0, count: leaves), features: [], coefficients: [])
            }
            let counts = try integers("num_features", leaves, from: 0, to: Int64(text.bytes.count))
            var total: Int64 = 0
            for count in counts { total += count }
            guard total <= text.bytes.count else {
                throw ImportError(
                    .malformed, at: "\(place).num_features", found: "\(total) coefficients",
                    expected: "at most \(text.bytes.count), which the file has room for")
            }
            guard total > 0 else { return Linear(constants: constants, counts: counts, features: [], coefficients: []) }
            return Linear(
                constants: constants, counts: counts,
                features: try integers("leaf_features", Int(total), from: 0, to: Int64(Int32.max)),
                coefficients: try doubles("leaf_coeff", Int(total)))
        }
    }

    /// Checks what `TreeEnsemble.verify` cannot name as well.
    func check(featureCount: Int) throws(ImportError) {
        for (index, feature) in features.enumerated() where feature >= featureCount {
            throw ImportError(
                .malformed, at: "\(place).split_feature[\(index)]", found: "\(feature)", expected: "0..<\(featureCount)"
            )
        }
        for (index, feature) in (linear?.features ?? []).enumerated() where feature >= featureCount {
            throw ImportError(
                .malformed, at: "\(place).leaf_features[\(index)]", found: "\(feature)", expected: "0..<\(featureCount)"
            )
        }
        for (index, threshold) in thresholds.enumerated() where threshold.isNaN {
            throw ImportError(
                .malformed, at: "\(place).threshold[\(index)]", found: "NaN", expected: "a threshold or a set's index")
        }
        for (index, bits) in decisions.enumerated() where bits >> 2 & 3 == 3 {
            throw ImportError(
                .malformed, at: "\(place).decision_type[\(index)]", found: "\(bits)",
                expected: "a missing type of None, Zero or NaN")
        }
        var hasParent = [Bool](repeating: false, count: innerCount + leafCount)
        for (name, children) in [("left_child", left), ("right_child", right)] {
            for (index, child) in children.enumerated() {
                let place = Int(child >= 0 ? child : Int64(innerCount) + ~child)
                guard child != 0, !hasParent[place] else {
                    throw ImportError(
                        .malformed, at: "\(self.place).\(name)[\(index)]",
                        found: "\(child), which has a parent already",
                        expected: "one parent a node, and no cycle")
                }
                hasParent[place] = true
            }
        }
    }

    /// The categories of each categorical node, in the order of the nodes.
    func categorySets() throws(ImportError) -> [(node: Int, set: [Int32])] {
        var sets: [(node: Int, set: [Int32])] = []
        var isUsed = [Bool](repeating: false, count: max(setStarts.count - 1, 0))
        for index in 0..<innerCount where Decision(decisions[index]).isCategorical {
            let number = thresholds[index]
            guard number >= 0, number < Double(isUsed.count), !isUsed[Int(number)] else {
                throw ImportError(
                    .malformed, at: "\(place).threshold[\(index)]", found: "the set \(number)",
                    expected: "one of \(isUsed.count) sets, each for one node")
            }
            isUsed[Int(number)] = true
            let start = setStarts[Int(number)]
            let end = setStarts[Int(number) + 1]
            guard end - start <= 1 << 26 else {
                throw ImportError(
                    .limit, at: "\(place).cat_boundaries[\(Int(number))]", found: "\(end - start) words",
                    expected: "at most \(1 << 26) in a set")
            }
            var set: [Int32] = []
            for word in start..<end {
                var bits = UInt32(setWords[Int(word)])
                while bits != 0 {
                    set.append(Int32((word - start) * 32) + Int32(bits.trailingZeroBitCount))
                    bits &= bits - 1
                }
            }
            sets.append((index, set))
        }
        return sets
    }
}
