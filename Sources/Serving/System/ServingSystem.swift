/// A clock in nanoseconds that only goes forward.
package typealias MonotonicClock = @Sendable () -> UInt64

/// What serving asks of the system: the time, and a way to wait for loops. It is handed in, so that serving itself
/// touches no system, and a simulation can put its own in its place.
package struct ServingSystem: Sendable {
    /// Measures how long something takes.
    package let clock: MonotonicClock
    /// Seconds since 1970.
    package let unixSeconds: @Sendable () -> Int64
    /// Makes something to wait on.
    package let makeSignal: @Sendable () -> any ChangeSignal

    package init(
        clock: @escaping MonotonicClock, unixSeconds: @escaping @Sendable () -> Int64,
        makeSignal: @escaping @Sendable () -> any ChangeSignal
    ) {
        self.clock = clock
        self.unixSeconds = unixSeconds
        self.makeSignal = makeSignal
    }
}
