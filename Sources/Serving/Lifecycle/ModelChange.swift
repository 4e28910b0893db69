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
    package var shadowPolicy: ShadowPolicy?

    package init() {}

    /// Aliases of one model.
    package static let aliasesMax = 64

    /// The model with the change, as of a generation.
    /// - Throws: `unknownVersion` where it names one that is not kept.
    func applied(to model: StoredModel, generation: Int) throws(PublishError) -> StoredModel {
        var numbers = model.aliases
        for (alias, number) in aliases {
            guard ModelName.isValid(alias) else { throw .invalidName(alias) }
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
            guard let number = numbers[alias] else { throw unknown(alias, of: model) }
            currentNumber = number
        case .previous?:
            let lower = model.versions.map(\.number).last { $0 < model.currentNumber }
            guard let number = model.previousNumber.flatMap({ model.version($0)?.number }) ?? lower else {
                throw unknown("before \(model.currentNumber)", of: model)
            }
            currentNumber = number
        }
        // A rollback goes back and not to and fro: where it came from is no place to go back to.
        let previousNumber: Int? =
            if current == .previous { nil } else if currentNumber == model.currentNumber { model.previousNumber } else {
                model.currentNumber
            }
        return StoredModel(
            name: model.name, versions: model.versions, currentNumber: currentNumber,
            previousNumber: previousNumber, highestNumber: model.highestNumber, aliases: numbers,
            shadowPolicy: shadowPolicy ?? model.shadowPolicy,
            generation: generation)
    }

    private func unknown(_ version: String, of model: StoredModel) -> PublishError {
        .unknownVersion(name: model.name, version: version, known: model.versions.map(\.number))
    }
}
