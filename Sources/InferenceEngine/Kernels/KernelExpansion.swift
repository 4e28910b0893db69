internal import ModelIR

/// Sums of kernel values of support vectors, each times a coefficient: what a support vector machine decides by,
/// without the kernel values ever standing in memory. Vectors are grouped into segments that count for the same sums.
struct KernelExpansion: Sendable {
    struct Segment: Sendable {
        let firstPanel: Int
        let panelCount: Int
        /// Its coefficients are row-major [targets, panelCount * 8], zero where a panel is only filled up.
        let firstCoefficient: Int
        let firstTarget: Int
        let targetCount: Int
    }

    let measure: PackedMeasure
    let panels: PackedPanels
    /// The faster form of a Gaussian kernel, with panels as `panels`; nil for other kernels.
    let products: GaussianProducts?
    private(set) var segments: [Segment] = []
    private(set) var coefficients: [Double] = []
    /// The sums that each segment counts for.
    private(set) var targets: [Int32] = []
    /// What is added to each sum in the end.
    let bias: [Double]

    /// Numbers of scratch that `DenseKernel.expand` takes for that many rows.
    func scratchCount(rowCount: Int) -> Int { rowCount * (products?.panels.width ?? 0) }

    /// A machine with one sum or a few, each over all vectors. nil if the measure has no packed form.
    init?(_ pairwise: Pairwise, _ gemm: Gemm) {
        guard let measure = PackedMeasure(pairwise.measure), gemm.inputWidth == pairwise.count, pairwise.count > 0
        else {
            return nil
        }
        let weight: Double = (0..<gemm.outputWidth).reduce(0) { greatest, output in
            let first = output * gemm.inputWidth
            return max(greatest, Self.magnitude(gemm.weights[first..<first + gemm.inputWidth]))
        }
        self.init(measure, pairwise, picks: Array(0..<pairwise.count), weight: weight, bias: gemm.bias)
        appendSegment(firstPanel: 0, vectors: 0..<pairwise.count, targets: Array(0..<gemm.outputWidth)) {
            target, vector in
            gemm.weights[target * gemm.inputWidth + vector]
        }
    }

    /// libsvm's machines, one sum a pair of classes. nil if the measure has no packed form.
    init?(_ pairwise: Pairwise, _ decisions: PairDecisions) {
        guard let measure = PackedMeasure(pairwise.measure), decisions.vectorCount == pairwise.count else { return nil }
        let classCount = decisions.classCount
        var picks: [Int] = []
        var firstPanels: [Int] = []
        for index in 0..<classCount {
            let vectors = decisions.starts[index]..<decisions.starts[index + 1]
            firstPanels.append(picks.count / PackedPanels.rowsOfPanel)
            picks += vectors
            while picks.count % PackedPanels.rowsOfPanel != 0 { picks.append(vectors.upperBound - 1) }
        }
        guard !picks.isEmpty else { return nil }
        self.init(
            measure, pairwise, picks: picks, weight: Self.magnitude(decisions.coefficients[...]),
            bias: decisions.intercepts)
        for index in 0..<classCount {
            let vectors = decisions.starts[index]..<decisions.starts[index + 1]
            let others = (0..<classCount).filter { $0 != index }
            let pairs = others.map { other in
                let first = min(index, other)
                return first * (2 * classCount - first - 1) / 2 + max(index, other) - first - 1
            }
            appendSegment(firstPanel: firstPanels[index], vectors: vectors, targets: pairs) { target, vector in
                let other = others[target]
                return decisions.coefficients[(other > index ? other - 1 : other) * decisions.vectorCount + vector]
            }
        }
    }

    private static func magnitude(_ numbers: ArraySlice<Double>) -> Double {
        numbers.reduce(0) { $0 + abs($1) }
    }

    private init(
        _ measure: PackedMeasure, _ pairwise: Pairwise, picks: [Int], weight: Double, bias: [Double]
    ) {
        self.measure = measure
        self.bias = bias
        panels = PackedPanels(
            pairwise.references, picks: picks, width: pairwise.inputWidth, weights: measure.weights)
        products = measure.gaussianFactor.flatMap { gamma in
            GaussianProducts(
                pairwise.references, picks: picks, width: pairwise.inputWidth, gamma: gamma, weight: weight)
        }
    }

    private mutating func appendSegment(
        firstPanel: Int, vectors: Range<Int>, targets: [Int], coefficient: (_ target: Int, _ vector: Int) -> Double
    ) {
        guard !vectors.isEmpty else { return }
        let panelCount = (vectors.count + PackedPanels.rowsOfPanel - 1) / PackedPanels.rowsOfPanel
        segments.append(
            Segment(
                firstPanel: firstPanel, panelCount: panelCount, firstCoefficient: coefficients.count,
                firstTarget: self.targets.count, targetCount: targets.count))
        for (place, target) in targets.enumerated() {
            self.targets.append(Int32(target))
            for vector in vectors { coefficients.append(coefficient(place, vector)) }
            for _ in vectors.count..<panelCount * PackedPanels.rowsOfPanel { coefficients.append(0) }
        }
    }
}
