/// Everything that answers at one moment: an immutable snapshot of the served models. A loop takes one snapshot a
/// tick; the next state is another pool.
package final class PredictorPool: Sendable {
    /// The store's generation that it shows, and what of it is older.
    private let generations: PoolGeneration
    /// The store's generation up to which everything serves.
    package var generation: Int { generations.complete }
    /// Grows by one a snapshot of this process.
    let sequence: UInt64
    /// In ascending order of name.
    package let entries: [PooledModel]
    /// The current version of each entry, in the same order.
    package let models: [ServedModel]
    /// The model that answers where none is named.
    package let defaultModel: ServedModel?

    /// Open addressing with linear probing over the names; -1 is an empty place. The size is a power of two, at least
    /// twice the models.
    private let table: [Int32]
    /// The names' bytes, one after the other, and where each begins (one more entry than models).
    private let nameBytes: [UInt8]
    private let nameStarts: [Int]

    /// Jobs on compute threads that use this snapshot now.
    package let jobs: PoolJobs

    /// No models: what a loop starts with.
    package static let empty = PredictorPool(
        generation: PoolGeneration(0), sequence: 0, entries: [], defaultName: nil, onIdle: {})

    /// - Parameters:
    ///   - generation: the store's generation.
    ///   - sequence: greater than that of the snapshot before.
    ///   - entries: each with a name of its own.
    ///   - defaultName: the model that answers where none is named, if it is there.
    ///   - onIdle: called, by whichever thread ends the last job, once the pool has been retired.
    init(
        generation: PoolGeneration, sequence: UInt64, entries: [PooledModel], defaultName: String?,
        onIdle: @escaping @Sendable () -> Void
    ) {
        generations = generation
        self.sequence = sequence
        let entries = entries.sorted { $0.name < $1.name }
        self.entries = entries
        let models = entries.map(\.current)
        self.models = models
        defaultModel = models.first { $0.name == defaultName }
        jobs = PoolJobs(onIdle: onIdle)

        var bytes: [UInt8] = []
        var starts = [0]
        for model in models {
            bytes.append(contentsOf: model.name.utf8)
            starts.append(bytes.count)
        }
        var size = 4
        while size < models.count * 2 { size *= 2 }
        var table = [Int32](repeating: -1, count: size)
        for index in models.indices {
            var place = Self.hash(bytes.span.extracting(starts[index]..<starts[index + 1])) & (size - 1)
            while table[place] >= 0 { place = (place + 1) & (size - 1) }
            table[place] = Int32(index)
        }
        self.table = table
        nameBytes = bytes
        nameStarts = starts
    }

    /// Bytes of memory that all versions hold.
    package var memoryBytes: Int { entries.reduce(0) { $0 + $1.versions.reduce(0) { $0 + $1.memoryBytes } } }

    package var names: [String] { models.map(\.name) }

    /// The store's generation up to which an answer by that name is the truth: more than `generation` where another
    /// model lags.
    /// - Parameter name: nil: the default model.
    package func generation(of name: String?) -> Int {
        guard let named = name ?? defaultModel?.name else { return generations.complete }
        let generation = generations.lagging[named] ?? generations.applied
        return name == nil ? min(generation, generations.defaultLagging ?? .max) : generation
    }

    /// The current version of the model of that name, by the bytes that stand in the request's path.
    /// - Complexity: O(name) expected; no allocation.
    package func model(named name: Span<UInt8>) -> ServedModel? {
        index(ofName: name).map { models[$0] }
    }

    package func model(named name: String) -> ServedModel? {
        model(named: name.utf8.span)
    }

    /// What serves under that name, all its versions.
    package func entry(named name: Span<UInt8>) -> PooledModel? {
        index(ofName: name).map { entries[$0] }
    }

    package func entry(named name: String) -> PooledModel? {
        entry(named: name.utf8.span)
    }

    /// Whether that version serves, as the current one of its name or beside it.
    func contains(_ model: ServedModel) -> Bool {
        guard let index = index(ofName: model.name.utf8.span) else { return false }
        return models[index] === model || entries[index].versions.contains { $0 === model }
    }

    private func index(ofName name: Span<UInt8>) -> Int? {
        let mask = table.count - 1
        var place = Self.hash(name) & mask
        while true {
            let index = Int(table[place])
            if index < 0 { return nil }
            if matches(name, model: index) { return index }
            place = (place + 1) & mask
        }
    }

    private func matches(_ name: Span<UInt8>, model index: Int) -> Bool {
        let start = nameStarts[index]
        guard nameStarts[index + 1] - start == name.count else { return false }
        for offset in 0..<name.count where nameBytes[start + offset] != name[offset] { return false }
        return true
    }

    /// FNV-1a. The names are the operator's, so no client chooses what collides in the table.
    private static func hash(_ bytes: Span<UInt8>) -> Int {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in bytes.indices { state = (state ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3 }
        return Int(truncatingIfNeeded: state ^ (state >> 32))
    }

    // MARK: Jobs

    func retire() { jobs.retire() }

    var hasJobs: Bool { jobs.isBusy }
}
