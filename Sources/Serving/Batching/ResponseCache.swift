/// Answers that one loop has given, to be given again to the same rows: bounded in bytes, the ones used last are kept.
///
/// A key is compared byte by byte; its hash only finds the place. It names the version of the model, so that no
/// version is answered by another one, and `adopt` lets go of versions that are gone.
package struct ResponseCache {
    /// What an entry takes besides its bytes.
    private static let entryBytes = 192
    /// The part of the cache that one answer may take.
    private static let shareMax = 8
    /// A longer key is not worth its bytes.
    package static let keyBytesMax = 16 << 10

    private struct Key: Hashable {
        let bytes: [UInt8]
        let hash: Int

        static func == (left: Key, right: Key) -> Bool { left.bytes == right.bytes }

        func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    }

    /// An element of a ring in order of use; entry 0 is its anchor and no answer.
    private struct Entry {
        var key = Key(bytes: [], hash: 0)
        var body: [UInt8] = []
        var model: UInt64 = 0
        var previous = 0
        var next = 0

        var bytes: Int { key.bytes.count + body.count + ResponseCache.entryBytes }
    }

    private let bytesMax: Int
    private let hash: ([UInt8]) -> Int
    private var entries = [Entry()]
    private var free: [Int] = []
    private var places: [Key: Int] = [:]
    private var models: Set<UInt64> = []
    /// Of all entries, with their keys.
    package private(set) var bytes = 0

    package var count: Int { places.count }

    /// - Parameters:
    ///   - bytesMax: of all entries together.
    ///   - hash: of a key; injected so that a test can make all of them equal.
    package init(bytesMax: Int, hash: @escaping ([UInt8]) -> Int = { $0.hashValue }) {
        self.bytesMax = bytesMax
        self.hash = hash
    }

    /// The models that serve now. Answers of others are forgotten, and none of them is taken any more.
    package mutating func adopt(_ pool: PredictorPool) {
        models = Set(pool.entries.flatMap(\.versions).map(\.cost.serial))
        for place in places.values.filter({ !models.contains(entries[$0].model) }) { remove(place) }
    }

    /// The answer to that key.
    package mutating func find(_ key: [UInt8]) -> [UInt8]? {
        guard let place = places[Key(bytes: key, hash: hash(key))] else { return nil }
        unlink(place)
        linkFirst(place)
        return entries[place].body
    }

    /// Keeps an answer, in place of those that have not been asked for longest.
    /// - Returns: how many had to go.
    package mutating func insert(_ key: [UInt8], model: UInt64, body: [UInt8]) -> Int {
        let made = Key(bytes: key, hash: hash(key))
        let size = key.count + body.count + Self.entryBytes
        guard models.contains(model), size <= bytesMax / Self.shareMax, places[made] == nil else { return 0 }
        var evicted = 0
        while bytes + size > bytesMax {
            remove(entries[0].previous)
            evicted += 1
        }
        let place = free.popLast() ?? entries.count
        if place == entries.count { entries.append(Entry()) }
        entries[place] = Entry(key: made, body: body, model: model)
        places[made] = place
        bytes += size
        linkFirst(place)
        return evicted
    }

    private mutating func remove(_ place: Int) {
        unlink(place)
        places[entries[place].key] = nil
        bytes -= entries[place].bytes
        entries[place] = Entry()
        free.append(place)
    }

    private mutating func unlink(_ place: Int) {
        entries[entries[place].previous].next = entries[place].next
        entries[entries[place].next].previous = entries[place].previous
    }

    private mutating func linkFirst(_ place: Int) {
        let first = entries[0].next
        entries[place].previous = 0
        entries[place].next = first
        entries[first].previous = place
        entries[0].next = place
    }
}
