/// The fields of a gRPC answer's head, made once.
package enum GRPCFields {
    /// Begins an answer. `grpc-accept-encoding` tells what a client may compress its messages with from now on.
    package static let response = ResponseFields([
        ("content-type", "application/grpc"), ("grpc-accept-encoding", GRPCEncoding.accepted),
    ])

    /// Begins an answer some of whose messages may be compressed.
    package static let gzipResponse = response.adding([("grpc-encoding", "gzip")])
}
