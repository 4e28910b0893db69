/// Why a table of routes cannot be made: a mistake in the program, found at start.
package enum RouteTableError: Error, Sendable, Equatable {
    /// A template is `/`, or segments which are either plain or `{name}` with an optional plain ending.
    case malformedTemplate(String)
    /// More parameters than `PathParameters` holds.
    case tooManyParameters(String)
    /// The same method and path, up to the names of parameters, twice.
    case duplicate(HTTPMethod, String)
}

/// What a method and a path came to.
package enum RouteMatch<Value: Sendable>: Sendable {
    /// What was registered, and the number of the route.
    case found(Value, route: Int)
    case notFound
    /// The path exists for other methods; the fields hold `Allow`.
    case methodNotAllowed(ResponseFields)
    /// The path holds what is never served: 400.
    case malformedPath
}

/// Methods and path templates, and what each leads to.
///
///     /models/{model}                       one parameter
///     /v1/models/{model}:predict            a parameter with an ending
///
/// A parameter is one whole segment (less its ending), never empty. HEAD is answered by GET's route.
package struct RouteTable<Value: Sendable>: Sendable {
    /// One line of the table.
    package struct Route: Sendable {
        package let method: HTTPMethod
        package let template: String
        package let value: Value

        /// Makes a line.
        package init(_ method: HTTPMethod, _ template: String, _ value: Value) {
            self.method = method
            self.template = template
            self.value = value
        }
    }

    /// The lines, by route number; `template` is the label for metrics.
    package let routes: [Route]
    /// The templates as a tree.
    package let trie: RouteTrie

    /// Makes a table.
    ///
    /// - Throws: `RouteTableError` for a template that cannot be, or stands there twice.
    package init(_ routes: [Route]) throws(RouteTableError) {
        var trie = RouteTrie()
        for (number, route) in routes.enumerated() {
            if let error = trie.add(route.method, route.template, route: number) { throw error }
        }
        self.routes = routes
        self.trie = trie
    }

    /// Finds what a request is for, and where the parameters of its path lie.
    ///
    /// - Complexity: O(path); does not allocate.
    @inlinable
    package func match(
        _ method: HTTPMethod, _ path: Span<UInt8>, _ parameters: inout PathParameters
    ) -> RouteMatch<Value> {
        switch trie.match(method, path, &parameters) {
        case .route(let number): .found(routes[number].value, route: number)
        case .notFound: .notFound
        case .methodNotAllowed(let allow): .methodNotAllowed(allow)
        case .malformedPath: .malformedPath
        }
    }
}
