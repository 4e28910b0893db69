internal import ModelIR

/// Makes one kind of stage.
protocol StageBuilder: Sendable {
    /// Such as `forest-ranked`; what `--predictor` forces and `inspect` shows.
    var name: String { get }

    /// What it offers for one value of the graph; nil where the value is of a kind that is not its business, so that
    /// nothing need be said.
    func offer(for value: ValueID, of graph: OptimizedGraph) -> StageOffer?
}

/// What a builder says of a value.
enum StageOffer {
    case runs(StagePlan)
    /// Its kind of value, but it cannot; why, in one sentence.
    case cannotRun(reason: String)
}

/// A stage that could be made. The cheapest plan of a value is taken.
struct StagePlan {
    /// The values that the stage reads from the tile; those before them that nothing else needs are never computed.
    let inputs: [ValueID]
    /// Predicted cost of a row in a batch of one, and of one in a batch of many.
    let nanosecondsPerRow: Double
    let nanosecondsPerRowOfMany: Double
    /// What it does, in one sentence.
    let reason: String
    /// Bytes of its tables.
    let tableBytes: Int
    /// Whether the stage, where it runs first, itself finds the rows in which a required column of the record is
    /// missing.
    var findsMissing = false
    /// Makes the stage; takes its scratch from the plan of the memory.
    let make: (_ places: StagePlaces, _ memory: inout MemoryPlan) throws(ImportError) -> any Stage
}

/// Where a stage finds its inputs, in the order of its plan, and puts its output.
struct StagePlaces {
    let inputs: [TilePlace]
    let output: TilePlace
    /// Rows of a tile at most.
    let tileRowCount: Int
}
