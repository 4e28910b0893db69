package import Serving

/// One request to an object store or to a credential service of the cloud it runs in.
package struct HTTPRequest: Sendable {
    package enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        case source(any BodySource)

        var isCancelled: Bool {
            if case .source(let source) = self { source.isCancelled } else { false }
        }
    }

    /// What a request is signed with by AWS's rules, version 4.
    package struct Signing: Sendable {
        package let key: AWSCredentials
        package let region: String
        package let service: String
    }

    package var method: Method
    package var url: String
    package var fields: [(name: String, value: String)] = []
    package var body = Body.none
    package var signing: Signing?
    /// Bytes of the answer's body; more end the transfer.
    package var bytesMax = 1 << 20
    /// The whole of it: resolving, connecting, sending, receiving.
    package var timeout = Duration.seconds(30)
    /// Whether addresses may be asked that only this host reaches: for the clouds' metadata services, and for nothing
    /// else.
    package var allowsLinkLocal = false

    package init(_ method: Method, _ url: String) {
        self.method = method
        self.url = url
    }
}

/// An answer of any status.
package struct HTTPResponse: Sendable {
    package let status: Int
    /// Names in lower case.
    package let fields: [(name: String, value: String)]
    /// Empty where a sink took it.
    package let body: [UInt8]

    package init(status: Int, fields: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The first field of that name, which is given in lower case.
    package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    package var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why there is no whole answer.
package struct HTTPFailure: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// No address, no connection, an answer cut in the middle.
        case unreachable
        case timeout
        /// The peer's certificate is not one that is trusted.
        case notTrusted
        /// The answer is larger than `bytesMax`.
        case tooLarge
        /// The name leads to an address that only this host reaches.
        case refusedAddress
        /// The server stops and waits for nothing any more, or nobody waits for this request.
        case stopped
        /// Our own side failed: a file, memory, the library.
        case local
    }

    package let kind: Kind
    /// For the log: it may name hosts.
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// Whether the same request may do better a moment later.
    package var isPassing: Bool { kind == .unreachable || kind == .timeout }
}

/// The bytes of a request's body, from the first to the last.
package protocol BodySource: AnyObject, Sendable {
    var byteCount: Int { get }
    /// The next bytes; empty at the end.
    func next(byteCount: Int) throws(StoreError) -> [UInt8]
    /// Goes back to the first byte.
    func rewind() throws(StoreError)
    /// Whether the request is to be given up. Asked now and then while it lasts.
    var isCancelled: Bool { get }
}

extension BodySource {
    /// For those that somebody waits for in any case.
    package var isCancelled: Bool { false }
}

/// Takes the body of a successful answer.
package protocol BodySink: AnyObject, Sendable {
    /// Called before the first byte of each answer.
    /// - Parameter byteCount: how many are announced; nil where they are not.
    func begin(status: Int, byteCount: Int?) throws(StoreError)
    func append(_ bytes: [UInt8]) throws(StoreError)
}

/// A sink that keeps what came before a cut.
package protocol ResumableSink: BodySink {
    var byteCount: Int { get }
}

/// Sends a request and waits for its answer. Blocks: called on threads that may wait, never on a loop.
package protocol HTTPTransport: Sendable {
    /// - Parameters:
    ///   - request: what is asked.
    ///   - sink: takes the body where the status says success; nil keeps it in the response.
    /// - Throws: if there is no whole answer. An answer of any status is not a failure.
    func perform(_ request: HTTPRequest, into sink: (any BodySink)?) throws(HTTPFailure) -> HTTPResponse

    /// Ends what is under way, and everything that comes. From any thread.
    func close()
}
