internal import HTTPCore

/// The native protocol's routes and gRPC's as a table, made once for all loops.
struct NativeRoutes: Sendable {
    private let trie: RouteTrie
    private let routes: [RequestRoute]

    init() {
        do {
            let table = try RouteTable(RequestRoute.allCases.compactMap(\.tableRoute))
            trie = table.trie
            routes = table.routes.map(\.value)
        } catch {
            preconditionFailure("the table of routes is wrong: \(error)")
        }
    }

    /// `RouteTable.match`, but for one type: the table's own is compiled for any, and asks the runtime for a type's
    /// description with each request.
    func match(_ head: borrowing RequestHead, _ parameters: inout PathParameters) -> RouteMatch<RequestRoute> {
        switch trie.match(head.method, head.path, &parameters) {
        case .route(let number): .found(routes[number], route: number)
        case .notFound: .notFound
        case .methodNotAllowed(let allow): .methodNotAllowed(allow)
        case .malformedPath: .malformedPath
        }
    }
}

extension RequestRoute {
    /// nil for `unknown` and `options`, which are no routes.
    fileprivate var tableRoute: RouteTable<RequestRoute>.Route? {
        guard self != .options, let method = HTTPMethod.allCases.first(where: { $0.name == method }) else { return nil }
        return RouteTable.Route(method, template, self)
    }
}
