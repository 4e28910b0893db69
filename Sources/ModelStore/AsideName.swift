internal import Serving

/// The name of a blob that a collector has put aside, beside those of the others: `<digest>-<unique>`.
///
/// No manifest named it. If one names it after all, since its writer came in between, it is given back, and until then
/// whoever misses it finds it here. Such a name is never used twice, so that what has been found out of it stays true
/// until it is removed; the name of a blob may be a new writer's at any time.
enum AsideName {
    static func text(_ digest: ContentDigest, _ unique: String) -> String { digest.hex + "-" + unique }

    /// nil for other names, also for a blob's own.
    static func digest(_ name: some StringProtocol) -> ContentDigest? {
        guard let dash = name.firstIndex(of: "-") else { return nil }
        return ContentDigest(hex: String(name[..<dash]))
    }
}
