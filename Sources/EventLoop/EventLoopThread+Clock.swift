internal import Glibc

extension EventLoopThread {
    /// Nanoseconds for which the thread has run so far. Not to be asked once it has been joined.
    package var runNanoseconds: UInt64 {
        var clock = clockid_t()
        var time = timespec()
        guard unsafe pthread_getcpuclockid(identity, &clock) == 0, unsafe clock_gettime(clock, &time) == 0
        else { return 0 }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
