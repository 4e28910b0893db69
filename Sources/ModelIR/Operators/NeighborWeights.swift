/// How much each neighbour counts.
package enum NeighborWeights: Sendable, Hashable {
    case uniform
    /// One over the distance; where some distance is zero, only those points count.
    case inverseDistance
}
