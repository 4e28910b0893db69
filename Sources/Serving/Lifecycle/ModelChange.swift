/// What a PATCH changes of a model that serves. What is nil stays as it is.
package struct ModelChange: Sendable, Hashable {
    /// The version that is to answer where none is asked for.
    package enum Current: Sendable, Hashable {
        case version(Int)
        case alias(String)
        /// The one that answered before the current one, or else the one of the next lower number.
        case previous
    }

    package var current: Current?
    /// Aliases to set, or to remove where there is no number.
    package var aliases: [String: Int?] = [:]
    /// The model is to answer where no model is named.
    package var becomesDefault = false
    package var shadowPolicy: PolicyChange?

    /// What becomes of the model's shadow policy.
    package enum PolicyChange: Sendable, Hashable {
        /// What is nil stays as it is for this model, or for all where it has none of its own.
        case set(action: ShadowPolicy.Action?, labelFlipsMax: Double?, changeMax: Double??)
        /// The model has none of its own any more.
        case remove

        func applied(to policy: ShadowPolicy?, standard: ShadowPolicy) -> ShadowPolicy? {
            guard case .set(let action, let labelFlipsMax, let changeMax) = self else { return nil }
            var changed = policy ?? standard
            if let action { changed.action = action }
            if let labelFlipsMax { changed.labelFlipsMax = labelFlipsMax }
            if let changeMax { changed.changeMax = changeMax }
            return changed
        }
    }

    package init() {}

    /// Aliases of one model.
    package static let aliasesMax = 64

    /// The model with the change, as of a generation.
    /// - Parameter policy: of models that have none of their own.
    /// - Throws: `unknownVersion` where it names one that is not kept.
    func applied(
        to model: StoredModel, generation: Int, policy: ShadowPolicy
    ) throws(PublishError) -> StoredModel {
        var numbers = model.aliases
        for (alias, number) in aliases {
            guard ModelName.isValid(alias) else { throw .invalidName(alias) }
            guard number == nil || !alias.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw .numericAlias(alias)
            }
            if let number, model.version(number) == nil { throw unknown(String(number), of: model) }
            numbers[alias] = number
        }
        guard numbers.count <= Self.aliasesMax else { throw .tooManyAliases(aliasesMax: Self.aliasesMax) }
        let currentNumber: Int
        switch current {
        case nil: currentNumber = model.currentNumber
        case .version(let number)?:
            guard model.version(number) != nil else { throw unknown(String(number), of: model) }
            currentNumber = number
        case .alias(let alias)?:
            guard let number = numbers[alias] else {
                throw .unknownAlias(name: model.name, alias: alias, known: numbers.keys.sorted())
            }
            currentNumber = number
        case .previous?:
            let lower = model.versions.map(\.number).last { $0 < model.currentNumber }
            guard let number = model.previousNumber.flatMap({ model.version($0)?.number }) ?? lower else {
                throw unknown("before \(model.currentNumber)", of: model)
            }
            currentNumber = number
        }
        // A rollback goes back and not to and fro: where it came from is not what the next one goes back to. That one
        // takes the next lower number.
        let previousNumber: Int? =
            if current == .previous { nil } else if currentNumber == model.currentNumber { model.previousNumber } else {
                model.currentNumber
            }
        return StoredModel(
            name: model.name, versions: model.versions, currentNumber: currentNumber,
            previousNumber: previousNumber, highestNumber: model.highestNumber, aliases: numbers,
            shadowPolicy: shadowPolicy.map { $0.applied(to: model.shadowPolicy, standard: policy) }
                ?? model.shadowPolicy,
            generation: generation)
    }

    private func unknown(_ version: String, of model: StoredModel) -> PublishError {
        .unknownVersion(name: model.name, version: version, known: model.versions.map(\.number))
    }
}
