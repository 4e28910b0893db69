internal import HTTPCore

/// The native protocol's routes and gRPC's as a table, made once for all loops.
struct NativeRoutes: Sendable {
    private let table: RouteTable<RequestRoute>

    init() {
        do {
            table = try RouteTable(RequestRoute.allCases.compactMap(\.tableRoute))
        } catch {
            preconditionFailure("the table of routes is wrong: \(error)")
        }
    }

    func match(_ head: borrowing RequestHead, _ parameters: inout PathParameters) -> RouteMatch<RequestRoute> {
        table.match(head.method, head.path, &parameters)
    }
}

extension RequestRoute {
    /// nil for `unknown` and `options`, which are no routes.
    fileprivate var tableRoute: RouteTable<RequestRoute>.Route? {
        guard self != .options, let method = HTTPMethod.allCases.first(where: { $0.name == method }) else { return nil }
        return RouteTable.Route(method, template, self)
    }
}
