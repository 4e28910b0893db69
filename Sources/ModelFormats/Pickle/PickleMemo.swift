/// What PUT has set. Picklers number from zero upwards, so that an array serves; a hostile index costs one entry of a
/// dictionary and no more.
struct PickleMemo {
    private var dense: [PickleValue] = []
    private var sparse: [Int: PickleValue] = [:]

    var count: Int { dense.count + sparse.count }

    func value(at index: Int) -> PickleValue? {
        index >= 0 && index < dense.count ? dense[index] : sparse[index]
    }

    mutating func set(_ value: PickleValue, at index: Int) {
        if index >= 0, index < dense.count {
            dense[index] = value
        } else if index == dense.count {
            dense.append(value)
            sparse[index] = nil
        } else {
            sparse[index] = value
        }
    }
}
