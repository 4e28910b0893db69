/// The version numbers of models that are gone: a name that comes back goes on counting where it was, so that no number
/// of a name ever stands for two models.
///
/// Of the names that were removed last the highest number of each is kept. Older ones are folded into one number, the
/// floor: a name of which nothing is known begins above it, which is above whatever it may have had.
package struct RetiredNumbers: Sendable, Hashable {
    package struct Entry: Sendable, Hashable {
        package let name: String
        /// Numbers up to this one have been given out.
        package let highest: Int

        package init(name: String, highest: Int) {
            self.name = name
            self.highest = highest
        }
    }

    /// Names that are kept one by one: some 10 KB of a manifest.
    package static let entriesMax = 256

    /// In the order of their removal, the last one last; a name stands once.
    package private(set) var entries: [Entry]
    /// The highest number of all names that are not kept any more; 0 for none.
    package private(set) var floor: Int

    package static let none = RetiredNumbers()

    /// - Parameter entries: in the order of their removal; of more than `entriesMax` the first are folded.
    package init(entries: [Entry] = [], floor: Int = 0) {
        self.entries = []
        self.floor = floor
        for entry in entries { note(entry.name, highest: entry.highest) }
    }

    /// The highest number that may have been given out to a name that is not there now.
    package func highest(of name: String) -> Int { kept(name) ?? floor }

    /// The highest number that may have been given out to a name.
    /// - Parameter manifest: the newest one, which may have the name.
    package func highest(of name: String, in manifest: StoreManifest?) -> Int {
        guard let model = manifest?.model(named: name) else { return highest(of: name) }
        return max(model.highestNumber, kept(name) ?? 0)
    }

    private func kept(_ name: String) -> Int? { entries.first { $0.name == name }?.highest }

    /// A model is gone, and had numbers up to this one.
    mutating func note(_ name: String, highest: Int) {
        let before = kept(name) ?? 0
        entries.removeAll { $0.name == name }
        entries.append(Entry(name: name, highest: max(highest, before)))
        guard entries.count > Self.entriesMax else { return }
        floor = max(floor, entries.removeFirst().highest)
    }

    /// The name is there again and counts on.
    mutating func forget(_ name: String) { entries.removeAll { $0.name == name } }

    /// After a change of one model.
    /// - Parameters:
    ///   - changed: the model then; nil where it goes.
    ///   - manifest: the one before the change.
    func after(_ changed: StoredModel?, named name: String, in manifest: StoreManifest?) -> RetiredNumbers {
        var next = self
        if let changed {
            if changed.highestNumber >= kept(name) ?? 0 { next.forget(name) }
        } else if let model = manifest?.model(named: name) {
            next.note(name, highest: model.highestNumber)
        }
        return next
    }

    /// Takes over what a manifest tells, and what it should tell: a server that knows nothing of these numbers may have
    /// written it, and may have removed models and begun them anew; or the store may have been put back to what it was.
    /// - Parameter before: the manifest that was known until now.
    mutating func take(_ manifest: StoreManifest, after before: StoreManifest?) {
        let known = entries
        let ours = floor
        self = manifest.retired
        floor = max(floor, ours)
        let there = Dictionary(
            manifest.models.map { ($0.name, $0.highestNumber) }, uniquingKeysWith: max)
        for entry in known { keep(entry.name, entry.highest, there[entry.name]) }
        guard let before else { return }
        for model in before.models { keep(model.name, model.highestNumber, there[model.name]) }
        // One that has come with a number that the floor covers may have had it before.
        let old = Set(before.models.map(\.name))
        for model in manifest.models where !old.contains(model.name) { keep(model.name, ours, there[model.name]) }
    }

    /// A name has had numbers up to this one.
    /// - Parameter there: the highest that the manifest tells of it; nil where it does not have it: the floor counts.
    private mutating func keep(_ name: String, _ highest: Int, _ there: Int?) {
        guard max(there ?? floor, kept(name) ?? 0) < highest else { return }
        note(name, highest: highest)
    }
}
