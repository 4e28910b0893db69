/// Holds answers, however they came, to what the simulation knows: which model served when, and what was asked.
final class AnswerJudge {
    private let simulation: Simulation
    private let number: Int
    private var world: World { simulation.world }
    private var uploads: [(model: String, number: Int, isPublished: Bool)] = []

    /// - Parameter number: the client's.
    init(_ simulation: Simulation, number: Int) {
        self.simulation = simulation
        self.number = number
    }

    /// Judges a whole answer.
    /// - Returns: what is wrong with it.
    func judge(_ status: Int, _ body: [UInt8], _ request: PlannedRequest) -> String? {
        simulation.answerCount += 1
        func isOneOf(_ statuses: Set<Int>) -> String? {
            statuses.contains(status)
                ? nil : "\(status) to \(request.name): \(String(decoding: body, as: UTF8.self))"
        }
        switch request.kind {
        case .prediction(let model, let number, let rows, let isSingle):
            if status == 404 { return judgeAbsence(model, request) }
            if status == 503, simulation.settings.isComputeTight { return nil }
            return isOneOf([200]) ?? judgePrediction(body, model, number, rows, isSingle, request)
        case .plain(let statuses):
            if request.isHead, !body.isEmpty { return "a body answers HEAD" }
            return isOneOf(statuses)
        case .badUpload(let statuses), .malformed(let statuses): return isOneOf(statuses)
        case .upload(let model, let number, let condition):
            return judgeUpload(status, model, number, condition, request)
        case .removal(let model): return judgeRemoval(status, model, request)
        case .call: return isOneOf([200])
        case .brokenStream: return isOneOf([])
        }
    }

    /// The server has said that it has done nothing of a request.
    func wasRefused(_ request: PlannedRequest) {
        if case .upload(let model, let number, _) = request.kind { uploads.append((model, number, false)) }
    }

    private func judgeAbsence(_ model: String, _ request: PlannedRequest) -> String? {
        if !simulation.ledger.was(model, nil, from: request.firstStep, to: world.step) {
            return "404 to \(request.name), which was there"
        }
        return nil
    }

    private func judgePrediction(
        _ body: [UInt8], _ model: String, _ number: Int, _ rows: Int, _ isSingle: Bool, _ request: PlannedRequest
    ) -> String? {
        var text = String(decoding: body, as: UTF8.self)
        while text.last == "\n" { text.removeLast() }
        let start = isSingle ? "{\"prediction\":" : "{\"predictions\":["
        let end = isSingle ? "}" : "]}"
        guard text.hasPrefix(start), text.hasSuffix(end) else { return "\(request.name) is answered \(text)" }
        let values = text.dropFirst(start.count).dropLast(end.count).split(separator: ",").map { Double($0) ?? -1 }
        guard values.count == rows, let first = values.first else {
            return "\(request.name) is answered by \(values.count) rows"
        }
        let used = SimulatedModel.model(of: first)
        for (row, value) in values.enumerated()
        where value != SimulatedModel.answer(model: used, request: number, row: row) {
            return "row \(row) of \(request.name) is \(value), with model \(used)"
        }
        if !simulation.ledger.was(model, used, from: request.firstStep, to: world.step) {
            return "\(request.name) is answered by model \(used), which did not serve then"
        }
        return nil
    }

    private func judgeUpload(
        _ status: Int, _ model: String, _ number: Int, _ condition: PlannedRequest.Condition, _ request: PlannedRequest
    ) -> String? {
        let ledger = simulation.ledger
        let wasAbsent = ledger.was(model, nil, from: request.firstStep, to: world.step)
        let wasThere = ledger.wasThere(model, from: request.firstStep, to: world.step)
        switch status {
        case 200, 201:
            uploads.append((model, number, true))
            if !ledger.everServed(model, number) { return "\(request.name) is not served" }
            if status == 201, !wasAbsent { return "\(request.name) is new, and was there" }
            if case .mustExist = condition, !wasThere { return "\(request.name) met If-Match without a model" }
            if case .mustNotExist = condition, !wasAbsent { return "\(request.name) replaced a model" }
        case 412:
            uploads.append((model, number, false))
            switch condition {
            case .none: return "412 to \(request.name), which has no condition"
            case .mustExist: if !wasAbsent { return "412 to \(request.name), which was there" }
            case .mustNotExist:
                if !ledger.wasThere(model, from: request.firstStep, to: world.step) {
                    return "412 to \(request.name), which was not there"
                }
            }
        case 503, 507, 409: uploads.append((model, number, false))
        default: return "\(status) to \(request.name)"
        }
        return nil
    }

    private func judgeRemoval(_ status: Int, _ model: String, _ request: PlannedRequest) -> String? {
        switch status {
        case 204:
            if !simulation.ledger.wasThere(model, from: request.firstStep, to: world.step) {
                return "204 to \(request.name), which was not there"
            }
        case 404: return judgeAbsence(model, request)
        case 503, 507, 409: break
        default: return "\(status) to \(request.name)"
        }
        return nil
    }

    /// Uploads whose answers said no must not have been published.
    func checkUploads() {
        for upload in uploads where !upload.isPublished && simulation.ledger.everServed(upload.model, upload.number) {
            world.fail("client \(number): model \(upload.number) was refused, and served")
        }
    }
}
