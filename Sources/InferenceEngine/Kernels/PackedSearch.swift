internal import CKernels
internal import ModelIR

/// Points on a grid of 16-bit integers, for an exact search of the nearest; see `search.c` for why it is exact.
///
/// Unchecked access: the initialiser makes every table with the size that the kernels take for granted, and `nearest`
/// checks that rows, results and scratch lie within the workspace.
struct PackedSearch: Sendable {
    /// Points of a panel.
    private static let panel = Int(VENCEJO_SEARCH_PANEL)
    /// So many neighbours or columns, and the search has no advantage, or its sums no room.
    static let neighborsMax = 256
    static let widthMax = 4096

    private let points: [Int16]
    private let firstPoint: Int
    private let halves: [Int32]
    private let exact: [Double]
    private let center: [Double]
    private let step: Double
    private let error: Double
    private let limit: Int32
    let count: Int
    let width: Int
    let neighborCount: Int
    private let candidatesMax: Int
    private let givesRoots: Bool
    private let slack: Double
    private let largestSquare: Double

    var byteCount: Int { points.count * 2 + halves.count * 4 + exact.count * 8 }

    enum Obstacle: Error {
        case measure, rounding, neighbors, width, numbers

        var reason: String {
            switch self {
            case .measure: "only Euclidean distances have a packed search"
            case .rounding: "the library's own distances are rounded in a way that only the reference follows"
            case .neighbors: "more than \(PackedSearch.neighborsMax) neighbours are wanted"
            case .width: "the points have more than \(PackedSearch.widthMax) columns, or are too many"
            case .numbers: "the points are not finite numbers, or all the same"
            }
        }
    }

    /// The grid that the points lie on.
    struct Grid: Sendable {
        let givesRoots: Bool
        /// Whether the library expands squares, so that near distances may change places.
        let isRounded: Bool
        let center: [Double]
        /// Half of the longest column.
        let reach: Double
        /// Points lie within so many steps.
        let steps: Double
        let step: Double

        /// Finds out whether the search can be packed.
        init(_ search: NearestNeighbors) throws(Obstacle) {
            switch search.measure {
            case .euclidean: givesRoots = true
            case .squaredEuclidean: givesRoots = false
            default: throw .measure
            }
            switch search.search {
            case .tree, .scan(.none), .partialSort(.none): isRounded = false
            case .scan(.expandedSquares), .partialSort(.expandedSquares): isRounded = true
            default: throw .rounding
            }
            let width = search.inputWidth
            guard search.neighborCount <= PackedSearch.neighborsMax else { throw .neighbors }
            guard width <= PackedSearch.widthMax, search.count < 1 << 28 else { throw .width }
            var lowest = [Double](repeating: .infinity, count: width)
            var highest = [Double](repeating: -.infinity, count: width)
            for point in 0..<search.count {
                for column in 0..<width {
                    let value = search.points[point * width + column]
                    guard value.magnitude < 1e100 else { throw .numbers }
                    lowest[column] = min(lowest[column], value)
                    highest[column] = max(highest[column], value)
                }
            }
            let middle = (0..<width).map { lowest[$0] / 2 + highest[$0] / 2 }
            center = middle
            reach = (0..<width).reduce(0) { max($0, highest[$1] - middle[$1], middle[$1] - lowest[$1]) }
            // Points within ±steps, rows within twice that: |x · y| + |y|²/2 < 2.5 · width · steps² has to fit 31 bits.
            steps = min(16_000, (0x1p31 / (2.6 * Double(width))).squareRoot().rounded(.down))
            step = reach / steps
            guard step > 1e-100, steps >= 8 else { throw .numbers }
        }
    }

