package import TensorCore

/// What a bundle tells of a model beside the model itself.
package struct ModelMetadata: Sendable {
    /// What the model wants to be called; nil leaves it to whoever loads it.
    package var name: String?
    /// Whatever its author wrote down, such as `owner` or `git_commit`, in the file's order.
    package var notes: [Note] = []
    /// Rows whose answers are known: a model that answers otherwise is not published.
    package var goldenRows: [GoldenRow] = []
    /// The relative error that golden numbers may have.
    package var goldenTolerance = 1e-6
    /// What the training data held, for drift.
    package var histograms: [ReferenceHistogram] = []

    package struct Note: Sendable, Hashable {
        package let name: String
        package let text: String

        package init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }

    package init() {}
}

/// A record with what the training library answered for it.
package struct GoldenRow: Sendable {
    /// What one output holds.
    package enum Expectation: Sendable, Hashable {
        case numbers([Double])
        /// A label, as text.
        case label(String)
        /// Numbers by label.
        case probabilities([LabelProbability])
        /// One for each target: labels, or numbers by label.
        case targets([Expectation])
    }

    package struct LabelProbability: Sendable, Hashable {
        package let label: String
        package let probability: Double

        package init(label: String, probability: Double) {
            self.label = label
            self.probability = probability
        }
    }

    /// One value a column of the model, in its order.
    package let cells: [CellValue]
    /// By the name of the output. Without any, it is enough that the row has a prediction.
    package let expected: [String: Expectation]

    package init(cells: [CellValue], expected: [String: Expectation]) {
        self.cells = cells
        self.expected = expected
    }
}

/// How often each range, or each category, of a column occurred in the training data.
package struct ReferenceHistogram: Sendable {
    package enum Bins: Sendable {
        /// One more than there are counts, ascending.
        case edges([Double])
        /// One a count.
        case categories([String])
    }

    package let column: String
    package let bins: Bins
    package let counts: [Int64]
    /// Records without a value.
    package let missingCount: Int64

    package init(column: String, bins: Bins, counts: [Int64], missingCount: Int64) {
        self.column = column
        self.bins = bins
        self.counts = counts
        self.missingCount = missingCount
    }
}
