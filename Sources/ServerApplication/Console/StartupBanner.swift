internal import EventLoop
internal import InferenceAPI
internal import ServingProtocols

/// What `vencejo serve` tells a person at a terminal: where it listens, what it serves, and lines to paste.
enum StartupBanner {
    private static let exampleBytesMax = 400

    /// - Parameters:
    ///   - address: the first one that is listened on.
    ///   - models: the served models, the default one first.
    ///   - token: the token to print, if this run made one.
    static func text(
        address: ListenAddress?, plan: ThreadPlan, models: [ModelStatus], store: String?, token: String?, hasToken: Bool
    ) -> String {
        var base = "localhost"
        var place = "http://localhost"
        switch address {
        case .tcp(_, let port)? where port != 80:
            base = "localhost:\(port)"
            place = "http://\(base)"
        case .unix(let path)?:
            base = "--unix-socket \(path) http://localhost"
            place = "unix:\(path)"
        default: break
        }
        var lines = ["", "Vencejo listens on \(place)   (\(plan.reason))", ""]
        if models.isEmpty {
            lines.append("No model yet. Send one:")
        }
        for model in models {
            lines.append(
                "  \(model.name)  version \(model.version), \(model.format) by \(model.producer), "
                    + "\(model.predictor.name)\(model.isDefault ? ", the default model" : "")")
        }
        if let model = models.first(where: \.isDefault) ?? models.first {
            let example = ExampleRequest.text(model.signature)
            lines += ["", "Predict:"]
            if example.utf8.count <= exampleBytesMax {
                lines.append("  curl \(base)/predict -d '\(example.replacingQuotes())'")
            } else {
                lines.append("  curl \(base)/predict -d @row.json")
            }
            lines.append("  curl \(base)/models/\(model.name)")
        }
        let name = models.first?.name ?? "house-price"
        lines += ["", "Swap a model while it serves:"]
        if let token {
            lines.append(
                "  curl -X PUT \(base)/models/\(name) -H 'Authorization: Bearer \(token)' --data-binary @MODEL")
            lines.append("  (this token was made for this run; set VENCEJO_ADMIN_TOKEN to keep one)")
        } else if hasToken {
            lines.append(
                "  curl -X PUT \(base)/models/\(name) -H \"Authorization: Bearer $VENCEJO_ADMIN_TOKEN\" "
                    + "--data-binary @MODEL")
        } else {
            lines.append("  set VENCEJO_ADMIN_TOKEN and start again: without a token, models cannot be changed")
        }
        lines.append(
            store == nil
                ? "  Uploads end with the process; --store DIR keeps them." : "  Uploads are kept in the store.")
        lines.append("")
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// The text for between single quotes in a shell.
    fileprivate func replacingQuotes() -> String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    }
}
