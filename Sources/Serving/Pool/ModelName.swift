/// What a model may be called: `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`. It is never used as a path.
package enum ModelName {
    package static let rule = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
    package static let bytesMax = 128

    package static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return isValid(bytes.span)
    }

    package static func isValid(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty, name.count <= bytesMax, isAlphanumeric(name[0]) else { return false }
        for index in 1..<name.count {
            switch name[index] {
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): continue
            case let byte: guard isAlphanumeric(byte) else { return false }
            }
        }
        return true
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
