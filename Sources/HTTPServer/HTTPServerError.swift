package import EventLoop

/// Why a server could not be made or started.
package enum HTTPServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address cannot be listened on.
    case cannotListen(SystemError)
    /// The system refused a descriptor or a thread.
    case noResources(SystemError)
    /// A number in the configuration makes no sense.
    case badConfiguration(String)

    package var description: String {
        switch self {
        case .cannotListen(let error): "cannot listen: \(error)"
        case .noResources(let error): "cannot start: \(error)"
        case .badConfiguration(let text): "bad configuration: \(text)"
        }
    }
}
