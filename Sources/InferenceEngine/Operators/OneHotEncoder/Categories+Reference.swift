internal import ModelIR
internal import TensorCore

/// Looking up of a category, one after another.
extension OneHotEncoder.Categories {
    /// The place of the missing value among the categories.
    var missingIndex: Int? {
        switch self {
        case .numbers(let values): values.firstIndex { $0.isNaN }
        case .strings(let values): values.firstIndex { $0 == nil }
        }
    }

    /// The place of the category with this text, compared byte for byte.
    func position(ofText text: String) -> Int? {
        guard case .strings(let values) = self else { return nil }
        return values.firstIndex { $0?.utf8.elementsEqual(text.utf8) ?? false }
    }

    /// The place of the category with this value.
    func position(ofNumber number: Double) -> Int? {
        guard case .numbers(let values) = self else { return nil }
        return Self.index(of: number, in: values)
    }

    /// The place of the category that the element of the workspace's numbers or texts is.
    func index(
        ofElement element: Int, row: Int, of rows: borrowing RowBatch, in workspace: Workspace
    ) -> Int? {
        switch self {
        case .numbers(let values): Self.index(of: workspace.doubles[element], in: values)
        case .strings(let values): Self.index(of: workspace.texts[element], in: values, row: row, of: rows)
        }
    }

    private static func index(of value: Double, in categories: [Double]) -> Int? {
        for (index, category) in categories.enumerated()
        where category == value || (category.isNaN && value.isNaN) {
            return index
        }
        return nil
    }

    private static func index(
        of text: TextReference, in categories: [String?], row: Int, of rows: borrowing RowBatch
    ) -> Int? {
        for index in categories.indices {
            let category = categories[index]
            switch text {
            case .missing:
                if category == nil { return index }
            case .constant(let string):
                if let category, category.utf8.elementsEqual(string.utf8) { return index }
            case .input(let column):
                if let category, category.isEqual(to: rows.stringBytes(row: row, column: column)) { return index }
            }
        }
        return nil
    }
}

extension String {
    /// Byte for byte: Swift's `==` would also take canonically equivalent strings for equal.
    func isEqual(to bytes: Span<UInt8>) -> Bool {
        guard utf8.count == bytes.count else { return false }
        var index = 0
        for byte in utf8 {
            if byte != bytes[index] { return false }
            index += 1
        }
        return true
    }
}
