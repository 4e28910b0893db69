import HTTPCore

@testable import HTTPServer
@testable import Serving
@testable import ServerApplication

/// What one simulation is like: the server's bounds, how much fails, how many come.
struct Settings {
    static let token = "0123456789abcdef0123456789abcdef"

    var http = HTTPServerConfiguration()
    var registry = ModelRegistry.Limits()
    var failures = Network.Failures()
    var names: [String]
    let clientCount: Int
    /// Clients begin within so many nanoseconds.
    let arrivals: Int64
    let bodyBytesMax: Int
    let uploadsMax: Int
    /// Whether bodies may meet the bound of all bodies together.
    let isGatheringTight: Bool
    /// Whether connections may meet their bound.
    let isFull: Bool
    /// Whether most clients change models, and leave in the middle of it: slots are used again while old answers are
    /// still to come.
    let isRestless: Bool
    /// How many of a hundred clients speak HTTP/2.
    let http2Percent: Int
    /// Whether the drain begins while clients are busy.
    let drainsEarly: Bool
    /// How predictions are batched: in some simulations all of them, or some, go over the compute pool.
    var batching = BatchSettings()
    let computeWorkers: Int
    /// Whether the bound of what waits there may be met.
    let isComputeTight: Bool
    /// Nanoseconds that a batch there may take to begin.
    let computeDelay: Int64

    init(_ dice: inout Dice) {
        names = (0..<dice.number(1...4)).map { "m\($0)" }
        isRestless = dice.chance(percent: 20)
        clientCount = isRestless ? 60 : dice.skewed(1...40)
        arrivals = isRestless ? World.second : dice.pick([0, 10 * World.millisecond, 5 * World.second])
        bodyBytesMax = dice.pick([2000, 1 << 20])
        uploadsMax = dice.pick([1, 8])
        isGatheringTight = dice.chance(percent: 15)
        isFull = dice.chance(percent: 15)
        drainsEarly = dice.chance(percent: 35)
        http2Percent = dice.pick([0, 40, 60, 100])

        http.loopCount = dice.pick([1, 1, 2, 3])
        http.limits.headBytesMax = dice.pick([1024, 16 << 10])
        http.limits.targetBytesMax = 512
        http.limits.fieldsMax = dice.pick([16, 100])
        http.limits.pipelinedMax = dice.pick([1, 2, 7, 64])
        http.limits.outputBytesMax = dice.pick([1, 3000, 1 << 20])
        http.limits.gatheredBytesMax = isGatheringTight ? 3000 : 128 << 20
        http.limits.discardBytesMax = dice.pick([0, 500, 64 << 10])
        http.limits.streamsMax = dice.pick([1, 10, 128])
        http.limits.streamWindowBytes = dice.pick([300, 1000, 65535, 256 << 10])
        http.limits.connectionWindowBytes = max(http.limits.streamWindowBytes, dice.pick([30_000, 1 << 20]))
        http.limits.streamOutputBytesMax = dice.pick([1, 3000, 64 << 10])
        http.limits.queuedBytesMax = dice.pick([3000, 8 << 20])
        http.connectionsMax = isFull ? dice.number(1...6) : 16384
        http.headTimeout = .seconds(dice.pick([2, 10]))
        http.idleTimeout = .seconds(dice.pick([3, 75]))
        http.bodyBytesPerSecondMin = dice.pick([240, 10_000])
        http.bodyGrace = .seconds(dice.pick([2, 5]))
        http.writeStallTimeout = .seconds(dice.pick([3, 30]))
        http.lingerTimeout = .milliseconds(dice.pick([200, 1000, 2000]))
        http.lingerBytesMax = dice.pick([0, 1000, 64 << 10])

        registry.modelsMax = dice.pick([names.count, max(1, names.count - 1), 256])
        registry.artifactBytesMax = dice.pick([5000, 3 << 20])

        if dice.chance(percent: 30) { failures.watchPermille = 20 }
        if dice.chance(percent: 30) { failures.lostPermille = 50 }
        if dice.chance(percent: 30) { failures.shedPermille = 50 }
        if dice.chance(percent: 30) { failures.exhaustedPermille = 100 }

        // With dice of their own: what else follows from a seed stays as it is.
        var own = dice
        batching.loop.inlineBudget = own.pick([0, 0, 20, 250_000])
        batching.loop.flushRows = own.pick([1, 256])
        batching.compute.joinsRequests = own.chance(percent: 80)
        batching.compute.batchWait = own.pick([0, 0, 1_000_000])
        batching.compute.requestsMax = own.pick([3, 4096])
        batching.cacheBytes = own.pick([0, 0, 2000, 1 << 20])
        computeWorkers = own.number(1...3)
        computeDelay = own.pick([0, World.millisecond, 50 * World.millisecond])
        isComputeTight = batching.compute.requestsMax < 100
        batching.loop.longRequest = own.pick([0, 25_000])
    }
}

extension Duration {
    var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