    init(_ search: NearestNeighbors, _ grid: Grid) {
        let width = search.inputWidth
        let count = search.count
        let (center, reach, step) = (grid.center, grid.reach, grid.step)
        let pairCount = (width + 1) / 2
        let panelCount = (count + Self.panel - 1) / Self.panel
        var points = [Int16](repeating: 0, count: panelCount * pairCount * Self.panel * 2 + 32)
        let firstPoint = CacheLine.firstElement(of: &points)
        var halves = [Int32](repeating: 0, count: panelCount * Self.panel)
        var error = 0.0
        var largestSquare = 0.0
        for point in 0..<count {
            let place = firstPoint + (point / Self.panel * pairCount * Self.panel + point % Self.panel) * 2
            var square = 0
            var rest = 0.0
            var magnitudes = 0.0
            var length = 0.0
            for column in 0..<width {
                let value = search.points[point * width + column]
                let onGrid = ((value - center[column]) / step).rounded()
                let difference = value - (center[column] + step * onGrid)
                rest += difference * difference
                length += value * value
                magnitudes += value.magnitude + center[column].magnitude + reach
                square += Int(onGrid) * Int(onGrid)
                points[place + column / 2 * Self.panel * 2 + column % 2] = Int16(onGrid)
            }
            halves[point] = Int32(square / 2)
            largestSquare = max(largestSquare, length)
            // The second term is what rounding hides in the rests.
            error = max(error, rest.squareRoot() * (1 + 1e-9) + 0x1p-50 * magnitudes)
        }
        self.points = points
        self.firstPoint = firstPoint
        self.halves = halves
        exact = search.points
        givesRoots = grid.givesRoots
        self.center = center
        self.step = step
        self.error = error
        limit = Int32(2 * grid.steps)
        self.count = count
        self.width = width
        neighborCount = search.neighborCount
        candidatesMax = 4 * search.neighborCount + 512
        // Both sum as many products, each rounded: see `NearestNeighbors.isSettled`; twice, for two points.
        slack = grid.isRounded ? 2 * Double(width + 8) * Double.ulpOfOne : 0
        self.largestSquare = largestSquare
    }

    /// Takes scratch from the plan of the memory.
    func takeScratch(_ memory: inout MemoryPlan) -> Scratch {
        let needed = scratchCounts
        return Scratch(
            integers: memory.take(needed.integers, of: \.integers), doubles: memory.take(needed.doubles, of: \.doubles))
    }

    /// Where its scratch begins.
    struct Scratch: Sendable {
        let integers: Int
        let doubles: Int
    }

    private var scratchCounts: (integers: Int, doubles: Int) {
        let pairCount = (width + 1) / 2
        return (Int(VENCEJO_SEARCH_ROWS) * (pairCount + neighborCount + 2 * candidatesMax), candidatesMax)
    }

    /// Writes the nearest points of each row of the tile: distances, then indices.
    /// - Returns: a bit for each row that it could not settle.
    func nearest(
        from input: TilePlace, to output: TilePlace, rowCount: Int, scratch: Scratch, in workspace: Workspace,
        level: CPULevel = .current
    ) -> UInt64 {
        let needed = scratchCounts
        precondition(input.width == width && output.width == 2 * neighborCount, "places of the search's widths")
        precondition(
            scratch.integers + needed.integers <= workspace.integers.count
                && scratch.doubles + needed.doubles <= workspace.doubles.count, "scratch within the workspace")
        precondition(
            rowCount <= Tile.rowsMax && input.offset + rowCount * width <= workspace.doubles.count
                && output.offset + rowCount * output.width <= workspace.doubles.count, "places within the workspace")
        return unsafe workspace.doubles.withUnsafeMutableBufferPointer { doubles in
            unsafe workspace.integers.withUnsafeMutableBufferPointer { integers in
                unsafe withTables { search in
                    guard let base = doubles.baseAddress, let integers = integers.baseAddress else { return 0 }
                    return unsafe vencejo_nearest(
                        level.native, &search, base + input.offset, rowCount, base + output.offset,
                        integers + scratch.integers, base + scratch.doubles)
                }
            }
        }
    }

    private func withTables(_ body: (inout vencejo_search) -> UInt64) -> UInt64 {
        unsafe points.withUnsafeBufferPointer { points in
            unsafe halves.withUnsafeBufferPointer { halves in
                unsafe exact.withUnsafeBufferPointer { exact in
                    unsafe center.withUnsafeBufferPointer { center in
                        var search = unsafe vencejo_search(
                            points: points.baseAddress.map { unsafe $0 + firstPoint }, halves: halves.baseAddress,
                            exact: exact.baseAddress, center: center.baseAddress, count: count, width: width,
                            step: step, error: error, limit: limit, neighbors: neighborCount,
                            candidates_max: candidatesMax, gives_roots: givesRoots ? 1 : 0, slack: slack,
                            largest_square: largestSquare)
                        return unsafe body(&search)
                    }
                }
            }
        }
    }
}
