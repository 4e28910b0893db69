/// What the control thread waits on until loops have done their part.
package protocol ChangeSignal: Sendable {
    /// Something has changed that somebody may wait for. From any thread; takes no longer than a short lock.
    func notify()

    /// Waits until `condition` holds; it is asked at once, and again after each `notify`. Never called on a loop.
    /// - Returns: false if `timeout` passes before.
    func wait(for timeout: Duration, until condition: () -> Bool) -> Bool
}
