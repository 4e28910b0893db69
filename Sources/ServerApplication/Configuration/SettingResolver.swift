/// Picks each value from flag, environment and file, in that order.
struct SettingResolver {
    /// A variable's value; nil where it is not set or empty.
    let environment: (String) -> String?
    let file: ConfigurationFile

    func optionalText(
        _ key: String, flag: String? = nil, _ flagName: String = "", variables: [String]
    ) -> Setting<String?> {
        if let flag { return Setting(flag, from: .flag(flagName)) }
        for name in variables {
            if let value = environment(name) { return Setting(value, from: .environment(name)) }
        }
        if let value = file.texts[key] { return Setting(value, from: .file(key: key)) }
        return Setting(nil, from: .standard)
    }

    func text(
        _ key: String, flag: String? = nil, _ flagName: String = "", variables: [String]
    ) throws(ConfigurationError) -> Setting<String>? {
        let setting = optionalText(key, flag: flag, flagName, variables: variables)
        guard let value = setting.value else { return nil }
        guard !value.isEmpty else {
            throw ConfigurationError(key, from: setting.source.description, found: "nothing", expected: "a value")
        }
        return Setting(value, from: setting.source)
    }

    func optionalInteger(
        _ key: String, flag: Int? = nil, _ flagName: String = "", variables: [String], in range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Setting<Int?> {
        let setting = optionalText(key, flag: flag.map { String($0) }, flagName, variables: variables)
        guard let text = setting.value else { return Setting(nil, from: .standard) }
        guard let value = Int(text), range.contains(value) else {
            throw ConfigurationError(
                key, from: setting.source.description, found: "\"\(text)\"",
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Setting(value, from: setting.source)
    }

    func integer(
        _ key: String, flag: Int? = nil, _ flagName: String = "", variables: [String], in range: ClosedRange<Int>,
        standard: Int
    ) throws(ConfigurationError) -> Setting<Int> {
        let setting = try optionalInteger(key, flag: flag, flagName, variables: variables, in: range)
        return Setting(setting.value ?? standard, from: setting.source)
    }

    /// A list: a repeated flag, a variable with commas, or an array in the file.
    func list(_ key: String, flag: [String], _ flagName: String, variable: String) -> Setting<[String]> {
        if !flag.isEmpty { return Setting(flag, from: .flag(flagName)) }
        if let text = environment(variable) {
            let parts = text.split(separator: ",").map { String($0.drop { $0 == " " }.trimmingEnd()) }
            return Setting(parts.filter { !$0.isEmpty }, from: .environment(variable))
        }
        if let list = file.lists[key] { return Setting(list, from: .file(key: key)) }
        return Setting([], from: .standard)
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
