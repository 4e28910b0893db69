/// Field names to numbers, eight letters at a time.
///
/// Each known name is kept as words of eight bytes, with a mask of the bit 0x20 under its letters: a name on the wire
/// is the same but for case where it differs under the mask only. (Setting 0x20 everywhere instead would take a CR
/// for a hyphen.)
@safe
final class FieldNameMatch: Sendable {
    /// No known field.
    static let none = UInt8.max
    /// The one table.
    static let shared = FieldNameMatch()

    private static let lengthMax = 40
    private static let wordsPerName = lengthMax / 8

    private struct Word {
        var letters: UInt64
        /// Bits that have to agree; none behind the name's end.
        var mask: UInt64
    }

    @unsafe private struct Tables {
        let words: UnsafeMutablePointer<Word>
        let fields: UnsafeMutablePointer<UInt8>
        /// `firsts[n]..<firsts[n + 1]` are the names of length `n`.
        let firsts: UnsafeMutablePointer<Int>
    }

    // Filled in init and never changed, so any thread may read it.
    nonisolated(unsafe) private let tables: Tables

    private init() {
        let names = KnownField.allCases.sorted { $0.name.utf8.count < $1.name.utf8.count }
        precondition(names.allSatisfy { $0.name.utf8.count <= FieldNameMatch.lengthMax }, "a known name is too long")
        let words = UnsafeMutablePointer<Word>.allocate(capacity: names.count * FieldNameMatch.wordsPerName)
        unsafe words.initialize(repeating: Word(letters: 0, mask: 0), count: names.count * FieldNameMatch.wordsPerName)
        let fields = UnsafeMutablePointer<UInt8>.allocate(capacity: names.count)
        let firsts = UnsafeMutablePointer<Int>.allocate(capacity: FieldNameMatch.lengthMax + 2)
        for length in 0...FieldNameMatch.lengthMax + 1 {
            unsafe (firsts + length).initialize(to: names.firstIndex { $0.name.utf8.count >= length } ?? names.count)
        }
        for (place, field) in names.enumerated() {
            unsafe (fields + place).initialize(to: field.rawValue)
            for (offset, letter) in field.name.utf8.enumerated() {
                let shift = UInt64(offset & 7) * 8
                let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                let word = unsafe words + (place * FieldNameMatch.wordsPerName + offset / 8)
                unsafe word.pointee.letters |= UInt64(letter) << shift
                unsafe word.pointee.mask |= (isLetter ? 0xDF : 0xFF) << shift
            }
        }
        unsafe tables = Tables(words: words, fields: fields, firsts: firsts)
    }

    /// The number of the field named `bytes[start..<end]`, whatever its case, or ``none``.
    @inline(__always)
    func lookup(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> UInt8 {
        precondition(start >= 0 && start <= end && end <= bytes.count)
        let length = end &- start
        guard length <= FieldNameMatch.lengthMax else { return FieldNameMatch.none }
        return unsafe bytes.withUnsafeBytes { raw in
            var place = unsafe tables.firsts[length]
            let stop = unsafe tables.firsts[length &+ 1]
            while place < stop {
                if unsafe matches(raw, start, length, place) { return unsafe tables.fields[place] }
                place &+= 1
            }
            return FieldNameMatch.none
        }
    }

    @inline(__always)
    private func matches(_ raw: UnsafeRawBufferPointer, _ start: Int, _ length: Int, _ place: Int) -> Bool {
        var word = unsafe tables.words + place &* FieldNameMatch.wordsPerName
        var offset = 0
        while offset < length {
            var letters: UInt64 = 0
            if start &+ offset &+ 8 <= raw.count {
                letters = unsafe UInt64(
                    littleEndian: raw.loadUnaligned(fromByteOffset: start &+ offset, as: UInt64.self))
            } else {
                // The last bytes of the input: no word may be read beyond them.
                for index in 0..<min(8, length &- offset) {
                    letters |= unsafe UInt64(raw[start &+ offset &+ index]) << UInt64(index &* 8)
                }
            }
            if unsafe (letters ^ word.pointee.letters) & word.pointee.mask != 0 { return false }
            unsafe word += 1
            offset &+= 8
        }
        return true
    }
}
