internal import ByteCoding
internal import InferenceAPI
internal import Serving

/// The body of `PATCH /models/{m}`:
///
///     {"version": 2}                                    a number, or an alias
///     {"rollback": true}                                the version before the current one
///     {"aliases": {"champion": 3, "canary": null}}      set one, remove one
///     {"default": true}
///     {"shadow_policy": {"action": "refuse", "label_flips_max": 0.01, "change_max": 0.5}}, of which any may be left
///     out, or null for none
///
/// Members may stand together: all of it happens at once, or nothing.
enum ModelChangeBody {
    private static let keys = ["version", "rollback", "aliases", "default", "shadow_policy"]

    static func decode(_ bytes: Span<UInt8>) throws(InferenceError) -> ModelChange {
        do {
            var reader = JSONReader(bytes)
            return try read(&reader)
        } catch let error as JSONError {
            throw .malformed(
                InferenceProblem(
                    pointer: "", detail: "\(error.reason.found) at byte \(error.offset)",
                    expected: error.reason.expected, found: error.reason.found, offset: error.offset))
        } catch let error as InferenceError {
            throw error
        } catch {
            throw .malformed(InferenceProblem(pointer: "", detail: "the body is not a change of a model"))
        }
    }

    private static func read(_ reader: inout JSONReader) throws -> ModelChange {
        guard try reader.peek() == .object else { throw problem("", "another value", "a JSON object") }
        var change = ModelChange()
        var seen: Set<String> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(key)
            let pointer = "/" + name.prefix(64)
            guard seen.insert(name).inserted else { throw problem(pointer, "the member a second time", "one of it") }
            switch name {
            case "version":
                guard change.current == nil else { throw problem(pointer, "a second version", "version or rollback") }
                switch try reader.peek() {
                case .number: change.current = .version(Int(try reader.readInt64()))
                case .string: change.current = .alias(reader.string(try reader.readString()))
                default: throw problem(pointer, "another value", "a number or an alias")
                }
            case "rollback":
                guard try reader.peek() == .bool, try reader.readBool(), change.current == nil else {
                    throw problem(pointer, "another value, or a version beside it", "true")
                }
                change.current = .previous
            case "aliases": try readAliases(&reader, into: &change)
            case "default":
                guard try reader.peek() == .bool, try reader.readBool() else {
                    throw problem(pointer, "another value", "true; make another model the default instead")
                }
                change.becomesDefault = true
            case "shadow_policy": change.shadowPolicy = try readPolicy(&reader)
            default:
                throw problem(pointer, "a member that is not known", "one of \(keys.joined(separator: ", "))")
            }
        }
        try reader.finish()
        guard change != ModelChange() else {
            throw problem("", "nothing to change", "one of \(keys.joined(separator: ", "))")
        }
        return change
    }

    private static func readAliases(_ reader: inout JSONReader, into change: inout ModelChange) throws {
        guard try reader.peek() == .object else {
            throw problem("/aliases", "another value", "an object of names and versions")
        }
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(key)
            guard change.aliases[name] == nil else {
                throw problem("/aliases/" + name.prefix(64), "the alias a second time", "one of it")
            }
            switch try reader.peek() {
            case .number: change.aliases[name] = .some(Int(try reader.readInt64()))
            case .null:
                try reader.readNull()
                change.aliases[name] = .some(nil)
            default: throw problem("/aliases/" + name.prefix(64), "another value", "the number of a version, or null")
            }
            guard change.aliases.count <= ModelChange.aliasesMax else {
                throw problem("/aliases", "too many aliases", "at most \(ModelChange.aliasesMax)")
            }
        }
    }

    private static func readPolicy(_ reader: inout JSONReader) throws -> ModelChange.PolicyChange {
        let actions = ShadowPolicy.Action.allCases.map(\.rawValue).joined(separator: ", ")
        if try reader.peek() == .null {
            try reader.readNull()
            return .remove
        }
        guard try reader.peek() == .object else {
            throw problem("/shadow_policy", "another value", "an object, or null")
        }
        var chosen: ShadowPolicy.Action?
        var labelFlipsMax: Double?
        var changeMax: Double??
        var seen: Set<String> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(key)
            let pointer = "/shadow_policy/" + name.prefix(64)
            guard seen.insert(name).inserted else { throw problem(pointer, "the member a second time", "one of it") }
            switch name {
            case "action":
                guard try reader.peek() == .string else { throw problem(pointer, "another value", "one of \(actions)") }
                let text = reader.string(try reader.readString())
                guard let action = ShadowPolicy.Action(rawValue: text) else {
                    throw problem(pointer, "\"\(text.prefix(64))\"", "one of \(actions)")
                }
                chosen = action
            case "label_flips_max":
                let share = try reader.peek() == .number ? try reader.readDouble() : -1
                guard share >= 0, share <= 1 else { throw problem(pointer, "another value", "a share from 0 to 1") }
                labelFlipsMax = share
            case "change_max":
                if try reader.peek() == .null {
                    try reader.readNull()
                    changeMax = .some(nil)
                    continue
                }
                let change = try reader.peek() == .number ? try reader.readDouble() : -1
                guard change >= 0 else { throw problem(pointer, "another value", "a number of 0 or more, or null") }
                changeMax = change
            default:
                throw problem(pointer, "a member that is not known", "action, label_flips_max or change_max")
            }
        }
        return .set(action: chosen, labelFlipsMax: labelFlipsMax, changeMax: changeMax)
    }

    private static func problem(_ pointer: String, _ found: String, _ expected: String) -> InferenceError {
        .malformed(
            InferenceProblem(
                pointer: pointer, detail: "the change of a model cannot be read: \(found); expected: \(expected)",
                expected: expected, found: found))
    }
}
