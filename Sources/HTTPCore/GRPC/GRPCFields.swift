/// The fields of a gRPC answer's head, made once.
package enum GRPCFields {
    /// Begins every answer. `grpc-accept-encoding` tells what a client may compress its messages with from now on.
    package static let response = ResponseFields([
        ("content-type", "application/grpc"), ("grpc-accept-encoding", GRPCEncoding.accepted),
    ])
}
