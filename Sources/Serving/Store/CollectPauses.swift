/// How long a store is left alone before it is collected.
package struct CollectPauses: Sendable, Hashable {
    /// After the start.
    package let first: Duration
    /// After a collection.
    package let next: Duration

    package init(first: Duration, next: Duration) {
        self.first = first
        self.next = next
    }
}
