internal import ModelIR
internal import TensorCore

/// Finds a category's number by its text or its value: a hash table, and an exact comparison of what it finds.
struct CategoryTable: Sendable {
    /// Where a category stands: open addressing with linear probing, at most half full; -1 is an empty place.
    private let places: [Int32]
    /// The hash of each category.
    private let hashes: [UInt64]
    /// The texts of all categories, one after the other, and where each begins; both empty for numbers.
    private let texts: [UInt8]
    private let textStarts: [Int32]
    /// The number of the missing value among the categories.
    let missingCategory: Int?

    /// - Returns: nil if the texts do not fit 31-bit offsets.
    init?(_ categories: OneHotEncoder.Categories) {
        var texts: [UInt8] = []
        var textStarts: [Int32] = []
        var hashes: [UInt64] = []
        var missingCategory: Int?
        switch categories {
        case .strings(let strings):
            textStarts.append(0)
            for (index, string) in strings.enumerated() {
                let bytes = Array((string ?? "").utf8)
                texts += bytes
                guard texts.count <= Int(Int32.max) else { return nil }
                textStarts.append(Int32(texts.count))
                hashes.append(TextHash.hash(bytes.span))
                if string == nil, missingCategory == nil { missingCategory = index }
            }
        case .numbers(let numbers):
            for (index, number) in numbers.enumerated() {
                hashes.append(Self.bits(number))
                if number.isNaN, missingCategory == nil { missingCategory = index }
            }
        }
        guard hashes.count <= 1 << 28 else { return nil }
        var size = 4
        while size < hashes.count * 2 { size *= 2 }
        var places = [Int32](repeating: -1, count: size)
        for index in hashes.indices {
            var isMissing = false
            switch categories {
            case .strings(let strings): isMissing = strings[index] == nil
            case .numbers(let numbers): isMissing = numbers[index].isNaN
            }
            if isMissing { continue }
            // Equal categories stand in order in their run of places, so that the first is found.
            var place = Self.firstPlace(hashes[index], mask: size - 1)
            while places[place] >= 0 { place = (place + 1) & (size - 1) }
            places[place] = Int32(index)
        }
        self.places = places
        self.hashes = hashes
        self.texts = texts
        self.textStarts = textStarts
        self.missingCategory = missingCategory
    }

    var byteCount: Int { places.count * 4 + hashes.count * 8 + texts.count + textStarts.count * 4 }

    /// The number of the category with this text, compared byte for byte.
    func category(ofText text: Span<UInt8>) -> Int? {
        let hash = TextHash.hash(text)
        let mask = places.count - 1
        var place = Self.firstPlace(hash, mask: mask)
        while true {
            let candidate = Int(places[place])
            if candidate < 0 { return nil }
            if hashes[candidate] == hash {
                let known = Int(textStarts[candidate])..<Int(textStarts[candidate + 1])
                if TextHash.areEqual(texts.span.extracting(known), text) { return candidate }
            }
            place = (place + 1) & mask
        }
    }

    /// The number of the category with this value, which is not NaN.
    func category(ofNumber number: Double) -> Int? {
        let bits = Self.bits(number)
        let mask = places.count - 1
        var place = Self.firstPlace(bits, mask: mask)
        while true {
            let candidate = Int(places[place])
            if candidate < 0 { return nil }
            if hashes[candidate] == bits { return candidate }
            place = (place + 1) & mask
        }
    }

    /// Numbers are their own hash: their bits, with one zero.
    private static func bits(_ number: Double) -> UInt64 { (number + 0).bitPattern }

    private static func firstPlace(_ hash: UInt64, mask: Int) -> Int {
        Int(truncatingIfNeeded: TextHash.mix(hash)) & mask
    }
}
