/// What the head of a call says about it, but for its method and metadata.
package struct GRPCRequest: Equatable, Sendable {
    /// What compressed messages of the client are compressed with.
    package let encoding: GRPCEncoding
    /// Whether the client reads messages compressed with gzip.
    package let acceptsGzip: Bool
    /// The time that the call may take; nil where the client waits for ever.
    package let timeout: Duration?

    private static let mediaType: StaticString = "application/grpc"

    /// Whether a request looks like gRPC or one of its kin, by its content type alone.
    package static func isLikely(_ head: borrowing RequestHead) -> Bool {
        guard let type = head.value(of: .contentType) else { return false }
        return type.count >= mediaType.utf8CodeUnitCount
            && type.extracting(0..<mediaType.utf8CodeUnitCount).equalsIgnoringCase(mediaType)
    }

    /// Reads a head.
    ///
    /// - Throws: the refusal, where the request is no gRPC, or says what is not understood.
    package init(_ head: borrowing RequestHead) throws(GRPCRefusal) {
        guard let type = head.value(of: .contentType), GRPCRequest.isProtobuf(type) else {
            throw .notGRPC(.unsupportedMediaType, detail: "this is a gRPC method: the content type is application/grpc")
        }
        guard head.version == .http2 else {
            throw .notGRPC(.versionNotSupported, detail: "gRPC needs HTTP/2")
        }
        guard head.method == .post else {
            throw .notGRPC(.methodNotAllowed, detail: "gRPC needs POST")
        }
        var encoding = GRPCEncoding.identity
        var acceptsGzip = false
        var timeout: Duration?
        for index in 0..<head.fieldCount {
            let name = head.name(at: index)
            // The rest is metadata, and there may be much of it.
            guard name.count > 5, asciiLowercased(name[0]) == UInt8(ascii: "g"), name[4] == UInt8(ascii: "-") else {
                continue
            }
            let value = head.value(at: index)
            if name.equalsIgnoringCase("grpc-timeout") {
                guard let time = GRPCTimeout.parse(value) else {
                    throw .status(
                        GRPCStatus(.internal, "malformed grpc-timeout, expected 1 to 8 digits and one of HMSmun"))
                }
                timeout = min(timeout ?? time, time)
            } else if name.equalsIgnoringCase("grpc-encoding") {
                guard let known = GRPCEncoding(value) else {
                    throw .status(
                        GRPCStatus(.unimplemented, "unknown grpc-encoding, expected \(GRPCEncoding.accepted)"))
                }
                encoding = known
            } else if name.equalsIgnoringCase("grpc-accept-encoding") {
                acceptsGzip = acceptsGzip || GRPCRequest.lists(value, "gzip")
            }
        }
        self.encoding = encoding
        self.acceptsGzip = acceptsGzip
        self.timeout = timeout
    }

    /// `application/grpc`, also with `+proto` or parameters: not `application/grpc-web`, not `+json`.
    private static func isProtobuf(_ type: Span<UInt8>) -> Bool {
        var end = 0
        while end < type.count, type[end] != UInt8(ascii: ";"), type[end] != UInt8(ascii: " ") { end += 1 }
        let essence = type.extracting(0..<end)
        return essence.equalsIgnoringCase(mediaType) || essence.equalsIgnoringCase("application/grpc+proto")
    }

    /// Whether a list with commas holds `name`.
    private static func lists(_ value: Span<UInt8>, _ name: StaticString) -> Bool {
        var start = 0
        while start < value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            var first = start
            var last = end
            while first < last, value[first] == UInt8(ascii: " ") { first += 1 }
            while last > first, value[last - 1] == UInt8(ascii: " ") { last -= 1 }
            if value.extracting(first..<last).equalsIgnoringCase(name) { return true }
            start = end + 1
        }
        return false
    }
}
