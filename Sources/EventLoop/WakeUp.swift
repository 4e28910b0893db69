internal import CEventLoop
internal import Glibc

/// An eventfd: any thread rings, one loop hears it through its poller.
package final class WakeUp: Sendable {
    /// To be registered with the poller.
    package let descriptor: Int32

    /// Makes a non-blocking eventfd.
    package init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError(call: "eventfd") }
    }

    deinit { _ = close(descriptor) }

    /// Wakes the loop; rings before it looks count as one.
    package func ring() {
        _ = eventfd_write(descriptor, 1)
    }

    /// Takes the rings back, on the loop's thread.
    package func clear() {
        var rings: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor, &rings)
    }
}
