internal import CKernels

/// Buckets of the slots' thresholds, by which a rank is found in one look at eight of them. See ranked_forest.h.
///
/// A bucket is found by the same steps in single precision as the kernels take, so that both agree to the last bit.
struct RankedBuckets {
    private(set) var packed: [vencejo_ranked_buckets] = []
    private(set) var starts: [UInt8] = []
    /// One a slot.
    private(set) var isBucketed: [Bool]

    private static let width = Int(VENCEJO_RANKED_BUCKETS)
    private static let countMin = 32
    private static let countMax = 1024

    /// One slot's.
    private struct Buckets {
        let lowest: Float
        let scale: Float
        let starts: [UInt8]
    }

    /// - Parameter slots: those of the tables, as they are packed.
    init(_ tables: RankedTables, _ slots: [vencejo_ranked_slot]) {
        isBucketed = [Bool](repeating: false, count: tables.slots.count)
        var places: [(slot: Int, buckets: Buckets)] = []
        for (index, slot) in tables.slots.enumerated() {
            guard let buckets = Self.find(slot.thresholds.map { Float($0) }) else { continue }
            isBucketed[index] = true
            places.append((index, buckets))
        }
        guard let last = places.last else { return }
        while places.count % Self.width != 0 { places.append(last) }
        var firstStarts: [Int: Int] = [:]
        for first in stride(from: 0, to: places.count, by: Self.width) {
            var eight = vencejo_ranked_buckets()
            for place in 0..<Self.width {
                let (index, buckets) = places[first + place]
                let firstStart = firstStarts[index] ?? starts.count
                if firstStarts[index] == nil {
                    firstStarts[index] = firstStart
                    starts += buckets.starts
                }
                let slot = slots[index]
                Self.set(&eight.lowest, place, buckets.lowest)
                Self.set(&eight.scale, place, buckets.scale)
                Self.set(&eight.last, place, Float(buckets.starts.count - 1))
                Self.set(&eight.column, place, slot.column)
                Self.set(&eight.slot, place, UInt32(index))
                Self.set(&eight.starts, place, UInt32(firstStart))
                Self.set(&eight.thresholds, place, slot.thresholds + (slot.threshold_count > 16 ? 16 : 0))
                Self.set(&eight.exact_thresholds, place, slot.exact_thresholds)
            }
            packed.append(eight)
        }
    }

    /// - Returns: nil if there are too many thresholds in one bucket, however many buckets there are.
    private static func find(_ thresholds: [Float]) -> Buckets? {
        guard let lowest = thresholds.first, let highest = thresholds.last, thresholds.count <= 255,
            (highest - lowest).isFinite
        else { return nil }
        var count = countMin
        while count <= countMax {
            // Of one threshold, or of some that are all alike, any scale is right.
            let scale = highest > lowest ? Float(count) / (highest - lowest) : 1
            if scale.isFinite, let starts = starts(thresholds, lowest: lowest, scale: scale, count: count) {
                return Buckets(lowest: lowest, scale: scale, starts: starts)
            }
            count *= 2
        }
        return nil
    }

    private static func starts(_ thresholds: [Float], lowest: Float, scale: Float, count: Int) -> [UInt8]? {
        var sizes = [Int](repeating: 0, count: count)
        for threshold in thresholds {
            let place = (threshold - lowest) * scale
            let bucket = Int(min(max(place, 0), Float(count - 1)))
            sizes[bucket] += 1
            // In float32 some of them may have become one; they are passed together.
            if sizes[bucket] > width { return nil }
        }
        var starts: [UInt8] = []
        var next = 0
        for size in sizes {
            starts.append(UInt8(next))
            next += size
        }
        return starts
    }

    /// Sets an element of an array of C.
    private static func set<Tuple: BitwiseCopyable, Element: BitwiseCopyable>(
        _ tuple: inout Tuple, _ index: Int, _ value: Element
    ) {
        precondition(index >= 0 && (index + 1) * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
        unsafe withUnsafeMutableBytes(of: &tuple) { bytes in
            unsafe bytes.storeBytes(of: value, toByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
        }
    }
}
