internal import HTTPCore
internal import Serving

/// Predictions of this tick whose heads have come and whose bodies have not: mostly one, for its body comes along; over
/// HTTP/2 many heads may come before their bodies.
struct ExpectedPredictions {
    struct Prediction {
        let exchange: ExchangeID
        let model: ServedModel
        let route: RequestRoute
        let ask: PredictionAsk
    }

    /// Beyond, they have to wait elsewhere, so that looking for one stays cheap.
    private static let countMax = 256

    /// From `start` on.
    private var predictions: [Prediction] = []
    private var start = 0

    var count: Int { predictions.count - start }

    /// - Returns: false where there are as many as may be.
    mutating func add(_ prediction: Prediction) -> Bool {
        guard count < Self.countMax else { return false }
        predictions.append(prediction)
        return true
    }

    /// Takes the one of that exchange out.
    ///
    /// - Complexity: O(1) where bodies come in the order of their heads, as they mostly do.
    mutating func take(_ exchange: ExchangeID) -> Prediction? {
        for index in start..<predictions.count where predictions[index].exchange == exchange {
            let prediction = predictions[index]
            if index == start { start += 1 } else { predictions.remove(at: index) }
            if start == predictions.count { removeAll() }
            return prediction
        }
        return nil
    }

    /// Takes the oldest of those that are left.
    mutating func takeFirst() -> Prediction? {
        guard start < predictions.count else { return nil }
        return take(predictions[start].exchange)
    }

    private mutating func removeAll() {
        predictions.removeAll(keepingCapacity: true)
        start = 0
    }
}
