internal import Serving

extension StoreError {
    /// What the operator is told at the start or by a command, and no client is: where it failed, and as whom.
    /// - Parameter place: the store, which the text names before this; not said again.
    func told(of place: String) -> String {
        var text = description
        if errorName == "EACCES" || errorName == "EPERM" { text += "; \(Host.userText)" }
        if let path, path != place { text += "\n  at: \(path)" }
        return text
    }
}
