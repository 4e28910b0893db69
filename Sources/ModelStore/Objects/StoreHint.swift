/// `manifests/latest.json`, a store's hint at its newest generation: `{"generation": 7}`.
///
/// A help for those who cannot list, and never the truth: two writers may write it in the wrong order, and one that is
/// killed not at all. Whoever reads it goes on from there, to the first generation that is not there.
enum StoreHint {
    static let name = "latest.json"
    static let bytesMax = 4096

    static func encode(_ generation: Int) -> [UInt8] { Array("{\"generation\": \(generation)}\n".utf8) }

    /// nil for what is no hint.
    static func decode(_ bytes: [UInt8]) -> Int? {
        FlatJSON.values(of: bytes)["generation"].flatMap { Int($0) }.flatMap {
            (1...ManifestCoding.numberMax).contains($0) ? $0 : nil
        }
    }
}

/// The names of manifests: 16 digits and `.json`, in every kind of store.
enum ManifestName {
    private static let digitCount = 16

    static func text(_ generation: Int) -> String {
        let digits = String(generation)
        return String(repeating: "0", count: max(0, digitCount - digits.utf8.count)) + digits + ".json"
    }

    /// nil for names that are not of manifests.
    static func generation(_ name: some StringProtocol) -> Int? {
        guard name.hasSuffix(".json") else { return nil }
        let digits = name.dropLast(5)
        guard digits.utf8.count == digitCount, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }
}
