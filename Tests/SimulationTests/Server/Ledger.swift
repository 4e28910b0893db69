import Serving

/// Which model served under which name, and when: what answers are held against.
///
/// Time is counted in steps. A model counts as current from the moment in which it was swapped in until the publish
/// that replaced it has ended, since until then a loop may not have heard of it.
final class Ledger {
    private struct Reign {
        /// nil: there was no model of that name.
        let model: Int?
        let from: Int
        var until: Int?
    }

    private final class Census {
        weak var model: ServedModel?
        init(_ model: ServedModel) { self.model = model }
    }

    private let world: World
    private var reigns: [String: [Reign]] = [:]
    private var numbers: [String: Int] = [:]
    private var census: [Census] = []
    private let names: [String]
    private var lastPool: ObjectIdentifier?

    init(_ world: World, names: [String]) {
        self.world = world
        self.names = names
        for name in names { reigns[name] = [Reign(model: nil, from: 0, until: nil)] }
    }

    func willUpload(_ number: Int, _ artifact: [UInt8]) {
        numbers[ContentDigest(of: artifact).hex] = number
    }

    /// Looks at what serves now. To be called after each step.
    func observe(_ pool: PredictorPool) {
        guard ObjectIdentifier(pool) != lastPool else { return }
        lastPool = ObjectIdentifier(pool)
        for name in names {
            let served = pool.model(named: name)
            let number = served.map { numbers[$0.digest.hex] ?? -1 }
            guard let last = reigns[name]?.last, last.model != number else { continue }
            if number == -1 { world.fail("a model serves that nobody has sent") }
            if let number, reigns[name]?.contains(where: { $0.model == number }) == true {
                world.fail("model \(number) serves again")
            }
            world.note("\(name) is now \(number.map { "model \($0)" } ?? "nothing")")
            reigns[name]?.append(Reign(model: number, from: world.step, until: nil))
            if let served { census.append(Census(served)) }
        }
    }

    /// No publish is under way: what was replaced is not used any more.
    func settle() {
        for name in names {
            guard let count = reigns[name]?.count else { continue }
            for index in stride(from: count - 2, through: 0, by: -1) {
                guard reigns[name]?[index].until == nil else { break }
                reigns[name]?[index].until = world.step
            }
        }
    }

    /// Whether that model (nil: none) was current at some moment of the time.
    func was(_ name: String, _ model: Int?, from: Int, to: Int) -> Bool {
        (reigns[name] ?? []).contains { $0.model == model && $0.from <= to && ($0.until ?? .max) >= from }
    }

    /// Whether there was any model of that name at some moment of the time.
    func wasThere(_ name: String, from: Int, to: Int) -> Bool {
        (reigns[name] ?? []).contains { $0.model != nil && $0.from <= to && ($0.until ?? .max) >= from }
    }

    func everServed(_ name: String, _ model: Int) -> Bool {
        (reigns[name] ?? []).contains { $0.model == model }
    }

    /// Models that are still in memory.
    var aliveCount: Int { census.count { $0.model != nil } }
}
