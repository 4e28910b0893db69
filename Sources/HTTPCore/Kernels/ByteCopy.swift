extension Array<UInt8> {
    /// Appends a copy of `bytes`; one memcpy, no allocation where there is room.
    @inline(__always)
    mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Appends a copy of `bytes[range]`.
    @inline(__always)
    mutating func append(copying bytes: Span<UInt8>, _ range: Range<Int>) {
        append(copying: bytes.extracting(range))
    }
}

extension Span<UInt8> {
    /// The bytes as text; what is not UTF-8 becomes U+FFFD. Allocates: for cold paths.
    package var text: String {
        unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Whether the bytes are those of `text`, letter by letter.
    package func equals(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { other in
            guard other.count == count else { return false }
            for index in 0..<count where self[index] != (unsafe other[index]) { return false }
            return true
        }
    }

    /// Whether the bytes are those of `lowercased` but for the case of ASCII letters.
    package func equalsIgnoringCase(_ lowercased: StaticString) -> Bool {
        lowercased.withUTF8Buffer { other in
            guard other.count == count else { return false }
            for index in 0..<count where asciiLowercased(self[index]) != (unsafe other[index]) { return false }
            return true
        }
    }
}

/// `byte` with an ASCII capital made small.
@inline(__always)
package func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
}

extension Array<UInt8> {
    /// Overwrites the first elements with `bytes`, growing where there are fewer.
    @inline(__always)
    mutating func overwrite(with bytes: Span<UInt8>) {
        if count < bytes.count { append(contentsOf: [UInt8](repeating: 0, count: bytes.count - count)) }
        unsafe withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                unsafe to.copyMemory(from: from, byteCount: source.count)
            }
        }
    }
}

extension Array<UInt8> {
    /// Overwrites the elements from `start` on with `bytes`, growing where there are fewer.
    ///
    /// - Returns: the index behind them.
    @inline(__always)
    mutating func overwrite(from start: Int, with bytes: Span<UInt8>) -> Int {
        let end = start + bytes.count
        if count < end { append(contentsOf: [UInt8](repeating: 0, count: Swift.max(end, count * 2) - count)) }
        unsafe withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                guard let to = target.baseAddress, let from = source.baseAddress else { return }
                unsafe (to + start).copyMemory(from: from, byteCount: source.count)
            }
        }
        return end
    }
}
