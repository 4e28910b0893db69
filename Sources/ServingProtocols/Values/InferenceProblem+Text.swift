internal import InferenceAPI

extension InferenceProblem {
    /// The problem in one line, as its members tell it in JSON.
    var sentence: String {
        let places = [place, pointer.isEmpty ? nil : pointer].compactMap { $0 }
        var text = places.isEmpty ? detail : places.joined(separator: ", ") + ": " + detail
        if let expected { text += "; expected \(expected)" }
        if let found { text += ", got \(found)" }
        if let nearest { text += "; the nearest is \"\(nearest)\"" }
        return text
    }
}
