/// CityHash64 of version 1.0, which CatBoost hashes categories with; later versions give other values.
enum CityHash {
    private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
    private static let k1: UInt64 = 0xb492_b66f_be98_f273
    private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f
    private static let k3: UInt64 = 0xc949_d7c7_509e_6557

    static func hash64(_ bytes: Span<UInt8>) -> UInt64 {
        switch bytes.count {
        case 0...16: upTo16(bytes)
        case 17...32: upTo32(bytes)
        case 33...64: upTo64(bytes)
        default: long(bytes)
        }
    }

    private static func upTo16(_ s: Span<UInt8>) -> UInt64 {
        let count = UInt64(s.count)
        if s.count > 8 {
            let a = fetch64(s, 0)
            let b = fetch64(s, s.count - 8)
            return mixed(a, rotated(b &+ count, s.count)) ^ b
        }
        if s.count >= 4 {
            let a = fetch32(s, 0)
            return mixed(count &+ (a << 3), fetch32(s, s.count - 4))
        }
        guard s.count > 0 else { return k2 }
        let y = UInt64(s[0]) &+ UInt64(s[s.count >> 1]) << 8
        let z = count &+ UInt64(s[s.count - 1]) << 2
        return shiftMixed(y &* k2 ^ z &* k3) &* k2
    }

    private static func upTo32(_ s: Span<UInt8>) -> UInt64 {
        let a = fetch64(s, 0) &* k1
        let b = fetch64(s, 8)
        let c = fetch64(s, s.count - 8) &* k2
        let d = fetch64(s, s.count - 16) &* k0
        return mixed(
            rotated(a &- b, 43) &+ rotated(c, 30) &+ d, a &+ rotated(b ^ k3, 20) &- c &+ UInt64(s.count))
    }

    private static func upTo64(_ s: Span<UInt8>) -> UInt64 {
        let n = s.count
        var z = fetch64(s, 24)
        var a = fetch64(s, 0) &+ (UInt64(n) &+ fetch64(s, n - 16)) &* k0
        var b = rotated(a &+ z, 52)
        var c = rotated(a, 37)
        a &+= fetch64(s, 8)
        c &+= rotated(a, 7)
        a &+= fetch64(s, 16)
        let vf = a &+ z
        let vs = b &+ rotated(a, 31) &+ c
        a = fetch64(s, 16) &+ fetch64(s, n - 32)
        z = fetch64(s, n - 8)
        b = rotated(a &+ z, 52)
        c = rotated(a, 37)
        a &+= fetch64(s, n - 24)
        c &+= rotated(a, 7)
        a &+= fetch64(s, n - 16)
        let wf = a &+ z
        let ws = b &+ rotated(a, 31) &+ c
        let r = shiftMixed((vf &+ ws) &* k2 &+ (wf &+ vs) &* k0)
        return shiftMixed(r &* k0 &+ vs) &* k2
    }

    private static func long(_ s: Span<UInt8>) -> UInt64 {
        let n = s.count
        var x = fetch64(s, 0)
        var y = fetch64(s, n - 16) ^ k1
        var z = fetch64(s, n - 56) ^ k0
        var v = weak(s, n - 64, UInt64(n), y)
        var w = weak(s, n - 32, UInt64(n) &* k1, k0)
        z &+= shiftMixed(v.1) &* k1
        x = rotated(z &+ x, 39) &* k1
        y = rotated(y, 33) &* k1
        var offset = 0
        var left = (n - 1) & ~63
        repeat {
            x = rotated(x &+ y &+ v.0 &+ fetch64(s, offset + 16), 37) &* k1
            y = rotated(y &+ v.1 &+ fetch64(s, offset + 48), 42) &* k1
            x ^= w.1
            y ^= v.0
            z = rotated(z ^ w.0, 33)
            v = weak(s, offset, v.1 &* k1, x &+ w.0)
            w = weak(s, offset + 32, z &+ w.1, y)
            swap(&z, &x)
            offset += 64
            left -= 64
        } while left != 0
        return mixed(mixed(v.0, w.0) &+ shiftMixed(y) &* k1 &+ z, mixed(v.1, w.1) &+ x)
    }

    // MARK: Parts

    private static func weak(_ s: Span<UInt8>, _ place: Int, _ a: UInt64, _ b: UInt64) -> (UInt64, UInt64) {
        let z = fetch64(s, place + 24)
        let first = a &+ fetch64(s, place)
        let second = rotated(b &+ first &+ z, 21)
        let sum = first &+ fetch64(s, place + 8) &+ fetch64(s, place + 16)
        return (sum &+ z, second &+ rotated(sum, 44) &+ first)
    }

    private static func mixed(_ low: UInt64, _ high: UInt64) -> UInt64 {
        let factor: UInt64 = 0x9ddf_ea08_eb38_2d69
        var a = (low ^ high) &* factor
        a ^= a >> 47
        var b = (high ^ a) &* factor
        b ^= b >> 47
        return b &* factor
    }

    private static func shiftMixed(_ value: UInt64) -> UInt64 { value ^ value >> 47 }

    private static func rotated(_ value: UInt64, _ count: Int) -> UInt64 {
        count == 0 ? value : value >> UInt64(count) | value << UInt64(64 - count)
    }

    private static func fetch64(_ s: Span<UInt8>, _ place: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(s[place + index]) << UInt64(8 * index) }
        return value
    }

    private static func fetch32(_ s: Span<UInt8>, _ place: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<4 { value |= UInt64(s[place + index]) << UInt64(8 * index) }
        return value
    }
}
