/// What the points of a training set stand for.
package enum NeighborTargets: Sendable, Hashable {
    /// A class a point: the weights of each class, over their sum.
    case classes([Int32], classCount: Int)
    /// Row-major [points, width]: the weighted mean.
    case numbers([Double], width: Int)

    package var width: Int {
        switch self {
        case .classes(_, let classCount): classCount
        case .numbers(_, let width): width
        }
    }

    /// Whether there is a sound target for each point.
    package func covers(pointCount: Int) -> Bool {
        switch self {
        case .classes(let classes, let classCount):
            return classes.count == pointCount && classCount > 0
                && classes.allSatisfy { $0 >= 0 && Int($0) < classCount }
        case .numbers(let numbers, let width):
            let (expected, overflow) = pointCount.multipliedReportingOverflow(by: width)
            return !overflow && width > 0 && numbers.count == expected
        }
    }
}
