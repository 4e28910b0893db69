import SeededRandom
import Testing

@testable import Serving

struct ResponseCacheTests {
    private let models = [makeModel("a"), makeModel("b")]

    private func makeCache(bytesMax: Int = 1 << 16, hash: @escaping ([UInt8]) -> Int = { $0.hashValue })
        -> ResponseCache
    {
        var cache = ResponseCache(bytesMax: bytesMax, hash: hash)
        cache.adopt(makePool(models))
        return cache
    }

    @Test(arguments: [true, false])
    func aKeyIsComparedByItsBytes(hashesAreEqual: Bool) {
        var cache = makeCache(hash: hashesAreEqual ? { _ in 7 } : { $0.hashValue })
        let model = models[0].cost.serial
        for number in 0..<50 as Range<UInt8> { _ = cache.insert([number], model: model, body: [number, number]) }
        for number in 0..<50 as Range<UInt8> {
            let found = cache.find([number])
            #expect(found == [number, number])
        }
        let absent = cache.find([50])
        #expect(absent == nil)
    }

    @Test func aVersionThatIsGoneIsForgottenAndNotTakenAgain() {
        var cache = makeCache()
        for (index, model) in models.enumerated() {
            _ = cache.insert([UInt8(index)], model: model.cost.serial, body: [1])
        }
        let next = makeModel("a")
        cache.adopt(makePool([next, models[1]], sequence: 2))
        let found = [cache.find([0]), cache.find([1])]
        #expect(found == [nil, [1]])
        _ = cache.insert([0], model: models[0].cost.serial, body: [1])
        let late = cache.find([0])
        #expect(late == nil && next.cost.serial != models[0].cost.serial)
    }

    /// Beside a plain list in order of use.
    @Test(arguments: 0..<20)
    func keepsWhatWasUsedLastWithinItsBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytesMax = 4000
        var cache = makeCache(bytesMax: bytesMax)
        let model = models[0].cost.serial
        var reference: [(key: [UInt8], body: [UInt8])] = []
        var evictions = 0
        for _ in 0..<2000 {
            let key = [UInt8.random(in: 0...40, using: &generator)]
            let place = reference.firstIndex { $0.key == key }
            let found = cache.find(key)
            #expect(found == place.map { reference[$0].body }, "seed \(seed)")
            if let place {
                reference.append(reference.remove(at: place))
                continue
            }
            let body = [UInt8](repeating: key[0], count: Int.random(in: 0...600, using: &generator))
            evictions += cache.insert(key, model: model, body: body)
            guard body.count + 1 + 192 <= bytesMax / 8 else { continue }
            reference.append((key, body))
            while reference.reduce(0, { $0 + $1.body.count + 1 + 192 }) > bytesMax {
                reference.removeFirst()
                evictions -= 1
            }
            #expect(cache.bytes <= bytesMax && cache.count == reference.count, "seed \(seed)")
        }
        #expect(evictions == 0, "seed \(seed)")
    }
}
