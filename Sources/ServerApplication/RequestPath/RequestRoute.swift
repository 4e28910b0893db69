/// The routes of the native protocol, of the Open Inference Protocol and of gRPC, each with its method: also the
/// labels of the request metrics.
enum RequestRoute: String, Sendable, CaseIterable {
    case predict = "POST /predict"
    case modelPredict = "POST /models/{model}/predict"
    case versionPredict = "POST /models/{model}/versions/{version}/predict"
    case aliasPredict = "POST /models/{model}/aliases/{alias}/predict"
    case listModels = "GET /models"
    case createModel = "POST /models"
    case getModel = "GET /models/{model}"
    case putModel = "PUT /models/{model}"
    case patchModel = "PATCH /models/{model}"
    case deleteModel = "DELETE /models/{model}"
    case listVersions = "GET /models/{model}/versions"
    case getVersion = "GET /models/{model}/versions/{version}"
    case deleteVersion = "DELETE /models/{model}/versions/{version}"
    case getBundle = "GET /models/{model}/bundle"
    case getVersionBundle = "GET /models/{model}/versions/{version}/bundle"
    case getPublish = "GET /models/{model}/publishes/{publish}"
    case live = "GET /health/live"
    case ready = "GET /health/ready"
    case metrics = "GET /metrics"
    case root = "GET /"
    /// What may be done with a route, and whether a page may: of any path that there is.
    case options = "OPTIONS *"
    case openServer = "GET /v2"
    case openServerSlash = "GET /v2/"
    case openLive = "GET /v2/health/live"
    case openReady = "GET /v2/health/ready"
    case openModels = "GET /v2/models"
    case openModel = "GET /v2/models/{model}"
    case openVersion = "GET /v2/models/{model}/versions/{version}"
    case openModelReady = "GET /v2/models/{model}/ready"
    case openVersionReady = "GET /v2/models/{model}/versions/{version}/ready"
    case openInfer = "POST /v2/models/{model}/infer"
    case openVersionInfer = "POST /v2/models/{model}/versions/{version}/infer"
    case callServerLive = "POST /inference.GRPCInferenceService/ServerLive"
    case callServerReady = "POST /inference.GRPCInferenceService/ServerReady"
    case callModelReady = "POST /inference.GRPCInferenceService/ModelReady"
    case callServerMetadata = "POST /inference.GRPCInferenceService/ServerMetadata"
    case callModelMetadata = "POST /inference.GRPCInferenceService/ModelMetadata"
    case callModelInfer = "POST /inference.GRPCInferenceService/ModelInfer"
    case healthCheck = "POST /grpc.health.v1.Health/Check"
    case healthWatch = "POST /grpc.health.v1.Health/Watch"
    case healthList = "POST /grpc.health.v1.Health/List"
    /// What matches none: one label for all, so that nobody can make labels by asking.
    case unknown = "other"

    /// How its errors are told, and its predictions asked and answered.
    enum Wire {
        case native
        /// The Open Inference Protocol over HTTP.
        case openInference
        /// The Open Inference Protocol over gRPC.
        case call
    }

    var wire: Wire {
        switch self {
        case .openServer, .openServerSlash, .openLive, .openReady, .openModels, .openModel, .openVersion,
            .openModelReady, .openVersionReady, .openInfer, .openVersionInfer:
            .openInference
        case .callServerLive, .callServerReady, .callModelReady, .callServerMetadata, .callModelMetadata,
            .callModelInfer:
            .call
        default: .native
        }
    }

    /// Whether it changes models or gives their files away, and so needs the admin token.
    var isAdministration: Bool {
        switch self {
        case .createModel, .putModel, .patchModel, .deleteModel, .deleteVersion, .getBundle, .getVersionBundle,
            .getPublish:
            true
        default: false
        }
    }

    /// Whether it changes models.
    var isChange: Bool {
        switch self {
        case .createModel, .putModel, .patchModel, .deleteModel, .deleteVersion: true
        default: false
        }
    }

    /// The routes that predict, by their number.
    static let predictions: [RequestRoute] = [
        .predict, .modelPredict, .versionPredict, .aliasPredict, .openInfer, .openVersionInfer, .callModelInfer,
    ]

    /// Among the routes that predict; 0 for any other.
    var predictionNumber: Int {
        switch self {
        case .modelPredict: 1
        case .versionPredict: 2
        case .aliasPredict: 3
        case .openInfer: 4
        case .openVersionInfer: 5
        case .callModelInfer: 6
        default: 0
        }
    }

    /// Whether it needs the token for predictions, where there is one: it predicts, or tells of the models.
    var takesPredictToken: Bool {
        switch self {
        case .predict, .modelPredict, .versionPredict, .aliasPredict, .listModels, .getModel, .listVersions,
            .getVersion, .openModels, .openModel, .openVersion, .openModelReady, .openVersionReady, .openInfer,
            .openVersionInfer, .callModelReady, .callModelMetadata, .callModelInfer:
            true
        default: false
        }
    }

    /// Whether the path names a model, and one of its versions by number or alias.
    var hasModel: Bool { !isList && self != .predict }
    var hasVersion: Bool { self == .versionPredict || self == .aliasPredict || self == .openVersionInfer }

    /// Whether it tells of all models.
    var isList: Bool { self == .listModels || self == .openModels }

    /// Whether a request may say how new the state has to be that answers it.
    var takesMinimumGeneration: Bool {
        switch self {
        case .openModels, .getModel, .listVersions, .getVersion, .getBundle, .getVersionBundle, .openModel,
            .openVersion, .openModelReady, .openVersionReady:
            true
        default: waitsForGeneration
        }
    }

    /// Whether it waits for that state. The others are refused at once, to be asked again.
    var waitsForGeneration: Bool {
        self == .listModels || (Self.predictions.contains(self) && self != .callModelInfer)
    }

    /// Whether it is a method of a gRPC service.
    var isGRPC: Bool {
        switch self {
        case .healthCheck, .healthWatch, .healthList: true
        default: wire == .call
        }
    }

    var method: String { rawValue.split(separator: " ").first.map { String($0) } ?? "" }

    var template: String { rawValue.split(separator: " ").last.map { String($0) } ?? "" }
}
