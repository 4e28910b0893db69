/// Templates as a tree of segments, without what they lead to.
package struct RouteTrie: Sendable {
    /// What a path came to.
    package enum Outcome {
        case route(Int)
        case notFound
        case methodNotAllowed(ResponseFields)
        case malformedPath
    }

    private struct Node: Sendable {
        /// Segments that are spelled out, and the nodes behind them.
        var literals: [(name: [UInt8], child: Int)] = []
        /// `{x}` and `{x}:suffix`, longest suffix first.
        var parameters: [(suffix: [UInt8], child: Int)] = []
        /// The route of each method, or -1.
        var routes = [Int](repeating: -1, count: HTTPMethod.allCases.count)
        var allow: ResponseFields?
    }

    /// A node as it is looked at for each request: its edges, the spelled-out ones first, lie together in `edges`.
    private struct Place: Sendable {
        var literals: Range<Int> = 0..<0
        var parameters: Range<Int> = 0..<0
        var isEnd = false
    }

    /// A name or suffix in `text`, and the node behind it. Nothing in it is counted by reference.
    private struct Edge: Sendable {
        let text: Range<Int>
        let child: Int
    }

    private var nodes = [Node()]
    // The same, flat.
    private var places = [Place()]
    private var edges: [Edge] = []
    private var text: [UInt8] = []

    package init() {}

    /// Adds a template; `nil` where all is well.
    package mutating func add(_ method: HTTPMethod, _ template: String, route: Int) -> RouteTableError? {
        let bytes = Array(template.utf8)
        guard bytes.first == UInt8(ascii: "/") else { return .malformedTemplate(template) }
        var node = 0
        var parameterCount = 0
        if bytes.count > 1 {
            for segment in bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                if segment.first == UInt8(ascii: "{") {
                    guard let end = segment.firstIndex(of: UInt8(ascii: "}")), end > segment.startIndex + 1 else {
                        return .malformedTemplate(template)
                    }
                    parameterCount += 1
                    node = parameterChild(of: node, suffix: Array(segment[(end + 1)...]))
                } else {
                    guard !segment.contains(UInt8(ascii: "{")) else { return .malformedTemplate(template) }
                    node = literalChild(of: node, name: Array(segment))
                }
            }
        }
        guard parameterCount <= PathParameters.countMax else { return .tooManyParameters(template) }
        guard nodes[node].routes[Int(method.rawValue)] < 0 else { return .duplicate(method, template) }
        nodes[node].routes[Int(method.rawValue)] = route
        nodes[node].allow = ResponseFields([("Allow", allowed(nodes[node].routes).joined(separator: ", "))])
        flatten()
        return nil
    }

    private mutating func flatten() {
        edges = []
        text = []
        func append(_ list: [([UInt8], Int)]) -> Range<Int> {
            let first = edges.count
            for (name, child) in list {
                edges.append(Edge(text: text.count..<text.count + name.count, child: child))
                text += name
            }
            return first..<edges.count
        }
        places = []
        for node in nodes {
            let literals = append(node.literals.map { ($0.name, $0.child) })
            let parameters = append(node.parameters.map { ($0.suffix, $0.child) })
            places.append(Place(literals: literals, parameters: parameters, isEnd: node.allow != nil))
        }
    }

    /// Finds the route of a path. Spelled-out segments win over parameters, longer suffixes over shorter.
    ///
    /// - Complexity: O(path), but for templates that share a beginning with parameters in it; does not allocate.
    package func match(_ method: HTTPMethod, _ path: Span<UInt8>, _ parameters: inout PathParameters) -> Outcome {
        parameters.removeAll()
        guard PathSyntax.isSafe(path) else { return .malformedPath }
        guard !path.isEmpty, path[0] == UInt8(ascii: "/") else { return .notFound }
        let found =
            path.count == 1 ? (places[0].isEnd ? 0 : nil) : descend(places[0], path, 1, text.span, &parameters)
        guard let found else { return .notFound }
        let route = nodes[found].routes[Int(method.rawValue)]
        if route >= 0 { return .route(route) }
        // RFC 9110 9.3.2: HEAD is GET without the body, which the connection leaves out.
        let get = nodes[found].routes[Int(HTTPMethod.get.rawValue)]
        if method == .head, get >= 0 { return .route(get) }
        return .methodNotAllowed(nodes[found].allow ?? .none)
    }

    /// Goes on at the segment that begins at `start`; as deep as the templates are.
    private func descend(
        _ place: Place, _ path: Span<UInt8>, _ start: Int, _ text: Span<UInt8>, _ parameters: inout PathParameters
    ) -> Int? {
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        let segment = path.extracting(start..<end)
        let isLast = end == path.count
        for index in place.literals {
            let edge = edges[index]
            guard PathSyntax.matches(segment, text.extracting(edge.text)) else { continue }
            if isLast {
                if places[edge.child].isEnd { return edge.child }
            } else if let found = descend(places[edge.child], path, end + 1, text, &parameters) {
                return found
            }
        }
        for index in place.parameters {
            let edge = edges[index]
            let nameEnd = end - edge.text.count
            guard nameEnd > start, PathSyntax.matches(path.extracting(nameEnd..<end), text.extracting(edge.text)) else {
                continue
            }
            parameters.push(start..<nameEnd)
            if isLast {
                if places[edge.child].isEnd { return edge.child }
            } else if let found = descend(places[edge.child], path, end + 1, text, &parameters) {
                return found
            }
            parameters.pop()
        }
        return nil
    }

    private mutating func literalChild(of node: Int, name: [UInt8]) -> Int {
        if let edge = nodes[node].literals.first(where: { $0.name == name }) { return edge.child }
        nodes.append(Node())
        nodes[node].literals.append((name, nodes.count - 1))
        return nodes.count - 1
    }

    private mutating func parameterChild(of node: Int, suffix: [UInt8]) -> Int {
        if let edge = nodes[node].parameters.first(where: { $0.suffix == suffix }) { return edge.child }
        nodes.append(Node())
        let child = nodes.count - 1
        let place = nodes[node].parameters.firstIndex { $0.suffix.count < suffix.count } ?? nodes[node].parameters.count
        nodes[node].parameters.insert((suffix, child), at: place)
        return child
    }

    private func allowed(_ routes: [Int]) -> [String] {
        HTTPMethod.allCases.filter { method in
            routes[Int(method.rawValue)] >= 0 || (method == .head && routes[Int(HTTPMethod.get.rawValue)] >= 0)
        }.map(\.name)
    }
}
