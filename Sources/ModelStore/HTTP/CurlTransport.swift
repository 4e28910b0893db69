internal import CCurl
internal import Serving
internal import Synchronization

/// Requests by libcurl, which is looked for when the first of these is made. Connections are kept and used again.
///
/// Redirects are never followed: a store's answers come from where its configuration points. Certificates and names
/// are always checked. The environment's proxies are not used; one can be named.
package final class CurlTransport: HTTPTransport {
    package struct Settings: Sendable {
        /// A file of certificates to trust in place of the system's.
        package var certificatesFile: String?
        /// `http://host:port`; nil for none.
        package var proxy: String?
        package var connectTimeout = Duration.seconds(5)
        /// A transfer slower than this for `slowSeconds` has failed.
        package var bytesPerSecondMin = 1024
        package var slowSeconds = 15

        package init() {}
    }

    private let settings: Settings
    /// Handles that nobody uses now.
    private let idle = Mutex<[CurlHandle]>([])
    private static let idleMax = 4
    private let isClosed: Stop
    private final class Stop: Sendable {
        let hasCome = Atomic<Bool>(false)
    }

    /// - Throws: `HTTPFailure` if there is no libcurl.
    package init(_ settings: Settings = Settings()) throws(HTTPFailure) {
        guard vencejo_curl_load() == 0 else {
            throw HTTPFailure(.local, "libcurl 7.87 or later (libcurl.so.4) is needed for this store, and is not there")
        }
        self.settings = settings
        isClosed = Stop()
    }

    package func close() { isClosed.hasCome.store(true, ordering: .relaxed) }

    /// Such as `libcurl/7.88.1 OpenSSL/3.0.15`.
    package static var version: String { unsafe String(cString: vencejo_curl_version()) }

    package func perform(_ request: HTTPRequest, into sink: (any BodySink)?) throws(HTTPFailure) -> HTTPResponse {
        guard !isClosed.hasCome.load(ordering: .relaxed) else { throw HTTPFailure(.stopped, "the server is stopping") }
        guard let handle = idle.withLock({ $0.popLast() }) ?? CurlHandle() else {
            throw HTTPFailure(.local, "libcurl has no memory")
        }
        let isClosed = isClosed
        let body = request.body
        let response = try handle.perform(request, settings, sink) {
            isClosed.hasCome.load(ordering: .relaxed) || body.isCancelled
        }
        // A handle that failed is let go of, and its connections with it.
        idle.withLock { idle in
            if idle.count < Self.idleMax { idle.append(handle) }
        }
        return response
    }
}
