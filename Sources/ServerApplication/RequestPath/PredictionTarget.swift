internal import Serving

/// What a prediction asks for whose body is still to come: the words of its path, and not the model, so that a slow
/// body does not keep a replaced model alive.
enum PredictionTarget {
    case standard
    case model(String, RequestRoute)
    case version(String, Int, RequestRoute)

    /// - Parameters:
    ///   - model: what the path has led to.
    ///   - route: a route that predicts.
    init(_ model: ServedModel, _ route: RequestRoute) {
        switch route {
        case .predict: self = .standard
        case .versionPredict, .aliasPredict, .openVersionInfer: self = .version(model.name, model.version, route)
        default: self = .model(model.name, route)
        }
    }

    func model(in pool: PredictorPool) -> ServedModel? {
        switch self {
        case .standard: pool.defaultModel
        case .model(let name, _): pool.model(named: name)
        case .version(let name, let number, _): pool.entry(named: name)?.version(number)
        }
    }

    /// nil: the default model.
    var name: String? {
        switch self {
        case .standard: nil
        case .model(let name, _), .version(let name, _, _): name
        }
    }

    var route: RequestRoute {
        switch self {
        case .standard: .predict
        case .model(_, let route), .version(_, _, let route): route
        }
    }
}
