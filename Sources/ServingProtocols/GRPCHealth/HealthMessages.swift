internal import ByteCoding

/// The messages of grpc/health/v1/health.proto on the wire.
///
///     HealthCheckRequest    string service = 1
///     HealthCheckResponse   ServingStatus status = 1
///     HealthListRequest     nothing
///     HealthListResponse    map<string, HealthCheckResponse> statuses = 1
enum HealthMessages {
    /// The service of a request; empty for the server as a whole.
    static func service(_ request: Span<UInt8>) throws(ProtobufError) -> String {
        var reader = ProtobufReader(request)
        var service = ""
        while let field = try reader.nextField() {
            switch field.number {
            case 1: service = try reader.string(field)
            default: try reader.skip(field)
            }
        }
        return service
    }

    /// Checks that a request is a message at all.
    static func validate(_ request: Span<UInt8>) throws(ProtobufError) {
        var reader = ProtobufReader(request)
        while let field = try reader.nextField() { try reader.skip(field) }
    }

    /// The response of Check, and of Watch at each change.
    static func response(_ status: HealthStatus) -> [UInt8] {
        var writer = ProtobufWriter(capacity: 2)
        writer.uint64(1, status.rawValue)
        return writer.take()
    }

    static func list(_ services: [String], _ status: HealthStatus) -> [UInt8] {
        let response = response(status)
        var writer = ProtobufWriter()
        for service in services {
            // A map is a list of pairs: key = 1, value = 2.
            let pair = writer.beginMessage(1)
            writer.string(1, service)
            writer.bytes(2, response.span)
            writer.endMessage(pair)
        }
        return writer.take()
    }
}
